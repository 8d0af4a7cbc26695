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
	vectorHost  = "example.com" // for which httptest has a certificate
	vectorBuild = "0123456789abcdef"
)

// vector is an answer of a provider's that is known, and what it proves.
type vector struct {
	name, kind, body string
	status           int
	want             string
}

// verdicts says by the beginning of a vector's name what the verifier is to make of it.
var verdicts = map[string]string{
	"keyless": verify.CodeProviderRecognised, "bad-key": verify.CodeProviderRecognised, "blocked": verify.CodeProviderRegionBlocked,
	"other": verify.CodeProviderUnexpected,
}

// vectorsOf reads templates/testdata/answers/ID.txtar: in each file a line with status and content type, an empty line, the
// body.
func vectorsOf(t *testing.T, id string) []vector {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("../../templates/testdata/answers", id+".txtar"))
	if err != nil {
		t.Fatalf("every provider has its known answers: %v", err)
	}
	var vectors []vector
	for _, file := range archive.Files {
		head, body, _ := strings.Cut(string(file.Data), "\n\n")
		code, kind, _ := strings.Cut(head, " ")
		status, err := strconv.Atoi(code)
		word, _, _ := strings.Cut(strings.ReplaceAll(file.Name, ":", ","), ",")
		if want := verdicts[word]; err != nil || want == "" {
			t.Fatalf("%s: %s is not a vector: %v", id, file.Name, err)
		} else {
			vectors = append(vectors, vector{file.Name, kind, strings.TrimSuffix(body, "\n"), status, want})
		}
	}
	return vectors
}

// Every known answer of every provider, through the real verifier, over a connection to a Worker that passes it on.
func TestKnownAnswersOfEveryProvider(t *testing.T) {
	t.Parallel()
	providers, err := templates.Providers()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../templates/testdata/answers/*.txtar")
	if err != nil || len(files) != len(providers) {
		t.Errorf("%d files of answers for %d providers (%v)", len(files), len(providers), err)
	}
	for _, provider := range providers {
		t.Run(provider.ID, func(t *testing.T) {
			t.Parallel()
			keyless := false
			for _, v := range vectorsOf(t, provider.ID) {
				keyless = keyless || strings.HasPrefix(v.name, "keyless")
				if got := judged(t, provider, v); got.Code != v.want {
					t.Errorf("%s: %+v, want %s", v.name, got, v.want)
				}
			}
			if !keyless {
				t.Error("there is no vector of what it says without a key")
			}
		})
	}
}

// judged gives what the verifier makes of an answer to the provider's probe.
func judged(t *testing.T, provider templates.Provider, v vector) verify.Result {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(verify.BuildHeader, vectorBuild)
		switch r.URL.Path {
		case "/-/health":
			io.WriteString(w, `{"service":"cfproxy","version":"1","build":"`+vectorBuild+`","access":"pass-through","providers":["`+provider.ID+`"]}`)
		case provider.Probe.Path:
			w.Header().Set("Content-Type", v.kind)
			w.WriteHeader(v.status)
			io.WriteString(w, v.body)
		default:
			t.Errorf("asked for %s", r.URL.Path)
		}
	}))
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	target := verify.Target{Host: vectorHost, Upstreams: upstreams([]templates.Provider{provider})}
	report := verify.Run(t.Context(), target, verify.Net{Dial: dial, RootCAs: roots, Direct: true}, verify.Options{})
	return report.Results[len(report.Results)-1]
}
