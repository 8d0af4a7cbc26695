package main

import (
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/cfproxy/cfproxy/provision/verify"
	"github.com/cfproxy/cfproxy/templates"
)

const (
	responseHost  = "example.com" // for which httptest has a certificate
	responseBuild = "0123456789abcdef"
)

// knownResponse is a recorded response of a provider, and the code that the verifier must return for it.
type knownResponse struct {
	name, contentType, body string
	status                  int
	want                    string
}

// wantedCodes maps the first word of a response's name to the code that the verifier must return for it.
var wantedCodes = map[string]string{
	"keyless": verify.CodeProviderRecognised, "bad-key": verify.CodeProviderRecognised, "blocked": verify.CodeProviderRegionBlocked,
	"other": verify.CodeProviderUnexpected,
}

// knownResponses reads templates/testdata/answers/ID.txtar. Each file in it is a line with status and content type, an
// empty line and the body.
func knownResponses(t *testing.T, id string) []knownResponse {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("../../templates/testdata/answers", id+".txtar"))
	if err != nil {
		t.Fatalf("every provider needs recorded responses: %v", err)
	}
	var responses []knownResponse
	for _, file := range archive.Files {
		head, body, _ := strings.Cut(string(file.Data), "\n\n")
		code, contentType, _ := strings.Cut(head, " ")
		status, err := strconv.Atoi(code)
		word, _, _ := strings.Cut(strings.ReplaceAll(file.Name, ":", ","), ",")
		if want := wantedCodes[word]; err != nil || want == "" {
			t.Fatalf("%s: %s is not a response: %v", id, file.Name, err)
		} else {
			responses = append(responses, knownResponse{file.Name, contentType, strings.TrimSuffix(body, "\n"), status, want})
		}
	}
	return responses
}

// The real verifier gets every recorded response of every provider from a server that takes the place of the Worker.
func TestKnownResponsesOfEveryProvider(t *testing.T) {
	t.Parallel()
	providers, err := templates.Providers()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../templates/testdata/answers/*.txtar")
	if err != nil || len(files) != len(providers) {
		t.Errorf("%d files of responses for %d providers (%r)", len(files), len(providers), err)
	}
	for _, provider := range providers {
		t.Run(provider.ID, func(t *testing.T) {
			t.Parallel()
			hasKeyless := false
			for _, r := range knownResponses(t, provider.ID) {
				hasKeyless = hasKeyless || strings.HasPrefix(r.name, "keyless")
				if got := verifyResponse(t, provider, r); got.Code != r.want {
					t.Errorf("%s: %+v, want %s", r.name, got, r.want)
				}
			}
			if !hasKeyless {
				t.Error("no response to a request without a key")
			}
		})
	}
}

// verifyResponse returns the verifier's result for a response to the provider's probe.
func verifyResponse(t *testing.T, provider templates.Provider, response knownResponse) verify.Result {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(verify.BuildHeader, responseBuild)
		switch r.URL.Path {
		case "/-/health":
			io.WriteString(w, `{"service":"cfproxy","version":"1","build":"`+responseBuild+`","access":"pass-through","providers":["`+provider.ID+`"]}`)
		case provider.Probe.Path:
			w.Header().Set("Content-Type", response.contentType)
			w.WriteHeader(response.status)
			io.WriteString(w, response.body)
		default:
			t.Errorf("unexpected request for %s", r.URL.Path)
		}
	}))
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	target := verify.Target{Host: responseHost, Upstreams: upstreams([]templates.Provider{provider})}
	report := verify.Run(t.Context(), target, verify.Net{Dial: dial, RootCAs: roots, Direct: true}, verify.Options{})
	return report.Results[len(report.Results)-1]
}
