package verify

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func healthOf(build string) string {
	return fmt.Sprintf(`{"service":"cfproxy","version":"1.2.3","build":%q,"providers":["openai"],"colo":null}`, build)
}

func TestWorker(t *testing.T) {
	t.Parallel()
	const other = "fedcba9876543210"
	tests := map[string]struct {
		answer http.HandlerFunc
		wanted string
		code   string
		want   map[string]string
	}{
		"ours": {says(200, healthOf(testBuild), MarkHeader, testBuild, "Cf-Ray", "8f2-HKG", "Cf-Placement", "local-HKG"), "", CodeWorkerOurs,
			map[string]string{"build": testBuild, "version": "1.2.3", "providers": "openai", "colo": "HKG", "placement": "local-HKG"}},
		"ours, as wanted": {says(200, healthOf(testBuild), MarkHeader, testBuild), testBuild, CodeWorkerOurs,
			map[string]string{"build": testBuild, "version": "1.2.3", "providers": "openai"}},
		"other build": {says(200, healthOf(other), MarkHeader, other), testBuild, CodeWorkerOtherBuild,
			map[string]string{"wanted": testBuild, "got": other, "version": "1.2.3"}},
		"header against JSON": {says(200, healthOf(other), MarkHeader, testBuild), testBuild, CodeWorkerBuildMismatch,
			map[string]string{"header": testBuild, "body": other}},
		"no mark": {says(200, healthOf(testBuild), "Server", "nginx", "Content-Type", "application/json"), testBuild, CodeWorkerNotOurs,
			map[string]string{"status": "200", "server": "nginx", "content_type": "application/json"}},
		"somebody's site": {says(200, "<html><head><title>Welcome to\n nginx!</title>", "Server", "nginx", "Content-Type", "text/html"), "", CodeWorkerNotOurs,
			map[string]string{"status": "200", "server": "nginx", "content_type": "text/html", "title": "Welcome to nginx!"}},
		"somebody's redirect": {says(301, "", "Location", "https://www.example.com/", "Content-Type", "text/html"), "", CodeWorkerNotOurs,
			map[string]string{"status": "301", "content_type": "text/html", "location": "https://www.example.com/"}},
		"mark is no build":    {says(200, healthOf(testBuild), MarkHeader, "1.2.3", "Content-Type", "a/b"), "", CodeWorkerNotOurs, map[string]string{"status": "200", "content_type": "a/b", "mark": "1.2.3"}},
		"mark in upper case":  {says(200, healthOf(testBuild), MarkHeader, strings.ToUpper(testBuild), "Content-Type", "a/b"), "", CodeWorkerNotOurs, nil},
		"marked, not health":  {says(404, "nothing here", MarkHeader, testBuild, "Content-Type", "text/plain"), "", CodeWorkerHealthMalformed, map[string]string{"build": testBuild, "status": "404", "content_type": "text/plain", "excerpt": "nothing here"}},
		"marked, no service":  {says(200, `{"build":"`+testBuild+`"}`, MarkHeader, testBuild), "", CodeWorkerHealthMalformed, nil},
		"marked, array":       {says(200, `[1]`, MarkHeader, testBuild), "", CodeWorkerHealthMalformed, nil},
		"marked, binary junk": {says(200, "\x00\xff\x1b[2J\u202e\u2028", MarkHeader, testBuild, "Content-Type", "a/b"), "", CodeWorkerHealthMalformed, map[string]string{"build": testBuild, "status": "200", "content_type": "a/b", "excerpt": "[2J"}},
		"relay's own error": {says(500, `{"error":{"message":"x","type":"cfproxy_error","param":null,"code":"bad_providers"}}`, MarkHeader, testBuild), "", CodeRelayError,
			map[string]string{"error_code": "bad_providers", "status": "500"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.answer)
			w.target.Build = test.wanted
			got := find(t, w.run(t, Options{}), ProbeWorker)
			if got.Code != test.code {
				t.Fatalf("%+v, want %s", got, test.code)
			}
			if diff := cmp.Diff(test.want, got.Details); test.want != nil && diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOversizeBodyIsCut(t *testing.T) {
	t.Parallel()
	for _, options := range [][]worldOption{nil, {http1}} {
		done := make(chan struct{})
		w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(done)
			chunk := strings.Repeat("wörld ", 10_000)
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, chunk); err != nil {
					return
				}
			}
		}), options...)
		got := find(t, w.run(t, Options{}), ProbeWorker)
		if got.Code != CodeWorkerNotOurs {
			t.Errorf("%+v, want %s", got, CodeWorkerNotOurs)
		}
		<-done // the endless answer was left, and the server noticed
	}
}
