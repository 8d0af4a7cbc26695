package worker_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/worker"
)

// badTokens are texts of the module of tokens that say nothing, or nothing that
// could be relied upon, by the name of the worker that gets them.
func badTokens() map[string]string {
	sum := token("alice", tokenAlice).SHA256
	return map[string]string{
		"empty":                   ``,
		"cut off":                 `[{"name":"alice","sha256":"` + sum,
		"null":                    `null`,
		"no list":                 `{"name":"alice","sha256":"` + sum + `"}`,
		"null entry":              `[null]`,
		"no digest":               `[{"name":"alice"}]`,
		"short digest":            `[{"name":"alice","sha256":"` + sum[:16] + `"}]`,
		"digest in capitals":      `[{"name":"alice","sha256":"` + strings.ToUpper(sum) + `"}]`,
		"good one, then a bad":    `[{"name":"alice","sha256":"` + sum + `"},{"name":"bob"}]`,
		"bad one, then a good":    `[{"name":"bob"},{"name":"alice","sha256":"` + sum + `"}]`,
		"expires in words":        `[{"name":"alice","sha256":"` + sum + `","expires":"never"}]`,
		"expires before 1970":     `[{"name":"alice","sha256":"` + sum + `","expires":-1}]`,
		"providers as text":       `[{"name":"alice","sha256":"` + sum + `","providers":"openai-and-more"}]`,
		"providers of no text":    `[{"name":"alice","sha256":"` + sum + `","providers":[1]}]`,
		"requests in words":       `[{"name":"alice","sha256":"` + sum + `","rpm":"many"}]`,
		"requests less than none": `[{"name":"alice","sha256":"` + sum + `","rpm":-1}]`,
	}
}

func TestASpoiltListOfTokensIsA500AndOpensNothing(t *testing.T) {
	t.Parallel()
	h := running(t)
	for name := range badTokens() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // what is left of the first try must not open, either
				for _, header := range [][]string{{"Authorization", "Bearer " + tokenAlice}, {"Authorization", "Bearer " + tokenRevoked}} {
					response, body := ask(t, newRequest(t, "GET", h.at("tokens: "+name, "/v1/models"), nil, header...))
					if response.StatusCode != 500 {
						t.Errorf("got %d %s", response.StatusCode, body)
					}
					failed(t, body, "bad_config")
				}
			}
		})
	}
}

func TestAnEmptyListOfTokensOpensNothing(t *testing.T) {
	t.Parallel()
	h := running(t)
	response, body := ask(t, newRequest(t, "GET", h.at("no tokens", "/v1/models"), nil, "Authorization", "Bearer "+tokenAlice))
	if response.StatusCode != 401 {
		t.Errorf("got %d", response.StatusCode)
	}
	failed(t, body, "token_unknown")
}

// refusals are requests that a managed relay must not pass on.
var refusals = []struct {
	name, query string
	header      []string
	status      int
	code, hint  string
}{
	{name: "nothing", status: 401, code: "token_missing", hint: "ask its owner"},
	{name: "empty", header: []string{"Authorization", ""}, status: 401, code: "token_missing", hint: "ask its owner"},
	{name: "a key of the caller's", header: []string{"Authorization", "Bearer sk-callers-own", "X-Api-Key", "sk-ant-callers-own"}, status: 401, code: "token_missing", hint: "cfp_"},
	{name: "a key in the query", query: "?key=AIza-callers-own", status: 401, code: "token_missing", hint: "ask its owner"},
	{name: "revoked", header: []string{"X-Api-Key", tokenRevoked}, status: 401, code: "token_unknown", hint: "ask the owner"},
	{name: "the prefix alone", header: []string{"Authorization", "Bearer cfp_"}, status: 401, code: "token_unknown", hint: "ask the owner"},
	{name: "half a token", header: []string{"Authorization", "Bearer " + tokenAlice[:20]}, status: 401, code: "token_unknown", hint: "ask the owner"},
	{name: "more than a token", header: []string{"Authorization", "Bearer " + tokenAlice + "x"}, status: 401, code: "token_unknown", hint: "ask the owner"},
	{name: "two tokens", header: []string{"Authorization", "Bearer " + tokenAlice, "Authorization", "Bearer " + tokenAlice}, status: 401, code: "token_unknown", hint: "ask the owner"},
	{name: "a digest", header: []string{"Authorization", "Bearer " + token("", tokenAlice).SHA256}, status: 401, code: "token_missing", hint: "ask its owner"},
	{name: "expired", header: []string{"Api-Key", tokenExpired}, status: 401, code: "token_expired", hint: "ask the owner"},
	{name: "no binding to count by", header: []string{"Authorization", "Bearer " + tokenUncapped}, status: 500, code: "bad_config", hint: "deploy it again"},
}

func TestRefusalsComeInTheProvidersShape(t *testing.T) {
	t.Parallel()
	h := running(t)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s reached the upstream", r.Method, r.RequestURI)
	})
	refused := func(p worker.Provider, name, query string, header []string, status int, code, hint string) {
		t.Helper()
		response, body := ask(t, newRequest(t, "POST", h.at("managed", "/"+p.ID+path+query), strings.NewReader("{}"), header...))
		if response.StatusCode != status || response.Header.Get(worker.ErrorHeader) != code || !strings.Contains(body, hint) {
			t.Errorf("%s, %s: got %d %v %s, want %d %s", p.ID, name, response.StatusCode, response.Header, body, status, code)
		}
		inDialect(t, p.Dialect, status, body)
		if response.Header.Get("Content-Type") != "application/json" || response.Header.Get("Access-Control-Allow-Origin") != "*" || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s, %s: headers are %v", p.ID, name, response.Header)
		}
		for _, secret := range []string{"cfp_alice", "cfp_rev", "owners-key", "callers-own"} {
			if strings.Contains(body, secret) {
				t.Errorf("%s, %s: the answer repeats a secret: %s", p.ID, name, body)
			}
		}
	}
	for _, p := range managedProviders {
		for _, test := range refusals {
			refused(p, test.name, test.query, test.header, test.status, test.code, test.hint)
		}
	}
	for _, p := range []worker.Provider{managedProviders[0], managedProviders[2], managedProviders[3]} {
		refused(p, "of another provider", "", []string{"Authorization", "Bearer " + tokenNarrow}, 403, "token_provider", "ask the owner")
	}
	refused(managedProviders[5], "no key", "", []string{"Authorization", "Bearer " + tokenAlice}, 500, "key_missing", "deploy it again")
}

// inDialect checks the fields that the SDKs of a dialect read.
func inDialect(t *testing.T, dialect string, status int, body string) {
	t.Helper()
	var got struct {
		Type, Message string
		Error         struct {
			Type, Message, Status string
			Code                  any
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Errorf("%v in %s", err, body)
		return
	}
	types := map[int][2]string{401: {"authentication_error", "UNAUTHENTICATED"}, 403: {"permission_error", "PERMISSION_DENIED"}, 500: {"api_error", "INTERNAL"}}
	good := false
	switch dialect {
	case worker.DialectOpenAI:
		_, isText := got.Error.Code.(string)
		good = isText && got.Error.Message != "" && got.Error.Type == "cfproxy_error"
	case worker.DialectAnthropic:
		good = got.Type == "error" && got.Error.Message != "" && got.Error.Type == types[status][0]
	case worker.DialectGoogle:
		good = got.Error.Code == float64(status) && got.Error.Message != "" && got.Error.Status == types[status][1]
	case worker.DialectCohere:
		good = got.Message != ""
	}
	if !good {
		t.Errorf("not as %s has it: %s", dialect, body)
	}
}
