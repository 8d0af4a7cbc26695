package worker_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/worker"
)

// rawGet sends a GET request with the target and the Host header written as they are, which client libraries do not
// allow. The response is nil if the runtime returned none.
func (h *harness) rawGet(t testing.TB, target, host string) (*http.Response, string) {
	t.Helper()
	return h.rawGetAt(t, "relay", target, host)
}

// rawGetAt is rawGet for the worker of that name, with additional header lines that include their line breaks.
func (h *harness) rawGetAt(t testing.TB, worker, target, host string, lines ...string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", h.server.Addr(worker))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(testTimeout))
	_, _ = io.WriteString(conn, "GET "+target+" HTTP/1.1\r\nHost: "+host+"\r\n"+strings.Join(lines, "")+"Connection: close\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil, ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// attacks are deceptive request targets. The Worker itself must reject each of them.
var attacks = []string{
	"//evil.example", "//evil.example/v1", "///evil.example", "//evil.example%2f@api.openai.com/",
	"/anthropic//evil.example", "/openai//", "//",
	`/\evil.example`, `/v1\..\x`, `/v1/x\`, "/v1/%5c..%5cx", "/%5C%5Cevil.example",
	"/..", "/.", "/../", "/v1/../x", "/v1/./x", "/v1/..", "/v1/.", "/..//evil.example",
	"/%2e%2e/x", "/%2E%2e", "/v1/.%2e/x", "/v1/%2e./x", "/v1/%2e", "/%2e/%2e/",
	"/v1/..%2fx", "/v1%2f..%2fx", "/v1%2F%2e%2E%2Fx", "/anthropic/..%2f..%2fx", "/v1/x%2f..", "/..%2f", "/v1/.%2fx",
	"/anthropic/../v1/models", "/anthropic/%2e%2e/v1/models", "/-/../v1/models", "/-/health/../../v1",
	"/v1/é", "*",
}

func TestNonCanonicalPathsAreRejected(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	for _, target := range attacks {
		response, body := h.rawGet(t, target, "relay.example")
		if response == nil {
			t.Errorf("%q: no response", target)
			continue
		}
		if strings.HasPrefix(target, "/-/") {
			if response.StatusCode != http.StatusNotFound {
				t.Errorf("%q: got %d, want 404", target, response.StatusCode)
			}
			continue
		}
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: got %d %q, want 400", target, response.StatusCode, body)
			continue
		}
		checkError(t, body, "bad_path")
	}
}

func TestUnusualTargetsAreForwarded(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	for target, want := range map[string]string{
		"/v1/%2F%2Fevil.example":           "https://api.openai.com/v1/%2F%2Fevil.example",
		"/@evil.example":                   "https://api.openai.com/@evil.example",
		"/:443/":                           "https://api.openai.com/:443/",
		"/https://evil.example/":           "https://api.openai.com/https://evil.example/",
		"/v1?x=https://evil.example/../..": "https://api.openai.com/v1?x=https://evil.example/../..",
		"/v1?@evil.example/":               "https://api.openai.com/v1?@evil.example/",
		"/v1/a..b/..c/d../.e":              "https://api.openai.com/v1/a..b/..c/d../.e",
		"http://evil.example/v1":           "https://api.openai.com/v1",
		"https://evil.example/v1":          "https://api.openai.com/v1",
		"/v1/models#fragment":              "https://api.openai.com/v1/models",
	} {
		if _, body := h.rawGet(t, target, "relay.example"); body != "GET "+want {
			t.Errorf("%q arrived as %q, want %q", target, body, want)
		}
	}
}

func TestHostHeaderDoesNotSelectTheUpstream(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	for _, host := range []string{"evil.example", "evil.example:8443", "[::1]:80", "api.anthropic.com", "%65vil.example"} {
		if _, body := h.rawGet(t, "/v1/models", host); body != "GET https://api.openai.com/v1/models" {
			t.Errorf("%q: arrived as %q", host, body)
		}
	}
}

// FuzzPath checks that no target and no Host header makes the Worker call an origin that is not configured, or a path
// that an upstream could read as another one.
func FuzzPath(f *testing.F) {
	for _, target := range attacks {
		f.Add(target, "relay.example")
	}
	for _, host := range []string{"evil.example", "a@evil.example", "a/../b", `a\b`, "a?b", "a#b", "//evil.example", "[::1", "a b", ""} {
		f.Add("/v1/models", host)
		f.Add("//evil.example", host)
	}
	for _, target := range []string{"/anthropic/v1/messages?x=1", "/ported", "http://evil.example/x", "/%00", "/v1/\x01", "/v1/\xff", "/a%zz", `\\evil.example`, "?", "#", "@evil.example", ":443@evil.example", ".evil.example", "/%252e%252e/"} {
		f.Add(target, "relay.example")
	}
	f.Fuzz(func(t *testing.T, target, host string) {
		if strings.ContainsAny(target+host, "\r\n") {
			return // would be another request
		}
		h := sharedHarness(t)
		if response, _ := h.rawGet(t, target, host); response != nil {
			if seen := response.Header.Get("Seen"); seen != "" {
				checkSafe(t, target, seen)
			}
		}
		h.checkOrigins(t)
	})
}

// checkOrigins checks the origins of all upstream requests so far, of all workers.
func (h *harness) checkOrigins(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for origin := range h.origins {
		if !slices.ContainsFunc(slices.Concat(providers, managedProviders), func(p worker.Provider) bool { return p.Origin == origin }) {
			t.Errorf("the upstream %s was called", origin)
		}
	}
}

func checkSafe(t *testing.T, target, seen string) {
	u, err := url.Parse(seen)
	if err != nil {
		t.Errorf("%q arrived as %q: %v", target, seen, err)
		return
	}
	if strings.HasPrefix(u.EscapedPath(), "//") {
		t.Errorf("%q arrived with the path %q", target, u.EscapedPath())
	}
	for segment := range strings.FieldsFuncSeq(u.Path, func(r rune) bool { return r == '/' || r == '\\' }) {
		if segment == "." || segment == ".." {
			t.Errorf("%q arrived with a dot segment: %q", target, seen)
		}
	}
}
