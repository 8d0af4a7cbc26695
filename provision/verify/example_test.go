package verify_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/cfproxy/cfproxy/provision/verify"
)

// A server on loopback takes the part of a deployed relay. The provider behind it refuses requests without a key.
func ExampleRun() {
	relay := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(verify.BuildHeader, "0123456789abcdef")
		if r.URL.Path == "/-/health" {
			io.WriteString(w, `{"service": "cfproxy", "build": "0123456789abcdef", "providers": ["openai"]}`)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"error": {"type": "invalid_request_error", "code": null}}`)
	}))
	defer relay.Close()

	target := verify.Target{
		Host: "example.com",
		Upstreams: []verify.Upstream{{
			ID: "openai", Path: "/v1/chat/completions", Body: "{}",
			Refusals: []verify.Signature{{Status: 401, JSON: map[string][]any{"error.type": {"invalid_request_error"}}}},
		}},
	}
	roots := x509.NewCertPool()
	roots.AddCert(relay.Certificate())
	network := verify.Net{
		Direct:  true, // Dial connects to the server, whatever example.com resolves to
		RootCAs: roots,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, relay.Listener.Addr().String())
		},
	}
	report := verify.Run(context.Background(), target, network, verify.Options{})
	for _, result := range report.Results {
		fmt.Println(result.Probe, result.Status, result.Code)
	}
	fmt.Println("OK:", report.OK())
	// Output:
	// dns skip dns-direct
	// tls pass tls-trusted
	// edge pass edge-reached
	// worker pass worker-ours
	// provider pass provider-recognised
	// OK: true
}
