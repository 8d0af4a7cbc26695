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

// sdkPatience bounds the scenarios of one file.
const sdkPatience = 2 * time.Minute

// envSDK switches on the tests that need packages of npm.
const envSDK = "CFPROXY_SDK"

var sdkProviders = []worker.Provider{
	{ID: "openai", Name: "OpenAI", Origin: "https://api.openai.com", Base: "/v1", Dialect: worker.DialectOpenAI, Auth: "authorization"},
	{ID: "anthropic", Name: "Anthropic", Origin: "https://api.anthropic.com", Dialect: worker.DialectAnthropic, Auth: "x-api-key"},
	{ID: "gemini", Name: "Gemini", Origin: "https://generativelanguage.googleapis.com", Dialect: worker.DialectGoogle, Auth: "x-goog-api-key"},
}

// limited stands before the managed Worker: its RPM_1 has counted enough before
// the first request.
const limited = `import relay from "./index.js";
const RPM_1 = { limit: async () => ({ success: false }) };
export default { fetch: (request, env) => relay.fetch(request, { ...env, RPM_1 }) }`

// place is where the scenarios find one way to the upstream; SDKs speak of
// WebSockets over TLS only.
type place struct {
	HTTP string `json:"http"`
	TLS  string `json:"tls"`
}

func TestTheOfficialSDKsCannotTellTheRelayFromTheProvider(t *testing.T) {
	t.Parallel()
	if os.Getenv(envSDK) != "1" {
		t.Skip("NOT TESTED: the SDKs come from npm; run `npm ci` in worker/sdk and set " + envSDK + "=1")
	}
	bin := workerdtest.Binary(t)
	eachFile(t, "sdk", func(t *testing.T, file string) {
		t.Parallel()
		runScenarios(t, bin, file)
	})
}

// runScenarios gives one file of scenarios a workerd of its own, and the socket
// that workerd takes for the world to listen on.
func runScenarios(t *testing.T, bin, file string) {
	upstream := listen(t)
	ctx, cancel := context.WithTimeout(t.Context(), sdkPatience)
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
	places := map[string]place{"direct": {HTTP: upstream.Addr().String(), TLS: unwrapTLS(t, config, upstream.Addr().String())}}
	for _, w := range relays {
		addr := server.Addr(w.Name)
		places[w.Name] = place{HTTP: addr, TLS: unwrapTLS(t, config, addr)}
	}
	runNode(ctx, t, server, file, places, []string{"NODE_EXTRA_CA_CERTS=" + certificate}, socketOf(t, upstream))
}

// sdkBindings has the provider named first answer at the root.
func sdkBindings(first string, managed bool) []workerd.Binding {
	ordered := slices.Clone(sdkProviders)
	slices.SortStableFunc(ordered, func(a, b worker.Provider) int {
		return cmp.Compare(strings.Index(first, b.ID), strings.Index(first, a.ID))
	})
	return bindings(ordered, worker.Settings{Managed: managed})
}

// managedRelay holds the owner's key for each provider, and a token for each
// answer that it can give.
func managedRelay(first string) workerd.Worker {
	w := relay("managed "+first, sdkBindings(first, true),
		worker.Token{Name: "alice", SHA256: tokenDigest("cfp_alice")},
		worker.Token{Name: "gone", SHA256: tokenDigest("cfp_expired"), Expires: 1},
		worker.Token{Name: "nowhere", SHA256: tokenDigest("cfp_nowhere"), Providers: []string{"none-of-these"}},
		worker.Token{Name: "busy", SHA256: tokenDigest("cfp_busy"), RPM: 1})
	for _, p := range sdkProviders {
		w.Bindings = append(w.Bindings, workerd.Binding{Name: worker.KeyBinding(p.ID), Type: workerd.BindingSecret, Text: "sk-owner-key"})
	}
	w.Modules = append(w.Modules, workerd.Module{Name: "limited.js", Type: workerd.TypeESModule, Body: []byte(limited)})
	w.Main = "limited.js"
	return w
}

func tokenDigest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// serverTLS gives a configuration for loopback, and the file of the certificate
// to trust.
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

// unwrapTLS listens with TLS and hands on what it gets to addr, byte by byte.
func unwrapTLS(t *testing.T, config *tls.Config, addr string) string {
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
			go join(from, addr)
		}
	}()
	return l.Addr().String()
}

// join ends when either side does.
func join(from net.Conn, addr string) {
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
