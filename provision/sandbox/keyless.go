package sandbox

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
)

// The other providers only refuse: their refusals are what tells that a relay reached them. With a key they refuse the key.

func serveAnthropic(w http.ResponseWriter, r *http.Request, blocked bool) {
	behindCloudflare(w.Header(), "api.anthropic.com")
	id := fmt.Sprintf("req_%016x", rand.Uint64())
	w.Header().Set("Request-Id", id)
	if blocked {
		reply(w, r, http.StatusForbidden, map[string]any{"error": map[string]any{"type": "forbidden", "message": "Request not allowed"}})
		return
	}
	message := "x-api-key header is required"
	if r.Header.Get("X-Api-Key") != "" {
		message = "invalid x-api-key"
	}
	reply(w, r, http.StatusUnauthorized, map[string]any{
		"type": "error", "error": map[string]any{"type": "authentication_error", "message": message}, "request_id": id,
	})
}

func serveGemini(w http.ResponseWriter, r *http.Request, blocked bool) {
	w.Header().Set("Server", "scaffolding on HTTPServer2")
	refuse := func(status int, kind, message string) {
		var body any = map[string]any{"error": map[string]any{"code": status, "message": message, "status": kind}}
		if strings.HasPrefix(r.URL.Path, "/v1beta/openai/") {
			body = []any{body} // the compatible interface wraps its errors
		}
		reply(w, r, status, body)
	}
	keyed := r.URL.Query().Get("key") != "" || r.Header.Get("X-Goog-Api-Key") != "" || r.Header.Get("Authorization") != ""
	switch {
	case blocked:
		refuse(http.StatusBadRequest, "FAILED_PRECONDITION", "User location is not supported for the API use.")
	case keyed:
		refuse(http.StatusBadRequest, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")
	case strings.HasPrefix(r.URL.Path, "/v1beta/openai/"):
		refuse(http.StatusBadRequest, "INVALID_ARGUMENT", "Missing Authorization header.")
	default:
		refuse(http.StatusForbidden, "PERMISSION_DENIED", "Method doesn't allow unregistered callers (callers without established identity). "+
			"Please use API Key or other form of API consumer identity to call this API.")
	}
}

func serveDeepSeek(w http.ResponseWriter, r *http.Request) {
	message := "Authentication Fails (auth header format should be Bearer sk-...)"
	if _, key, ok := strings.Cut(r.Header.Get("Authorization"), "Bearer "); ok && key != "" {
		message = fmt.Sprintf("Authentication Fails, Your api key: ****%s is invalid", key[max(0, len(key)-4):])
	}
	reply(w, r, http.StatusUnauthorized, map[string]any{"error": map[string]any{
		"message": message, "type": "authentication_error", "param": nil, "code": "invalid_request_error"}})
}

func serveOpenRouter(w http.ResponseWriter, r *http.Request) {
	behindCloudflare(w.Header(), "openrouter.ai")
	message := "No auth credentials found"
	if r.Header.Get("Authorization") != "" {
		message = "User not found."
	}
	reply(w, r, http.StatusUnauthorized, map[string]any{"error": map[string]any{"message": message, "code": 401}})
}
