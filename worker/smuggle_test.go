package worker_test

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/worker"
)

// connectionHeader is what would change where the request ends or who answers it.
var connectionHeader = regexp.MustCompile(`(?i)^(content-length|transfer-encoding|host|connection|expect|upgrade|authorization)$`)

// FuzzManaged asserts of a managed relay that no target, Host or header makes it
// call another origin than a configured one, that nothing of the URL changes on
// the way but the key, and that the caller's token goes nowhere. What the URL
// would have been is asked of a twin that changes no keys.
func FuzzManaged(f *testing.F) {
	for _, target := range attacks {
		f.Add(target, "relay.example", "")
		f.Add(target+"?key=a", "relay.example", "")
		f.Add("/-/keyless"+target, "relay.example", "")
		f.Add("/-/keyless/openai"+target, "relay.example", "X-Api-Key: a")
	}
	for _, target := range []string{
		"/v1/x?key=a&key=b", "/v1/x?&key=a&&key&", "/v1/x&key=/y?z", "/gemini/v1beta/x?alt=sse&key=a#f", "/v1?key=a&b#&key=c",
		"/v1?%6bey=a&KEY=1&k%65y", "/v1?key=//evil.example&@evil.example/", "/v1?key=?key=a&b", "/v1?a=b;key=c", "/v1??key=a&?k%65y=1",
		"/v1?key%=a&key%3d=b&%=c", "/v1?'key'=a&ke%79=%zz", "http://evil.example?key=a", "/v1?\xffkey=1&key\xff=2", "/v1?key[]=1&key+=2&+key=3&key%20=4",
		"/-/keyless/anthropic/v1/probe?key=a", "/-/keyless/v1/probe", "/-/keyless", "/-/keyless/", "/-/keyless/@evil.example", "/openai/-/keyless/v1", "/azure-openai/x?y=1&key=x",
		"/v1?a\tkey=1&\x00key=2", "/v1?&&", "/v1?=key&key", "/?key=x", "?key=x", "/v1?%00key=a&key%00=b&%6B%65%79=c&%256bey=d",
	} {
		f.Add(target, "relay.example", "x-goog-api-key: a")
		f.Add(target, "a@evil.example", "X-Forwarded-Host: evil.example")
	}
	f.Fuzz(func(t *testing.T, target, host, line string) {
		fields := fieldsOf(line)
		if strings.ContainsAny(target+host+line, "\r\n") || len(fields) > 0 && connectionHeader.MatchString(fields[0].name) {
			return // another request, not another target
		}
		h := running(t)
		lines := []string{"Authorization: Bearer " + tokenAlice + "\r\n"}
		for _, f := range fields {
			lines = append(lines, f.name+": "+f.value+"\r\n")
		}
		response, _ := h.rawAt(t, "managed", target, host, lines...)
		h.calledNobodyElse(t)
		if response == nil || response.Header.Get("Seen") == "" {
			return
		}
		harmless(t, target, response.Header.Get("Seen"))
		if head, _ := strconv.Unquote(response.Header.Get("Seen-Head")); head == "" || strings.Contains(head, tokenAlice) {
			t.Errorf("%q with %q: the token reached the provider: %q", target, line, head)
		}
		h.sameAsTwin(t, target, host, lines, response)
	})
}

// sameAsTwin checks the URL that arrived against the one that the twin made.
func (h *harness) sameAsTwin(t *testing.T, target, host string, lines []string, response *http.Response) {
	t.Helper()
	isKeyless := !strings.Contains(response.Header.Get("Seen-Head"), "owners-key")
	if isKeyless {
		// Below the first provider's own name no path is the relay's.
		target = strings.Replace(target, worker.KeylessPath+"-/", "/openai/-/", 1)
		target = strings.Replace(target, worker.KeylessPath, "/", 1)
	}
	twin, _ := h.rawAt(t, "twin", target, host, lines...)
	want := ""
	if twin != nil {
		want = withoutKeys(twin.Header.Get("Seen"))
	}
	if isKeyless {
		want, _, _ = strings.Cut(want, "?")
	}
	if got := response.Header.Get("Seen"); got != want {
		t.Errorf("%q: arrived as %q, want %q", target, got, want)
	}
}

// withoutKeys takes the parameters of a URL away that any reader would call key.
func withoutKeys(url string) string {
	path, query, _ := strings.Cut(url, "?")
	parameters := strings.Split(query, "&")
	kept := slices.DeleteFunc(slices.Clone(parameters), func(p string) bool {
		name, _, _ := strings.Cut(p, "=")
		return decoded(name) == "key"
	})
	switch len(kept) {
	case len(parameters):
		return url
	case 0:
		return path
	}
	return path + "?" + strings.Join(kept, "&")
}

// decoded reads a name as providers do: what is not rightly encoded stands for itself.
func decoded(name string) string {
	return regexp.MustCompile(`%[0-9A-Fa-f]{2}`).ReplaceAllStringFunc(name, func(code string) string {
		b, _ := strconv.ParseUint(code[1:], 16, 8)
		return string([]byte{byte(b)})
	})
}
