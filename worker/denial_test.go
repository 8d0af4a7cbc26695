package worker_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/worker"
)

// malformedTokenLists returns invalid contents of the token module, by the suffix of the worker name.
func malformedTokenLists() map[string]string {
	sum := token("alice", tokenAlice).SHA256
	return map[string]string{
		"empty":                ``,
		"truncated":            `[{"name":"alice","sha256":"` + sum,
		"null":                 `null`,
		"no list":              `{"name":"alice","sha256":"` + sum + `"}`,
		"null entry":           `[null]`,
		"no digest":            `[{"name":"alice"}]`,
		"short digest":         `[{"name":"alice","sha256":"` + sum[:16] + `"}]`,
		"digest in upper case": `[{"name":"alice","sha256":"` + strings.ToUpper(sum) + `"}]`,
		"valid, then invalid":  `[{"name":"alice","sha256":"` + sum + `"},{"name":"bob"}]`,
		"invalid, then valid":  `[{"name":"bob"},{"name":"alice","sha256":"` + sum + `"}]`,
		"expires as text":      `[{"name":"alice","sha256":"` + sum + `","expires":"never"}]`,
		"expires before 1970":  `[{"name":"alice","sha256":"` + sum + `","expires":-1}]`,
		"providers as text":    `[{"name":"alice","sha256":"` + sum + `","providers":"openai-and-more"}]`,
		"providers as numbers": `[{"name":"alice","sha256":"` + sum + `","providers":[1]}]`,
		"rpm as text":          `[{"name":"alice","sha256":"` + sum + `","rpm":"many"}]`,
		"negative rpm":         `[{"name":"alice","sha256":"` + sum + `","rpm":-1}]`,
	}
}

func TestMalformedTokenList(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	for name := range malformedTokenLists() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // the first request must leave no state that allows the second
				for _, header := range [][]string{{"Authorization", "Bearer " + tokenAlice}, {"Authorization", "Bearer " + tokenRevoked}} {
					response, body := do(t, newRequest(t, "GET", h.workerURL("tokens: "+name, "/v1/models"), nil, header...))
					if response.StatusCode != 500 {
						t.Errorf("got %d %s", response.StatusCode, body)
					}
					checkError(t, body, "bad_config")
				}
			}
		})
	}
}

func TestEmptyTokenList(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	response, body := do(t, newRequest(t, "GET", h.workerURL("no tokens", "/v1/models"), nil, "Authorization", "Bearer "+tokenAlice))
	if response.StatusCode != 401 {
		t.Errorf("got %d", response.StatusCode)
	}
	checkError(t, body, "token_unknown")
}

// denials are requests that a managed relay must reject.
var denials = []struct {
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

func TestDenialsFollowTheDialect(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s was forwarded", r.Method, r.RequestURI)
	})
	check := func(p worker.Provider, name, query string, header []string, status int, code, hint string) {
		t.Helper()
		response, body := do(t, newRequest(t, "POST", h.workerURL("managed", "/"+p.ID+path+query), strings.NewReader("{}"), header...))
		if response.StatusCode != status || response.Header.Get(worker.ErrorHeader) != code || !strings.Contains(body, hint) {
			t.Errorf("%s, %s: got %d %v %s, want %d %s", p.ID, name, response.StatusCode, response.Header, body, status, code)
		}
		checkDialect(t, p.Dialect, status, body)
		if response.Header.Get("Content-Type") != "application/json" || response.Header.Get("Access-Control-Allow-Origin") != "*" || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s, %s: headers are %v", p.ID, name, response.Header)
		}
		for _, secret := range []string{"cfp_alice", "cfp_rev", "owners-key", "callers-own"} {
			if strings.Contains(body, secret) {
				t.Errorf("%s, %s: the response contains a secret: %s", p.ID, name, body)
			}
		}
	}
	for _, p := range managedProviders {
		for _, test := range denials {
			check(p, test.name, test.query, test.header, test.status, test.code, test.hint)
		}
	}
	for _, p := range []worker.Provider{managedProviders[0], managedProviders[2], managedProviders[3]} {
		check(p, "of another provider", "", []string{"Authorization", "Bearer " + tokenNarrow}, 403, "token_provider", "ask the owner")
	}
	check(managedProviders[5], "no key", "", []string{"Authorization", "Bearer " + tokenAlice}, 500, "key_missing", "deploy it again")
}

// checkDialect checks the fields that the SDKs of a dialect read.
func checkDialect(t *testing.T, dialect string, status int, body string) {
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
	valid := false
	switch dialect {
	case worker.DialectOpenAI:
		_, isText := got.Error.Code.(string)
		valid = isText && got.Error.Message != "" && got.Error.Type == "cfproxy_error"
	case worker.DialectAnthropic:
		valid = got.Type == "error" && got.Error.Message != "" && got.Error.Type == types[status][0]
	case worker.DialectGoogle:
		valid = got.Error.Code == float64(status) && got.Error.Message != "" && got.Error.Status == types[status][1]
	case worker.DialectCohere:
		valid = got.Message != ""
	}
	if !valid {
		t.Errorf("not in the format of %s: %s", dialect, body)
	}
}
