// Package standin answers like LLM providers, so that a relay can be tried without a network and without a key. OpenAI is
// emulated well enough to chat; all other providers reject every request with the response that they give to a missing
// or an unknown key. It imports nothing of this module.
package standin

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Key is the only API key that the stand-in for OpenAI accepts.
const Key = "sk-sandbox-0123456789abcdef"

// OpenAIHost is the host of OpenAI's API.
const OpenAIHost = "api.openai.com"

// Handler returns a handler that answers like the provider at host, which is in lower case, or nil if there is no stand-in
// for that host. The path selects between the APIs of one host. regionBlocked makes the providers that do not serve every
// country reject the request because of its origin.
func Handler(host, path string, regionBlocked bool) http.Handler {
	if host == OpenAIHost {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serveOpenAI(w, r, regionBlocked) })
	}
	p, ok := findProvider(host, path)
	if !ok {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, regionBlocked) })
}

// NewRay returns a random request ID in the form of Cloudflare's CF-Ray header. SBX is the sandbox's data centre.
func NewRay() string { return fmt.Sprintf("%016x-SBX", rand.Uint64()) }

// setCloudflareHeaders sets the headers and cookies of a provider that is itself a customer of Cloudflare.
func setCloudflareHeaders(h http.Header, host string) {
	h.Set("Server", "cloudflare")
	h.Set("CF-Ray", NewRay())
	h.Set("CF-Cache-Status", "DYNAMIC")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload")
	expires := time.Now().Add(30 * time.Minute).UTC().Format(http.TimeFormat)
	h.Add("Set-Cookie", fmt.Sprintf("__cf_bm=%016x; path=/; expires=%s; domain=.%s; HttpOnly; Secure; SameSite=None", rand.Uint64(), expires, host))
	h.Add("Set-Cookie", fmt.Sprintf("_cfuvid=%016x; path=/; domain=.%s; HttpOnly; Secure; SameSite=None", rand.Uint64(), host))
}

// writeJSON writes a response, compressed if the request accepts gzip. Requests of the Workers runtime do by default.
func writeJSON(w http.ResponseWriter, r *http.Request, status int, body any) {
	data, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		h.Set("Vary", "Accept-Encoding")
		data = compress(data)
	}
	h.Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	w.Write(data)
}

func compress(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

// marshal is json.Marshal without the escaping of <, > and &.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
