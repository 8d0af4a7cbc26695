package worker_test

import (
	"net/http"
	"strings"
	"testing"
)

// headerItems returns the items of a list header, in lower case.
func headerItems(h http.Header, name string) map[string]bool {
	items := map[string]bool{}
	for item := range strings.SplitSeq(strings.ToLower(strings.Join(h.Values(name), ",")), ",") {
		items[strings.TrimSpace(item)] = true
	}
	return items
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	path := h.handle(t, func(http.ResponseWriter, *http.Request) { t.Error("the preflight was forwarded") })
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		response, body := do(t, newRequest(t, "OPTIONS", h.relayURL(path), nil, "Origin", "https://app.example",
			"Access-Control-Request-Method", method,
			"Access-Control-Request-Headers", "authorization,content-type,x-stainless-os,x-never-heard-of"))
		if response.StatusCode != http.StatusNoContent || body != "" {
			t.Fatalf("got %d %q", response.StatusCode, body)
		}
		if got := response.Header.Get("Access-Control-Allow-Origin"); got != "*" {
			t.Errorf("allow-origin is %q", got)
		}
		if !headerItems(response.Header, "Access-Control-Allow-Methods")[strings.ToLower(method)] {
			t.Errorf("%s is not allowed: %v", method, response.Header)
		}
		for _, name := range []string{"authorization", "content-type", "x-stainless-os", "x-never-heard-of"} {
			if !headerItems(response.Header, "Access-Control-Allow-Headers")[name] {
				t.Errorf("%s is not allowed: %v", name, response.Header)
			}
		}
		if got := response.Header.Get("Access-Control-Max-Age"); got != "86400" {
			t.Errorf("max-age is %q", got)
		}
		if got := response.Header.Values("Access-Control-Allow-Credentials"); got != nil {
			t.Errorf("credentials are allowed: %q", got)
		}
	}
}

func TestPreflightWithoutRequestedHeaders(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	response, _ := do(t, newRequest(t, "OPTIONS", h.relayURL("/v1/models"), nil, "Origin", "null", "Access-Control-Request-Method", "GET"))
	if got, there := response.Header["Access-Control-Allow-Headers"]; there || response.StatusCode != http.StatusNoContent {
		t.Errorf("got %d, allow-headers %q", response.StatusCode, got)
	}
}

func TestOtherOptionsRequestsAreForwarded(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	for _, header := range [][]string{
		nil,
		{"Origin", "https://app.example"},
		{"Access-Control-Request-Method", "GET"},
	} {
		response, body := do(t, newRequest(t, "OPTIONS", h.relayURL("/v1/models"), nil, header...))
		if response.StatusCode != 200 || body != "OPTIONS https://api.openai.com/v1/models" {
			t.Errorf("with %q: got %d %q", header, response.StatusCode, body)
		}
	}
}

func TestCORSHeaders(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	for _, path := range []string{"/v1/models", "/-/health", "/-/none", "//bad"} {
		response, _ := do(t, newRequest(t, "GET", h.relayURL(path), nil, "Origin", "https://app.example"))
		if got := response.Header.Values("Access-Control-Allow-Origin"); len(got) != 1 || got[0] != "*" {
			t.Errorf("%s: allow-origin is %q", path, got)
		}
		exposed := headerItems(response.Header, "Access-Control-Expose-Headers")
		for _, name := range []string{"*", "x-request-id", "request-id", "retry-after", "x-cfproxy", "openai-processing-ms",
			"x-ratelimit-limit-requests", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"} {
			if !exposed[name] {
				t.Errorf("%s: %s is not exposed", path, name)
			}
		}
	}
}
