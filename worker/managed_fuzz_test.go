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

// connectionHeader matches headers that change where the request ends, its host or its credential.
var connectionHeader = regexp.MustCompile(`(?i)^(content-length|transfer-encoding|host|connection|expect|upgrade|authorization)$`)

// FuzzManaged checks that no target, Host or header makes a managed relay call an origin that is not configured, that
// only the key is removed from the URL, and that the caller's token is not forwarded. The worker "twin", which is not
// managed, shows what the URL would have been.
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
		fields := parseFields(line)
		if strings.ContainsAny(target+host+line, "\r\n") || len(fields) > 0 && connectionHeader.MatchString(fields[0].name) {
			return // would be another request
		}
		h := sharedHarness(t)
		lines := []string{"Authorization: Bearer " + tokenAlice + "\r\n"}
		for _, f := range fields {
			lines = append(lines, f.name+": "+f.value+"\r\n")
		}
		response, _ := h.rawGetAt(t, "managed", target, host, lines...)
		h.checkOrigins(t)
		if response == nil || response.Header.Get("Seen") == "" {
			return
		}
		checkSafe(t, target, response.Header.Get("Seen"))
		if head, _ := strconv.Unquote(response.Header.Get("Seen-Head")); head == "" || strings.Contains(head, tokenAlice) {
			t.Errorf("%q with %q: the token was forwarded: %q", target, line, head)
		}
		h.compareWithTwin(t, target, host, lines, response)
	})
}

// compareWithTwin compares the forwarded URL with that of the twin.
func (h *harness) compareWithTwin(t *testing.T, target, host string, lines []string, response *http.Response) {
	t.Helper()
	isKeyless := !strings.Contains(response.Header.Get("Seen-Head"), "owners-key")
	if isKeyless {
		// A path below the first provider's own prefix is never one of the relay's own.
		target = strings.Replace(target, worker.KeylessPath+"-/", "/openai/-/", 1)
		target = strings.Replace(target, worker.KeylessPath, "/", 1)
	}
	twin, _ := h.rawGetAt(t, "twin", target, host, lines...)
	want := ""
	if twin != nil {
		want = stripKeys(twin.Header.Get("Seen"))
	}
	if isKeyless {
		want, _, _ = strings.Cut(want, "?")
	}
	if got := response.Header.Get("Seen"); got != want {
		t.Errorf("%q: arrived as %q, want %q", target, got, want)
	}
}

// stripKeys removes the params of a URL that decode to key.
func stripKeys(url string) string {
	path, query, _ := strings.Cut(url, "?")
	params := strings.Split(query, "&")
	others := slices.DeleteFunc(slices.Clone(params), func(p string) bool {
		name, _, _ := strings.Cut(p, "=")
		return percentDecode(name) == "key"
	})
	switch len(others) {
	case len(params):
		return url
	case 0:
		return path
	}
	return path + "?" + strings.Join(others, "&")
}

// percentDecode decodes a name as providers do. Invalid sequences are kept.
func percentDecode(name string) string {
	return regexp.MustCompile(`%[0-9A-Fa-f]{2}`).ReplaceAllStringFunc(name, func(code string) string {
		b, _ := strconv.ParseUint(code[1:], 16, 8)
		return string([]byte{byte(b)})
	})
}
