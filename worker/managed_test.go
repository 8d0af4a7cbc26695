package worker_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/worker"
	"github.com/cfproxy/cfproxy/worker/workerd"
	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

// probePath is the probe of every managed provider. Tests that handle it do not run in parallel.
const probePath = "/v1/probe"

// managedProviders has one provider of each dialect and each credential header. The owner's key for the last one is
// missing.
var managedProviders = []worker.Provider{
	{ID: "openai", Name: "OpenAI", Origin: "https://api.openai.com", Base: "/v1", Dialect: worker.DialectOpenAI, Auth: "authorization", Probe: probePath},
	{ID: "anthropic", Name: "Anthropic", Origin: "https://api.anthropic.com", Dialect: worker.DialectAnthropic, Auth: "x-api-key", Probe: probePath},
	{ID: "gemini", Name: "Gemini", Origin: "https://generativelanguage.googleapis.com", Dialect: worker.DialectGoogle, Auth: "x-goog-api-key", Probe: probePath},
	{ID: "azure-openai", Name: "Azure OpenAI", Origin: "https://mine.openai.azure.com", Dialect: worker.DialectOpenAI, Auth: "api-key", Probe: probePath},
	{ID: "cohere", Name: "Cohere", Origin: "https://api.cohere.com", Dialect: worker.DialectCohere, Auth: "authorization", Probe: probePath},
	{ID: "forgotten", Name: "Forgotten", Origin: "https://api.forgotten.example", Dialect: worker.DialectOpenAI, Auth: "authorization", Probe: probePath},
}

// ownerKey returns a stand-in for the owner's key of a provider.
func ownerKey(provider string) string { return "owners-key-of-" + provider }

// Tokens of the callers. tokenRevoked is not in the list.
const (
	tokenAlice    = "cfp_alice0123456789abcdefghijklmnop"
	tokenExpired  = "cfp_expired0123456789abcdefghijklmn"
	tokenNarrow   = "cfp_narrow0123456789abcdefghijklmno"
	tokenUncapped = "cfp_uncapped0123456789abcdefghijklm"
	tokenRevoked  = "cfp_revoked0123456789abcdefghijklmn"
)

func token(name, secret string) worker.Token {
	sum := sha256.Sum256([]byte(secret))
	return worker.Token{Name: name, SHA256: hex.EncodeToString(sum[:])}
}

func teamToken(i int) string { return fmt.Sprintf("cfp_team%030d", i) }

// team returns the tokens of a large team: 500 ordinary ones and some special ones.
func team() []worker.Token {
	alice, expired, narrow, uncapped := token("alice", tokenAlice), token("expired", tokenExpired), token("narrow", tokenNarrow), token("uncapped", tokenUncapped)
	alice.Expires = time.Now().Add(time.Hour).Unix()
	expired.Expires = time.Now().Add(-time.Second).Unix()
	narrow.Providers = []string{"anthropic", "cohere"}
	uncapped.RPM = 7 // has no binding
	// Shares all but the last byte of its digest with the revoked token.
	namesake := token("namesake", tokenRevoked)
	namesake.SHA256 = namesake.SHA256[:62] + "00"
	tokens := []worker.Token{alice, expired, narrow, uncapped, namesake}
	for i := range 500 {
		tokens = append(tokens, token(fmt.Sprintf("member %d", i), teamToken(i)))
	}
	return tokens
}

// managedRelays returns "managed", a twin in pass-through mode, relays with restricted origins, and relays with
// malformed token lists.
func managedRelays() []workerd.Worker {
	env := newBindings(managedProviders, worker.Settings{Managed: true, Page: true})
	for _, p := range managedProviders {
		if p.ID != "forgotten" {
			env = append(env, workerd.Binding{Name: worker.KeyBinding(p.ID), Type: workerd.BindingSecret, Text: ownerKey(p.ID)})
		}
	}
	origins := newBindings(managedProviders, worker.Settings{Managed: true, Page: true, Origins: allowedOrigins})
	workers := []workerd.Worker{
		relay("managed", env, team()...),
		relay("twin", newBindings(managedProviders, worker.Settings{})),
		relay("managed origins", append(origins, env[4:]...), team()...),
		relay("origins", newBindings(providers, worker.Settings{Page: true, Origins: allowedOrigins})),
		relay("no tokens", env),
	}
	for name, text := range malformedTokenLists() {
		w := relay("tokens: "+name, env)
		for i := range w.Modules {
			if w.Modules[i].Name == worker.TokensModule {
				w.Modules[i].Body = []byte(text)
			}
		}
		workers = append(workers, w)
	}
	return workers
}

// receivedRequest is a request as the upstream received it.
type receivedRequest struct {
	header http.Header
	uri    string
	dump   string
}

// recordPath registers a path whose requests are sent on the returned channel.
func (h *harness) recordPath(t testing.TB) (string, <-chan receivedRequest) {
	received := make(chan receivedRequest, 16)
	return h.handle(t, recordRequests(t, received)), received
}

func recordRequests(t testing.TB, received chan<- receivedRequest) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := httputil.DumpRequest(r, true)
		if err != nil {
			t.Error(err)
		}
		received <- receivedRequest{r.Header, r.RequestURI, string(text)}
	}
}

func TestTokenIsReplacedByOwnerKey(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	path, received := h.recordPath(t)
	for _, p := range managedProviders[:5] {
		for _, test := range []struct {
			query, want string
			header      []string
		}{
			{header: []string{"Authorization", "Bearer " + tokenAlice}},
			{header: []string{"authorization", "bearer " + tokenAlice}},
			{header: []string{"AUTHORIZATION", "BEARER   " + tokenAlice}},
			{header: []string{"Authorization", tokenAlice}},
			{header: []string{"X-Api-Key", tokenAlice}},
			{header: []string{"x-goog-api-key", tokenAlice}},
			{header: []string{"api-key", tokenAlice}},
			{query: "?key=" + tokenAlice},
			{query: "?alt=sse&key=" + tokenAlice, want: "?alt=sse"},
			{query: "?key=" + tokenAlice + "&alt=sse", want: "?alt=sse"},
			{query: "?a=%2f&key=" + tokenAlice + "&b=x+y&&c=%zz&keys=1&monkey=2&", want: "?a=%2f&b=x+y&&c=%zz&keys=1&monkey=2&"},
			{query: "?key=" + tokenAlice + "&key=" + tokenAlice + "&key=sk-other", want: ""},
			{query: "?k%65y=" + tokenAlice + "&%6Bey=" + tokenAlice, header: []string{"Authorization", "Bearer " + tokenAlice}},
			{query: "?x&", want: "?x&", header: []string{"Authorization", "Bearer " + tokenAlice}},
			{query: "?", want: "?", header: []string{"Authorization", "Bearer " + tokenAlice}},
			{header: []string{"Authorization", "Bearer sk-callers-own", "X-Api-Key", tokenAlice, "Api-Key", "callers-own", "X-Goog-Api-Key", "AIza-callers-own"}},
			{query: "?key=AIza-callers-own", header: []string{"X-Api-Key", tokenAlice}},
			{header: []string{"Sec-WebSocket-Protocol", "openai-insecure-api-key." + tokenAlice}},
			{header: []string{"Authorization", "Bearer " + tokenAlice, "Cookie", tokenAlice, "Referer", "https://a.example/?key=" + tokenAlice}},
		} {
			response, _ := do(t, newRequest(t, "POST", h.workerURL("managed", "/"+p.ID+path+test.query), strings.NewReader("{}"), test.header...))
			if response.StatusCode != 200 {
				t.Errorf("%s %v: got %d", p.ID, test, response.StatusCode)
				continue
			}
			got := receive(t, received, "the upstream")
			if want := p.Origin + path + test.want; got.uri != want {
				t.Errorf("%s %v: arrived as %s, want %s", p.ID, test, got.uri, want)
			}
			checkOnlyOwnerKey(t, p, got)
		}
	}
}

// checkOnlyOwnerKey checks that the owner's key is the only credential in the whole request.
func checkOnlyOwnerKey(t *testing.T, p worker.Provider, got receivedRequest) {
	t.Helper()
	want := map[string][]string{"Authorization": nil, "X-Api-Key": nil, "X-Goog-Api-Key": nil, "Api-Key": nil}
	key := ownerKey(p.ID)
	if p.Auth == "authorization" {
		key = "Bearer " + key
	}
	want[http.CanonicalHeaderKey(p.Auth)] = []string{key}
	keys := map[string][]string{}
	for name := range want {
		keys[name] = got.header[name]
	}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("%s: keys at the provider (-want +got):\n%s", p.ID, diff)
	}
	for _, secret := range []string{"cfp_", "callers-own", "sk-", "openai-insecure"} {
		if strings.Contains(got.dump, secret) {
			t.Errorf("%s: %q was forwarded: %q", p.ID, secret, got.dump)
		}
	}
	if strings.Count(got.dump, "owners-key") != 1 {
		t.Errorf("%s: the owner's key is in a second test: %q", p.ID, got.dump)
	}
}

func TestPathsThatResembleKeyParametersAreUnchanged(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	for _, target := range []string{"/v1/files/a&key=b", "/v1/x&key=a/b?c=d", "/v1/key=a?keys", "/v1/x?keys=a", "/v1/x?a=b?key=c"} {
		_, body := do(t, newRequest(t, "GET", h.workerURL("managed", target), nil, "Authorization", "Bearer "+tokenAlice))
		if want := "GET https://api.openai.com" + target; body != want {
			t.Errorf("%s: arrived as %q, want %q", target, body, want)
		}
	}
}

func TestWebSocketTokenInSubprotocol(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	ctx := timeoutContext(t)
	for _, test := range []struct{ offered, want []string }{
		{[]string{"realtime", "openai-insecure-api-key." + tokenAlice, "openai-beta.realtime-v1"}, []string{"realtime", "openai-beta.realtime-v1"}},
		{[]string{"openai-insecure-api-key." + tokenAlice}, nil},
	} {
		received := make(chan receivedRequest, 1)
		path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
			text, _ := httputil.DumpRequest(r, false)
			received <- receivedRequest{r.Header, r.RequestURI, string(text)}
			if conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"realtime"}}); err == nil {
				_ = conn.Close(websocket.StatusNormalClosure, "")
			}
		})
		conn, _, err := websocket.Dial(ctx, h.workerURL("managed", path), &websocket.DialOptions{HTTPClient: client(t), Subprotocols: test.offered})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		if len(test.want) > 0 && conn.Subprotocol() != "realtime" {
			t.Errorf("%v: subprotocol is %q", test.offered, conn.Subprotocol())
		}
		got := receive(t, received, "the handshake")
		checkOnlyOwnerKey(t, managedProviders[0], got)
		protocols := got.header.Values("Sec-Websocket-Protocol")
		if want := strings.Join(test.want, ", "); strings.Join(protocols, ", ") != want || (want == "") != (protocols == nil) {
			t.Errorf("subprotocols arrived as %q, want %q", protocols, want)
		}
	}
}

func TestEveryTokenOfATeamIsAccepted(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	for i := range 500 {
		if response, body := do(t, newRequest(t, "GET", h.workerURL("managed", "/v1/models"), nil, "Authorization", "Bearer "+teamToken(i))); response.StatusCode != 200 {
			t.Fatalf("member %d: got %d %s", i, response.StatusCode, body)
		}
	}
}

func TestManagedRelayRevealsNoProvider(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	_, body := do(t, newRequest(t, "GET", h.workerURL("managed", worker.HealthPath), nil))
	var got struct {
		Access    string
		Providers []string
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || got.Access != "managed" || got.Providers == nil || len(got.Providers) != 0 {
		t.Errorf("got %s, %v", body, err)
	}
	for _, path := range []string{"/", worker.HealthPath, "/-/none", "//x"} {
		response, body := do(t, newRequest(t, "GET", h.workerURL("managed", path), nil))
		text := fmt.Sprint(response.Header, body)
		for _, p := range managedProviders {
			if strings.Contains(text, ownerKey(p.ID)) || strings.Contains(text, p.Origin) {
				t.Errorf("%s reveals %s: %.200s", path, p.ID, text)
			}
		}
	}
}

// Only the method and the path of a keyless request come from the caller.
func TestKeylessRequestCarriesNothingFromTheCaller(t *testing.T) {
	h := sharedHarness(t)
	received := make(chan receivedRequest, 16)
	h.handleAt(t, probePath, recordRequests(t, received))
	for _, method := range []string{"GET", "POST"} {
		for prefix, p := range map[string]worker.Provider{"": managedProviders[0], "/anthropic": managedProviders[1], "/gemini": managedProviders[2], "/forgotten": managedProviders[5]} {
			request := newRequest(t, method, h.workerURL("managed", "/-/keyless"+prefix+probePath+"?key=callers-own&x=caller-value"), strings.NewReader(`{"caller-value":1}`),
				"Authorization", "Bearer caller-value", "X-Api-Key", "caller-value", "X-Goog-Api-Key", "caller-value", "Api-Key", "caller-value", "Cookie", "caller-value=1",
				"X-Anything", "caller-value", "User-Agent", "caller-value", "Content-Type", "text/caller-value", "Accept", "caller-value/*", "Anthropic-Version", "caller-value",
				"Sec-WebSocket-Protocol", "openai-insecure-api-key."+tokenAlice, "Range", "bytes=7-9", "Accept-Language", "caller-value")
			if response, _ := do(t, request); response.StatusCode != 200 {
				t.Errorf("%s %s: got %d", method, prefix, response.StatusCode)
				continue
			}
			got := receive(t, received, "the upstream")
			for _, secret := range []string{"caller-value", "cfp_", "callers-own", "owners-key", "bytes=7-9"} {
				if strings.Contains(got.dump, secret) {
					t.Errorf("%s %s: %q was forwarded: %q", method, prefix, secret, got.dump)
				}
			}
			_, body, _ := strings.Cut(got.dump, "\r\n\r\n")
			if want := map[string]string{"GET": "", "POST": "{}"}[method]; got.uri != p.Origin+probePath || body != want {
				t.Errorf("%s %s: arrived as %s with %q", method, prefix, got.uri, body)
			}
		}
	}
}

func TestKeylessPathsAreLimitedToProbes(t *testing.T) {
	h := sharedHarness(t)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s was forwarded", r.Method, r.RequestURI)
	})
	h.handleAt(t, probePath, func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s was forwarded", r.Method, r.RequestURI)
	})
	for _, method := range []string{"PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"} {
		response, _ := do(t, newRequest(t, method, h.workerURL("managed", "/-/keyless"+probePath), nil))
		if response.StatusCode != 405 || response.Header.Get(worker.ErrorHeader) != "method_not_allowed" {
			t.Errorf("%s: got %d %v", method, response.StatusCode, response.Header)
		}
	}
	for _, method := range []string{"GET", "POST"} {
		for _, address := range []string{h.relayURL("/-/keyless" + probePath), h.workerURL("managed", "/-/keyless"+path), h.workerURL("managed", "/-/keyless/openai"+path)} {
			response, body := do(t, newRequest(t, method, address, nil))
			if response.StatusCode != 404 || response.Header.Get(worker.ErrorHeader) != "not_found" {
				t.Errorf("%s %s: got %d %s", method, address, response.StatusCode, body)
			}
		}
	}
	for _, target := range []string{"/-/keyless//evil.example", "/-/keyless/openai//evil.example", "/-/keyless/../x", "/-/keyless/v1/%2e%2e/x", "/-/keyless/v1/probe/", "/-/keyless/v1/%70robe"} {
		response, body := h.rawGetAt(t, "managed", target, "relay.example")
		if response == nil || response.StatusCode != 404 || response.Header.Get(worker.ErrorHeader) != "not_found" {
			t.Errorf("%s: got %v %s", target, response, body)
		}
	}
}

func TestKeylessRedirectIsReturned(t *testing.T) {
	h := sharedHarness(t)
	target := h.handle(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	for _, status := range []int{301, 302, 303, 307, 308} {
		h.handleAt(t, probePath, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", target)
			w.WriteHeader(status)
		})
		for _, method := range []string{"GET", "POST"} {
			response, _ := do(t, newRequest(t, method, h.workerURL("managed", "/-/keyless"+probePath), nil))
			if response.StatusCode != status || response.Header.Get("Location") != target {
				t.Errorf("%s, %d: got %d %v", method, status, response.StatusCode, response.Header)
			}
		}
	}
}

func TestManagedResponseIsReturnedUnchanged(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(429)
		_, _ = io.WriteString(w, "slow down")
	})
	response, body := do(t, newRequest(t, "POST", h.workerURL("managed", path), strings.NewReader("{}"), "Authorization", "Bearer "+tokenAlice))
	if response.StatusCode != 429 || body != "slow down" || response.Header.Get("Retry-After") != "7" || response.Header.Get(worker.ErrorHeader) != "" {
		t.Errorf("got %d %v %q", response.StatusCode, response.Header, body)
	}
}
