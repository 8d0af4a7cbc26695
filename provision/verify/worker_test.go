package verify

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func healthBody(build string) string {
	return fmt.Sprintf(`{"service":"cfproxy","version":"1.2.3","build":%q,"providers":["openai"],"colo":null}`, build)
}

func TestWorker(t *testing.T) {
	t.Parallel()
	const other = "fedcba9876543210"
	tests := map[string]struct {
		handler http.HandlerFunc
		wanted  string
		code    string
		want    map[string]string
	}{
		"ours": {respond(200, healthBody(testBuild), BuildHeader, testBuild, "Cf-Ray", "8f2-HKG", "Cf-Placement", "local-HKG"), "", CodeWorkerOurs,
			map[string]string{"build": testBuild, "version": "1.2.3", "providers": "openai", "colo": "HKG", "placement": "local-HKG"}},
		"ours, wanted build": {respond(200, healthBody(testBuild), BuildHeader, testBuild), testBuild, CodeWorkerOurs,
			map[string]string{"build": testBuild, "version": "1.2.3", "providers": "openai"}},
		"other build": {respond(200, healthBody(other), BuildHeader, other), testBuild, CodeWorkerOtherBuild,
			map[string]string{"wanted": testBuild, "got": other, "version": "1.2.3"}},
		"header and JSON differ": {respond(200, healthBody(other), BuildHeader, testBuild), testBuild, CodeWorkerBuildMismatch,
			map[string]string{"header": testBuild, "body": other}},
		"no build header": {respond(200, healthBody(testBuild), "Server", "nginx", "Content-Type", "application/json"), testBuild, CodeWorkerNotOurs,
			map[string]string{"status": "200", "server": "nginx", "content_type": "application/json"}},
		"another site": {respond(200, "<html><head><title>Welcome to\n nginx!</title>", "Server", "nginx", "Content-Type", "text/html"), "", CodeWorkerNotOurs,
			map[string]string{"status": "200", "server": "nginx", "content_type": "text/html", "title": "Welcome to nginx!"}},
		"another site's redirect": {respond(301, "", "Location", "https://www.example.com/", "Content-Type", "text/html"), "", CodeWorkerNotOurs,
			map[string]string{"status": "301", "content_type": "text/html", "location": "https://www.example.com/"}},
		"not a build":         {respond(200, healthBody(testBuild), BuildHeader, "1.2.3", "Content-Type", "a/b"), "", CodeWorkerNotOurs, map[string]string{"status": "200", "content_type": "a/b", "mark": "1.2.3"}},
		"build in upper case": {respond(200, healthBody(testBuild), BuildHeader, strings.ToUpper(testBuild), "Content-Type", "a/b"), "", CodeWorkerNotOurs, nil},
		"not health":          {respond(404, "nothing here", BuildHeader, testBuild, "Content-Type", "text/plain"), "", CodeWorkerHealthMalformed, map[string]string{"build": testBuild, "status": "404", "content_type": "text/plain", "excerpt": "nothing here"}},
		"no service":          {respond(200, `{"build":"`+testBuild+`"}`, BuildHeader, testBuild), "", CodeWorkerHealthMalformed, nil},
		"array":               {respond(200, `[1]`, BuildHeader, testBuild), "", CodeWorkerHealthMalformed, nil},
		"binary junk":         {respond(200, "\x00\xff\x1b[2J\u202e\u2028", BuildHeader, testBuild, "Content-Type", "a/b"), "", CodeWorkerHealthMalformed, map[string]string{"build": testBuild, "status": "200", "content_type": "a/b", "excerpt": "[2J"}},
		"error of the Worker": {respond(500, `{"error":{"message":"x","type":"cfproxy_error","param":null,"code":"bad_providers"}}`, BuildHeader, testBuild), "", CodeRelayError,
			map[string]string{"error_code": "bad_providers", "status": "500"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := newTestRelay(t, test.handler)
			relay.target.Build = test.wanted
			got := findResult(t, relay.run(t, Options{}), ProbeWorker)
			if got.Code != test.code {
				t.Fatalf("%+v, want %s", got, test.code)
			}
			if diff := cmp.Diff(test.want, got.Details); test.want != nil && diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOversizeBodyIsTruncated(t *testing.T) {
	t.Parallel()
	for _, options := range [][]serverOption{nil, {http1}} {
		done := make(chan struct{})
		relay := newTestRelay(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(done)
			chunk := strings.Repeat("wörld ", 10_000)
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, chunk); err != nil {
					return
				}
			}
		}), options...)
		got := findResult(t, relay.run(t, Options{}), ProbeWorker)
		if got.Code != CodeWorkerNotOurs {
			t.Errorf("%+v, want %s", got, CodeWorkerNotOurs)
		}
		<-done // the verifier closed the connection, and the server noticed
	}
}
