package standin

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// refusalsJSON has the rejections of the providers other than OpenAI, by host. They show that a request reached the
// provider. Hosts that are reserved for examples (RFC 2606) reject like OpenAI.
//
//go:embed refusals.json
var refusalsJSON []byte

// provider is a provider that rejects every request.
type provider struct {
	// Host is a hostname, or "*." and a domain for all hosts below it. Path, if any, is the prefix of the paths for which
	// the entry applies; the first matching entry counts.
	Host string `json:"host"`
	Path string `json:"path"`
	// Cloudflare is whether the provider is behind Cloudflare and its responses have Cloudflare's headers.
	Cloudflare bool              `json:"cloudflare"`
	Header     map[string]string `json:"header"`
	// Key lists the headers that can have a key; "?NAME" is a query parameter.
	Key     []string   `json:"key"`
	Keyless rejection  `json:"keyless"`
	BadKey  rejection  `json:"bad_key"`
	Blocked *rejection `json:"blocked"` // nil for a provider that serves all regions
}

// rejection is a response: JSON, or a page of HTML. In both "{id}" is replaced by a request ID, and "{key}" by the key, with
// asterisks for all but its end, as providers repeat it.
type rejection struct {
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`
	Text   string          `json:"text"`
}

var providers = sync.OnceValue(func() []provider {
	var all []provider
	if err := json.Unmarshal(refusalsJSON, &all); err != nil {
		panic("refusals.json: " + err.Error()) // it is embedded, and tested
	}
	return all
})

// findProvider returns the entry for a host and path.
func findProvider(host, path string) (provider, bool) {
	for _, p := range providers() {
		suffix, wildcard := strings.CutPrefix(p.Host, "*")
		if (host == p.Host || wildcard && strings.HasSuffix(host, suffix)) && strings.HasPrefix(path, p.Path) {
			return p, true
		}
	}
	return provider{}, false
}

func (p provider) serve(w http.ResponseWriter, r *http.Request, regionBlocked bool) {
	if p.Cloudflare {
		setCloudflareHeaders(w.Header(), p.Host)
	}
	key := p.key(r)
	response := p.Keyless
	switch {
	case regionBlocked && p.Blocked != nil:
		response = *p.Blocked
	case key != "":
		response = p.BadKey
	}
	fill := strings.NewReplacer("{id}", fmt.Sprintf("req_%016x", rand.Uint64()), "{key}", "****"+key[max(0, len(key)-4):]).Replace
	for name, value := range p.Header {
		w.Header().Set(name, fill(value))
	}
	if response.Text == "" {
		writeJSON(w, r, response.Status, json.RawMessage(fill(string(response.Body))))
		return
	}
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Content-Length", strconv.Itoa(len(fill(response.Text))))
	w.WriteHeader(response.Status)
	fmt.Fprint(w, fill(response.Text))
}

// key returns the key of a request, "" if it has none. Characters that JSON would escape are replaced.
func (p provider) key(r *http.Request) string {
	for _, place := range p.Key {
		value := strings.TrimSpace(strings.TrimPrefix(r.Header.Get(place), "Bearer "))
		if name, ok := strings.CutPrefix(place, "?"); ok {
			value = r.URL.Query().Get(name)
		}
		if value != "" {
			return strings.Map(printable, value)
		}
	}
	return ""
}

// printable replaces characters that cannot be copied into a JSON string unchanged.
func printable(c rune) rune {
	if c <= ' ' || c > '~' || c == '"' || c == '\\' {
		return '*'
	}
	return c
}
