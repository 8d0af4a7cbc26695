package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
)

// openAIError is the shape of OpenAI's errors, https://platform.openai.com/docs/guides/error-codes; a nil stands there as null.
type openAIError struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

const (
	textKeyless = "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth " +
		"(i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the API from your " +
		"browser and are prompted for a username and password. You can obtain an API key from https://platform.openai.com/account/api-keys."
	textKeylessResponses = "Missing bearer or basic authentication in header"
)

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

func openAIRefuse(w http.ResponseWriter, r *http.Request, status int, kind, message, param, code string) {
	reply(w, r, status, map[string]openAIError{"error": {Message: message, Type: kind, Param: orNil(param), Code: orNil(code)}})
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

const invalidRequest = "invalid_request_error"

// serveOpenAI looks at the region first, then the URL, then the key.
func serveOpenAI(w http.ResponseWriter, r *http.Request, blocked bool) {
	h := w.Header()
	behindCloudflare(h, "api.openai.com")
	if blocked {
		openAIRefuse(w, r, http.StatusForbidden, "request_forbidden",
			"Country, region, or territory not supported", "", "unsupported_country_region_territory")
		return
	}
	h.Set("X-Request-Id", fmt.Sprintf("req_%016x%016x", rand.Uint64(), rand.Uint64()))
	serve, method := openAIRoute(r.URL.Path)
	switch key := openAIKey(r); {
	case serve == nil:
		openAIRefuse(w, r, http.StatusNotFound, invalidRequest, fmt.Sprintf("Invalid URL (%s %s)", r.Method, r.URL.Path), "", "")
		return
	case key == "":
		text := textKeyless
		if strings.HasPrefix(r.URL.Path, "/v1/responses") {
			text = textKeylessResponses
		}
		h.Set("Www-Authenticate", `Bearer realm="OpenAI API"`)
		openAIRefuse(w, r, http.StatusUnauthorized, invalidRequest, text, "", "")
		return
	case key != Key:
		openAIRefuse(w, r, http.StatusUnauthorized, invalidRequest,
			fmt.Sprintf("Incorrect API key provided: %s. You can find your API key at https://platform.openai.com/account/api-keys.", redact(key)),
			"", "invalid_api_key")
		return
	case r.Method != method:
		openAIRefuse(w, r, http.StatusMethodNotAllowed, invalidRequest,
			fmt.Sprintf("Not allowed to %s on %s. (HINT: Perhaps you meant to use a different HTTP method?)", r.Method, r.URL.Path),
			"", "method_not_supported")
		return
	}
	h.Set("Openai-Version", "2020-10-01")
	h.Set("Openai-Organization", "sandbox")
	h.Set("Openai-Processing-Ms", "7")
	serve(w, r)
}

// openAIRoute knows the few URLs that a relay is tried with.
func openAIRoute(path string) (http.HandlerFunc, string) {
	switch {
	case path == "/v1/models":
		return listModels, http.MethodGet
	case strings.HasPrefix(path, "/v1/models/"):
		return getModel, http.MethodGet
	case path == "/v1/chat/completions":
		return chat, http.MethodPost
	case path == "/v1/responses":
		return respond, http.MethodPost
	case path == "/v1/realtime":
		return realtime, http.MethodGet
	}
	return nil, ""
}

// openAIKey finds the key where OpenAI takes it: Bearer, the password of Basic, or a WebSocket subprotocol.
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

// redact shows a key as OpenAI does: both ends.
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
	reply(w, r, http.StatusOK, map[string]any{"object": "list", "data": models()})
}

func getModel(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimPrefix(r.URL.Path, "/v1/models/")
	at := slices.IndexFunc(models(), func(m model) bool { return m.ID == id })
	if at < 0 {
		noModel(w, r, id)
		return
	}
	reply(w, r, http.StatusOK, models()[at])
}

func noModel(w http.ResponseWriter, r *http.Request, id string) {
	openAIRefuse(w, r, http.StatusNotFound, invalidRequest,
		fmt.Sprintf("The model `%s` does not exist or you do not have access to it.", id), "", "model_not_found")
}

// readJSON reads a request's body; what is no JSON object is refused as OpenAI refuses it.
func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 32<<20))
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		openAIRefuse(w, r, http.StatusBadRequest, invalidRequest,
			"We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. "+
				"The OpenAI API expects a JSON payload.)", "", "")
		return false
	}
	return true
}
