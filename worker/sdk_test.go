package worker_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/pem"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/worker"
	"github.com/cfproxy/cfproxy/worker/workerd"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

// sdkTimeout bounds the tests of one file.
const sdkTimeout = 2 * time.Minute

// envSDK enables the tests that need npm packages.
const envSDK = "CFPROXY_SDK"

var sdkProviders = []worker.Provider{
	{ID: "openai", Name: "OpenAI", Origin: "https://api.openai.com", Base: "/v1", Dialect: worker.DialectOpenAI, Auth: "authorization"},
	{ID: "anthropic", Name: "Anthropic", Origin: "https://api.anthropic.com", Dialect: worker.DialectAnthropic, Auth: "x-api-key"},
	{ID: "gemini", Name: "Gemini", Origin: "https://generativelanguage.googleapis.com", Dialect: worker.DialectGoogle, Auth: "x-goog-api-key"},
}

// rateLimitedScript wraps the managed Worker with a rate limiter RPM_1 that rejects every request.
const rateLimitedScript = `import relay from "./index.js";
const RPM_1 = { limit: async () => ({ success: false }) };
export default { fetch: (request, env) => relay.fetch(request, { ...env, RPM_1 }) }`

// addresses are where the tests reach one route to the upstream. The SDKs require TLS for WebSockets.
type addresses struct {
	HTTP string `json:"http"`
	TLS  string `json:"tls"`
}

func TestOfficialSDKs(t *testing.T) {
	t.Parallel()
	if os.Getenv(envSDK) != "1" {
		t.Skip("NOT TESTED: needs the SDKs from npm; run `npm ci` in worker/sdk and set " + envSDK + "=1")
	}
	bin := workerdtest.Binary(t)
	forEachTestFile(t, "sdk", func(t *testing.T, file string) {
		t.Parallel()
		runSDKTests(t, bin, file)
	})
}

// runSDKTests starts a workerd for one test file, and passes it the socket of the upstream.
func runSDKTests(t *testing.T, bin, file string) {
	upstream := listen(t)
	ctx, cancel := context.WithTimeout(t.Context(), sdkTimeout)
	defer cancel()
	var relays []workerd.Worker
	for _, first := range []string{"openai", "gemini"} {
		relays = append(relays, relay("relay "+first, sdkBindings(first, false)), managedRelay(first))
	}
	server, err := workerd.Start(ctx, bin, workerd.Config{Outbound: upstream.Addr().String(), Workers: relays})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()

	config, certificate := serverTLS(t)
	routes := map[string]addresses{"direct": {HTTP: upstream.Addr().String(), TLS: listenTLS(t, config, upstream.Addr().String())}}
	for _, w := range relays {
		addr := server.Addr(w.Name)
		routes[w.Name] = addresses{HTTP: addr, TLS: listenTLS(t, config, addr)}
	}
	runNode(ctx, t, server, file, routes, []string{"NODE_EXTRA_CA_CERTS=" + certificate}, fileOf(t, upstream))
}

// sdkBindings returns bindings with the provider named first at the root.
func sdkBindings(first string, managed bool) []workerd.Binding {
	ordered := slices.Clone(sdkProviders)
	slices.SortStableFunc(ordered, func(a, b worker.Provider) int {
		return cmp.Compare(strings.Index(first, b.ID), strings.Index(first, a.ID))
	})
	return newBindings(ordered, worker.Settings{Managed: managed})
}

// managedRelay has the owner's key for each provider, and a token for each possible denial.
func managedRelay(first string) workerd.Worker {
	w := relay("managed "+first, sdkBindings(first, true),
		worker.Token{Name: "alice", SHA256: tokenDigest("cfp_alice")},
		worker.Token{Name: "gone", SHA256: tokenDigest("cfp_expired"), Expires: 1},
		worker.Token{Name: "nowhere", SHA256: tokenDigest("cfp_nowhere"), Providers: []string{"none-of-these"}},
		worker.Token{Name: "busy", SHA256: tokenDigest("cfp_busy"), RPM: 1})
	for _, p := range sdkProviders {
		w.Bindings = append(w.Bindings, workerd.Binding{Name: worker.KeyBinding(p.ID), Type: workerd.BindingSecret, Text: "sk-owner-key"})
	}
	w.Modules = append(w.Modules, workerd.Module{Name: "limited.js", Type: workerd.TypeESModule, Body: []byte(rateLimitedScript)})
	w.Main = "limited.js"
	return w
}

func tokenDigest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// serverTLS returns a server configuration for loopback and the path of its CA certificate.
func serverTLS(t *testing.T) (*tls.Config, string) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: s.TLS.Certificates}, file
}

// listenTLS accepts TLS connections and forwards the decrypted bytes to addr.
func listenTLS(t *testing.T, config *tls.Config, addr string) string {
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			go pipe(from, addr)
		}
	}()
	return l.Addr().String()
}

// pipe copies both directions until either side closes.
func pipe(from net.Conn, addr string) {
	defer from.Close()
	to, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer to.Close()
	go func() {
		_, _ = io.Copy(to, from)
		to.Close()
	}()
	_, _ = io.Copy(from, to)
}
