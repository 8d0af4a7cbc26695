package worker_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/cfproxy/cfproxy/worker"
)

// allowedOrigins are those of the relays "origins" and "managed origins": of web pages, a desktop app and an extension.
var allowedOrigins = []string{
	"https://app.example", "http://localhost:3000", "app://obsidian.md", "chrome-extension://cjpalhdlnbpafiamejdnhcphjbkeiagm",
}

// If the owner restricts origins, pages of other origins can read neither responses nor errors nor the health
// endpoint.
func TestAllowedOrigins(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept-Encoding")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		_, _ = io.WriteString(w, "{}")
	})
	for _, relay := range []string{"origins", "managed origins"} {
		for _, target := range []string{path, worker.HealthPath, "/-/none", "//bad", "/v1/models"} {
			for origin, want := range map[string]string{
				"https://app.example": "https://app.example", "http://localhost:3000": "http://localhost:3000",
				"https://app.example.evil.example": "", "https://evil.example": "", "http://app.example": "",
				"https://app.example:8443": "", "null": "", "": "",
				"app://obsidian.md": "app://obsidian.md", "app://obsidian.md.evil.example": "", "app://obsidian": "", "tauri://obsidian.md": "",
				"https://obsidian.md": "", "chrome-extension://cjpalhdlnbpafiamejdnhcphjbkeiagm": "chrome-extension://cjpalhdlnbpafiamejdnhcphjbkeiagm",
				"chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": "", "moz-extension://cjpalhdlnbpafiamejdnhcphjbkeiagm": "",
			} {
				request := newRequest(t, "GET", h.workerURL(relay, target), nil)
				if origin != "" {
					request.Header.Set("Origin", origin)
				}
				response, _ := do(t, request)
				if got := response.Header.Get("Access-Control-Allow-Origin"); got != want {
					t.Errorf("%s %s for %q: allow-origin is %q, want %q", relay, target, origin, got, want)
				}
				if !headerItems(response.Header, "Vary")["origin"] {
					t.Errorf("%s %s for %q: Vary is %q", relay, target, origin, response.Header.Values("Vary"))
				}
				if relay == "origins" && target == path && !headerItems(response.Header, "Vary")["accept-encoding"] {
					t.Errorf("the upstream's Vary is missing: %q", response.Header.Values("Vary"))
				}
			}
		}
	}
}

func TestPreflightFromOtherOrigin(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	for _, relay := range []string{"origins", "managed origins"} {
		for origin, want := range map[string]int{"https://app.example": 204, "http://localhost:3000": 204, "app://obsidian.md": 204,
			"https://evil.example": 403, "null": 403, "app://evil": 403} {
			response, body := do(t, newRequest(t, "OPTIONS", h.workerURL(relay, "/v1/models"), nil, "Origin", origin,
				"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization"))
			if response.StatusCode != want || body != "" || !headerItems(response.Header, "Vary")["origin"] {
				t.Errorf("%s for %s: got %d %q %v", relay, origin, response.StatusCode, body, response.Header)
			}
			allowed := response.Header.Get("Access-Control-Allow-Origin")
			if want == 204 && (allowed != origin || !headerItems(response.Header, "Access-Control-Allow-Headers")["authorization"]) || want == 403 && allowed != "" {
				t.Errorf("%s for %s: headers are %v", relay, origin, response.Header)
			}
		}
	}
}
