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

// probe is the path by which each of them is asked without a key. Tests that
// serve it do not run in parallel.
const probe = "/v1/probe"

// managedProviders has one of each dialect and of each place for a key. The
// owner forgot to give the last one's.
var managedProviders = []worker.Provider{
	{ID: "openai", Name: "OpenAI", Origin: "https://api.openai.com", Base: "/v1", Dialect: worker.DialectOpenAI, Auth: "authorization", Probe: probe},
	{ID: "anthropic", Name: "Anthropic", Origin: "https://api.anthropic.com", Dialect: worker.DialectAnthropic, Auth: "x-api-key", Probe: probe},
	{ID: "gemini", Name: "Gemini", Origin: "https://generativelanguage.googleapis.com", Dialect: worker.DialectGoogle, Auth: "x-goog-api-key", Probe: probe},
	{ID: "azure-openai", Name: "Azure OpenAI", Origin: "https://mine.openai.azure.com", Dialect: worker.DialectOpenAI, Auth: "api-key", Probe: probe},
	{ID: "cohere", Name: "Cohere", Origin: "https://api.cohere.com", Dialect: worker.DialectCohere, Auth: "authorization", Probe: probe},
	{ID: "forgotten", Name: "Forgotten", Origin: "https://api.forgotten.example", Dialect: worker.DialectOpenAI, Auth: "authorization", Probe: probe},
}

// ownersKey is what stands for a provider's real key.
func ownersKey(provider string) string { return "owners-key-of-" + provider }

// Tokens of the callers. The one that is revoked is in no list.
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

// team is what a large owner hands out: 500 tokens, and some that are special.
func team() []worker.Token {
	alice, expired, narrow, uncapped := token("alice", tokenAlice), token("expired", tokenExpired), token("narrow", tokenNarrow), token("uncapped", tokenUncapped)
	alice.Expires = time.Now().Add(time.Hour).Unix()
	expired.Expires = time.Now().Add(-time.Second).Unix()
	narrow.Providers = []string{"anthropic", "cohere"}
	uncapped.RPM = 7 // for which there is no binding
	// A digest that begins as the revoked one's does is another all the same.
	namesake := token("namesake", tokenRevoked)
	namesake.SHA256 = namesake.SHA256[:62] + "00"
	tokens := []worker.Token{alice, expired, narrow, uncapped, namesake}
	for i := range 500 {
		tokens = append(tokens, token(fmt.Sprintf("member %d", i), teamToken(i)))
	}
	return tokens
}

// managedRelays are "managed", its twin where callers bring keys of their own, ones
// that name origins, and some whose list of
// tokens was spoilt on the way.
func managedRelays() []workerd.Worker {
	env := bindings(managedProviders, worker.Settings{Managed: true, Page: true})
	for _, p := range managedProviders {
		if p.ID != "forgotten" {
			env = append(env, workerd.Binding{Name: worker.KeyBinding(p.ID), Type: workerd.BindingSecret, Text: ownersKey(p.ID)})
		}
	}
	origins := bindings(managedProviders, worker.Settings{Managed: true, Page: true, Origins: []string{"https://app.example", "http://localhost:3000"}})
	workers := []workerd.Worker{
		relay("managed", env, team()...),
		relay("twin", bindings(managedProviders, worker.Settings{})),
		relay("managed origins", append(origins, env[4:]...), team()...),
		relay("origins", bindings(providers, worker.Settings{Page: true, Origins: []string{"https://app.example", "http://localhost:3000"}})),
		relay("no tokens", env),
	}
	for name, text := range badTokens() {
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

// arrival is a request as the upstream saw it.
type arrival struct {
	header http.Header
	uri    string
	text   string // all of it
}

// watch gives a path below a provider's whose requests are announced.
func (h *harness) watch(t testing.TB) (string, <-chan arrival) {
	arrived := make(chan arrival, 16)
	return h.handle(t, watcher(t, arrived)), arrived
}

func watcher(t testing.TB, arrived chan<- arrival) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := httputil.DumpRequest(r, true)
		if err != nil {
			t.Error(err)
		}
		arrived <- arrival{r.Header, r.RequestURI, string(text)}
	}
}

func TestATokenIsExchangedForTheOwnersKeyWhereverItStands(t *testing.T) {
	t.Parallel()
	h := running(t)
	path, arrived := h.watch(t)
	for _, p := range managedProviders[:5] {
		for _, place := range []struct {
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
			response, _ := ask(t, newRequest(t, "POST", h.at("managed", "/"+p.ID+path+place.query), strings.NewReader("{}"), place.header...))
			if response.StatusCode != 200 {
				t.Errorf("%s %v: got %d", p.ID, place, response.StatusCode)
				continue
			}
			got := wait(t, arrived, "the upstream")
			if want := p.Origin + path + place.want; got.uri != want {
				t.Errorf("%s %v: arrived as %s, want %s", p.ID, place, got.uri, want)
			}
			bearsOnlyTheOwnersKey(t, p, got)
		}
	}
}

// bearsOnlyTheOwnersKey searches the whole request for what is not to be in it.
func bearsOnlyTheOwnersKey(t *testing.T, p worker.Provider, got arrival) {
	t.Helper()
	want := map[string][]string{"Authorization": nil, "X-Api-Key": nil, "X-Goog-Api-Key": nil, "Api-Key": nil}
	key := ownersKey(p.ID)
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
		if strings.Contains(got.text, secret) {
			t.Errorf("%s: %q reached the provider: %q", p.ID, secret, got.text)
		}
	}
	if strings.Count(got.text, "owners-key") != 1 {
		t.Errorf("%s: the owner's key stands elsewhere, too: %q", p.ID, got.text)
	}
}

func TestAPathThatLooksLikeAKeyStaysAsItIs(t *testing.T) {
	t.Parallel()
	h := running(t)
	for _, target := range []string{"/v1/files/a&key=b", "/v1/x&key=a/b?c=d", "/v1/key=a?keys", "/v1/x?keys=a", "/v1/x?a=b?key=c"} {
		_, body := ask(t, newRequest(t, "GET", h.at("managed", target), nil, "Authorization", "Bearer "+tokenAlice))
		if want := "GET https://api.openai.com" + target; body != want {
			t.Errorf("%s: arrived as %q, want %q", target, body, want)
		}
	}
}

func TestAWebSocketBringsItsTokenAsASubprotocol(t *testing.T) {
	t.Parallel()
	h := running(t)
	ctx := bounded(t)
	for _, test := range []struct{ offered, arrives []string }{
		{[]string{"realtime", "openai-insecure-api-key." + tokenAlice, "openai-beta.realtime-v1"}, []string{"realtime", "openai-beta.realtime-v1"}},
		{[]string{"openai-insecure-api-key." + tokenAlice}, nil},
	} {
		arrived := make(chan arrival, 1)
		path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
			text, _ := httputil.DumpRequest(r, false)
			arrived <- arrival{r.Header, r.RequestURI, string(text)}
			if conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"realtime"}}); err == nil {
				_ = conn.Close(websocket.StatusNormalClosure, "")
			}
		})
		conn, _, err := websocket.Dial(ctx, h.at("managed", path), &websocket.DialOptions{HTTPClient: client(t), Subprotocols: test.offered})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		if len(test.arrives) > 0 && conn.Subprotocol() != "realtime" {
			t.Errorf("%v: subprotocol is %q", test.offered, conn.Subprotocol())
		}
		got := wait(t, arrived, "the handshake")
		bearsOnlyTheOwnersKey(t, managedProviders[0], got)
		protocols := got.header.Values("Sec-Websocket-Protocol")
		if want := strings.Join(test.arrives, ", "); strings.Join(protocols, ", ") != want || (want == "") != (protocols == nil) {
			t.Errorf("subprotocols arrived as %q, want %q", protocols, want)
		}
	}
}

func TestEveryTokenOfATeamOpens(t *testing.T) {
	t.Parallel()
	h := running(t)
	for i := range 500 {
		if response, body := ask(t, newRequest(t, "GET", h.at("managed", "/v1/models"), nil, "Authorization", "Bearer "+teamToken(i))); response.StatusCode != 200 {
			t.Fatalf("member %d: got %d %s", i, response.StatusCode, body)
		}
	}
}

func TestManagedHealthNamesNoProvider(t *testing.T) {
	t.Parallel()
	h := running(t)
	_, body := ask(t, newRequest(t, "GET", h.at("managed", worker.HealthPath), nil))
	var got struct {
		Access    string
		Providers []string
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || got.Access != "managed" || got.Providers == nil || len(got.Providers) != 0 {
		t.Errorf("got %s, %v", body, err)
	}
	for _, path := range []string{"/", worker.HealthPath, "/-/none", "//x"} {
		response, body := ask(t, newRequest(t, "GET", h.at("managed", path), nil))
		text := fmt.Sprint(response.Header, body)
		for _, p := range managedProviders {
			if strings.Contains(text, ownersKey(p.ID)) || strings.Contains(text, p.Origin) {
				t.Errorf("%s tells of %s: %.200s", path, p.ID, text)
			}
		}
	}
}

// In a keyless request nothing is the caller's but method and path.
func TestAKeylessRequestBearsNothingOfTheCallers(t *testing.T) {
	h := running(t)
	arrived := make(chan arrival, 16)
	h.handleAt(t, probe, watcher(t, arrived))
	for _, method := range []string{"GET", "POST"} {
		for prefix, p := range map[string]worker.Provider{"": managedProviders[0], "/anthropic": managedProviders[1], "/gemini": managedProviders[2], "/forgotten": managedProviders[5]} {
			request := newRequest(t, method, h.at("managed", "/-/keyless"+prefix+probe+"?key=callers-own&x=mark"), strings.NewReader(`{"mark":1}`),
				"Authorization", "Bearer mark", "X-Api-Key", "mark", "X-Goog-Api-Key", "mark", "Api-Key", "mark", "Cookie", "mark=1",
				"X-Anything", "mark", "User-Agent", "mark", "Content-Type", "text/mark", "Accept", "mark/*", "Anthropic-Version", "mark",
				"Sec-WebSocket-Protocol", "openai-insecure-api-key."+tokenAlice, "Range", "bytes=7-9", "Accept-Language", "mark")
			if response, _ := ask(t, request); response.StatusCode != 200 {
				t.Errorf("%s %s: got %d", method, prefix, response.StatusCode)
				continue
			}
			got := wait(t, arrived, "the upstream")
			for _, secret := range []string{"mark", "cfp_", "callers-own", "owners-key", "bytes=7-9"} {
				if strings.Contains(got.text, secret) {
					t.Errorf("%s %s: %q reached the provider: %q", method, prefix, secret, got.text)
				}
			}
			_, body, _ := strings.Cut(got.text, "\r\n\r\n")
			if want := map[string]string{"GET": "", "POST": "{}"}[method]; got.uri != p.Origin+probe || body != want {
				t.Errorf("%s %s: arrived as %s with %q", method, prefix, got.uri, body)
			}
		}
	}
}

func TestKeylessIsForTheProbesWhereAccessIsManaged(t *testing.T) {
	h := running(t)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s reached the upstream", r.Method, r.RequestURI)
	})
	h.handleAt(t, probe, func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s reached the upstream", r.Method, r.RequestURI)
	})
	for _, method := range []string{"PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"} {
		response, _ := ask(t, newRequest(t, method, h.at("managed", "/-/keyless"+probe), nil))
		if response.StatusCode != 405 || response.Header.Get(worker.ErrorHeader) != "method_not_allowed" {
			t.Errorf("%s: got %d %v", method, response.StatusCode, response.Header)
		}
	}
	for _, method := range []string{"GET", "POST"} {
		for _, address := range []string{h.url("/-/keyless" + probe), h.at("managed", "/-/keyless"+path), h.at("managed", "/-/keyless/openai"+path)} {
			response, body := ask(t, newRequest(t, method, address, nil))
			if response.StatusCode != 404 || response.Header.Get(worker.ErrorHeader) != "not_found" {
				t.Errorf("%s %s: got %d %s", method, address, response.StatusCode, body)
			}
		}
	}
	for _, target := range []string{"/-/keyless//evil.example", "/-/keyless/openai//evil.example", "/-/keyless/../x", "/-/keyless/v1/%2e%2e/x", "/-/keyless/v1/probe/", "/-/keyless/v1/%70robe"} {
		response, body := h.rawAt(t, "managed", target, "relay.example")
		if response == nil || response.StatusCode != 404 || response.Header.Get(worker.ErrorHeader) != "not_found" {
			t.Errorf("%s: got %v %s", target, response, body)
		}
	}
}

func TestARedirectOfAKeylessRequestIsHandedBack(t *testing.T) {
	h := running(t)
	target := h.handle(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	for _, status := range []int{301, 302, 303, 307, 308} {
		h.handleAt(t, probe, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", target)
			w.WriteHeader(status)
		})
		for _, method := range []string{"GET", "POST"} {
			response, _ := ask(t, newRequest(t, method, h.at("managed", "/-/keyless"+probe), nil))
			if response.StatusCode != status || response.Header.Get("Location") != target {
				t.Errorf("%s, %d: got %d %v", method, status, response.StatusCode, response.Header)
			}
		}
	}
}

func TestAManagedAnswerIsHandedBackAsItIs(t *testing.T) {
	t.Parallel()
	h := running(t)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(429)
		_, _ = io.WriteString(w, "slow down")
	})
	response, body := ask(t, newRequest(t, "POST", h.at("managed", path), strings.NewReader("{}"), "Authorization", "Bearer "+tokenAlice))
	if response.StatusCode != 429 || body != "slow down" || response.Header.Get("Retry-After") != "7" || response.Header.Get(worker.ErrorHeader) != "" {
		t.Errorf("got %d %v %q", response.StatusCode, response.Header, body)
	}
}
