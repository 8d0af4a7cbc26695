package standin

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
)

// openAIError is the error object of OpenAI, https://platform.openai.com/docs/guides/error-codes. Missing values are null.
type openAIError struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

const (
	missingKey = "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth " +
		"(i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the API from your " +
		"browser and are prompted for a username and password. You can obtain an API key from https://platform.openai.com/account/api-keys."
	missingKeyResponses = "Missing bearer or basic authentication in header"
)

func writeOpenAIError(w http.ResponseWriter, r *http.Request, status int, kind, message, param, code string) {
	writeJSON(w, r, status, map[string]openAIError{"error": {Message: message, Type: kind, Param: nilIfEmpty(param), Code: nilIfEmpty(code)}})
}

// WriteServerError writes an error with the given status as OpenAI reports its own failures. OpenAI's standard
// text replaces an empty message.
func WriteServerError(w http.ResponseWriter, r *http.Request, status int, message string) {
	kind, code := "server_error", ""
	if status == http.StatusTooManyRequests {
		kind, code = "requests", "rate_limit_exceeded"
	}
	message = cmp.Or(message, "The server had an error while processing your request. Sorry about that!")
	setCloudflareHeaders(w.Header(), OpenAIHost)
	writeOpenAIError(w, r, status, kind, message, "", code)
}

func nilIfEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

const invalidRequest = "invalid_request_error"

// serveOpenAI answers like OpenAI, which checks the region first, then the URL, then the key.
func serveOpenAI(w http.ResponseWriter, r *http.Request, regionBlocked bool) {
	h := w.Header()
	setCloudflareHeaders(h, OpenAIHost)
	if regionBlocked {
		writeOpenAIError(w, r, http.StatusForbidden, "request_forbidden",
			"Country, region, or territory not supported", "", "unsupported_country_region_territory")
		return
	}
	h.Set("X-Request-Id", fmt.Sprintf("req_%016x%016x", rand.Uint64(), rand.Uint64()))
	serve, method := openAIRoute(r.URL.Path)
	switch key := openAIKey(r); {
	case serve == nil:
		writeOpenAIError(w, r, http.StatusNotFound, invalidRequest, fmt.Sprintf("Invalid URL (%s %s)", r.Method, r.URL.Path), "", "")
		return
	case key == "":
		text := missingKey
		if strings.HasPrefix(r.URL.Path, "/v1/responses") {
			text = missingKeyResponses
		}
		h.Set("Www-Authenticate", `Bearer realm="OpenAI API"`)
		writeOpenAIError(w, r, http.StatusUnauthorized, invalidRequest, text, "", "")
		return
	case key != Key:
		writeOpenAIError(w, r, http.StatusUnauthorized, invalidRequest,
			fmt.Sprintf("Incorrect API key provided: %s. You can find your API key at https://platform.openai.com/account/api-keys.", redact(key)),
			"", "invalid_api_key")
		return
	case r.Method != method:
		writeOpenAIError(w, r, http.StatusMethodNotAllowed, invalidRequest,
			fmt.Sprintf("Not allowed to %s on %s. (HINT: Perhaps you meant to use a different HTTP method?)", r.Method, r.URL.Path),
			"", "method_not_supported")
		return
	}
	h.Set("Openai-Version", "2020-10-01")
	h.Set("Openai-Organization", "sandbox")
	h.Set("Openai-Processing-Ms", "7")
	serve(w, r)
}

// openAIRoute returns the handler for a path, nil for a path that is not emulated, and the method that it takes.
func openAIRoute(path string) (http.HandlerFunc, string) {
	switch {
	case path == "/v1/models":
		return listModels, http.MethodGet
	case strings.HasPrefix(path, "/v1/models/"):
		return getModel, http.MethodGet
	case path == "/v1/chat/completions":
		return createChatCompletion, http.MethodPost
	case path == "/v1/responses":
		return createResponse, http.MethodPost
	case path == "/v1/realtime":
		return realtime, http.MethodGet
	}
	return nil, ""
}

// openAIKey returns the key of a request, "" if it has none. OpenAI accepts it as a Bearer token, as the password of Basic
// authentication, or as a WebSocket subprotocol.
func openAIKey(r *http.Request) string {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(value)
	}
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	for _, offer := range subprotocols(r) {
		if key, ok := strings.CutPrefix(offer, "openai-insecure-api-key."); ok {
			return key
		}
	}
	return ""
}

// redact returns a key with asterisks in its middle, as OpenAI shows it.
func redact(key string) string {
	if len(key) < 12 {
		return strings.Repeat("*", len(key))
	}
	return key[:8] + strings.Repeat("*", len(key)-12) + key[len(key)-4:]
}

type model struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

func models() []model {
	var out []model
	for _, id := range []string{"gpt-4o-mini", "gpt-5-mini", "gpt-5.6"} {
		out = append(out, model{ID: id, Object: "model", Created: 1767225600, OwnedBy: "sandbox"})
	}
	return out
}

func listModels(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, r, http.StatusOK, map[string]any{"object": "list", "data": models()})
}

func getModel(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimPrefix(r.URL.Path, "/v1/models/")
	i := slices.IndexFunc(models(), func(m model) bool { return m.ID == id })
	if i < 0 {
		modelNotFound(w, r, id)
		return
	}
	writeJSON(w, r, http.StatusOK, models()[i])
}

func modelNotFound(w http.ResponseWriter, r *http.Request, id string) {
	writeOpenAIError(w, r, http.StatusNotFound, invalidRequest,
		fmt.Sprintf("The model `%s` does not exist or you do not have access to it.", id), "", "model_not_found")
}

// readJSON decodes the body of a request and reports whether it could. If not, it has written OpenAI's error response.
func readJSON(w http.ResponseWriter, r *http.Request, v any) bool {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 32<<20))
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		writeOpenAIError(w, r, http.StatusBadRequest, invalidRequest,
			"We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. "+
				"The OpenAI API expects a JSON payload.)", "", "")
		return false
	}
	return true
}
