package sandbox

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

// The providers other than OpenAI only refuse: their refusals are what tells that a relay reached them. With a key they
// refuse the key. What they say is in refusals.json, by host. A host that is nobody's, but may be anybody's server in an
// example (RFC 2606), refuses as OpenAI does.

//go:embed refusals.json
var refusalsText []byte

// standIn is a provider that only refuses.
type standIn struct {
	// Host is a name, or "*." and the end of names. Path, if any, is how paths begin for which the entry stands; the first
	// entry that fits counts.
	Host string `json:"host"`
	Path string `json:"path"`
	// Cloudflare says that the provider is behind Cloudflare itself, and answers with its headers.
	Cloudflare bool              `json:"cloudflare"`
	Header     map[string]string `json:"header"`
	// Key lists the headers that can bear a key, or "?NAME" for a parameter of the query.
	Key     []string     `json:"key"`
	Keyless standInSays  `json:"keyless"`
	BadKey  standInSays  `json:"bad_key"`
	Blocked *standInSays `json:"blocked"` // nil for a provider that serves every place
}

// standInSays is an answer: JSON, or a page of HTML. In both "{id}" is an id of the request's own, and "{key}" the key as
// providers repeat it, but for its end in asterisks.
type standInSays struct {
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`
	Text   string          `json:"text"`
}

var standIns = sync.OnceValues(func() ([]standIn, error) {
	var all []standIn
	if err := json.Unmarshal(refusalsText, &all); err != nil {
		return nil, fmt.Errorf("refusals.json: %w", err)
	}
	return all, nil
})

// standInFor finds who answers at a host and path.
func standInFor(host, path string) (standIn, bool, error) {
	all, err := standIns()
	for _, s := range all {
		ending, wild := strings.CutPrefix(s.Host, "*")
		if (host == s.Host || wild && strings.HasSuffix(host, ending)) && strings.HasPrefix(path, s.Path) {
			return s, true, nil
		}
	}
	return standIn{}, false, err
}

func (s standIn) serve(w http.ResponseWriter, r *http.Request, blocked bool) {
	if s.Cloudflare {
		behindCloudflare(w.Header(), s.Host)
	}
	key := s.keyOf(r)
	says := s.Keyless
	switch {
	case blocked && s.Blocked != nil:
		says = *s.Blocked
	case key != "":
		says = s.BadKey
	}
	fill := strings.NewReplacer("{id}", fmt.Sprintf("req_%016x", rand.Uint64()), "{key}", "****"+key[max(0, len(key)-4):]).Replace
	for name, value := range s.Header {
		w.Header().Set(name, fill(value))
	}
	if says.Text == "" {
		reply(w, r, says.Status, json.RawMessage(fill(string(says.Body))))
		return
	}
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Content-Length", strconv.Itoa(len(fill(says.Text))))
	w.WriteHeader(says.Status)
	fmt.Fprint(w, fill(says.Text))
}

// keyOf finds the key that a request bears, "" for none. What could not stand in JSON as it is, is no key.
func (s standIn) keyOf(r *http.Request) string {
	for _, place := range s.Key {
		value := strings.TrimSpace(strings.TrimPrefix(r.Header.Get(place), "Bearer "))
		if name, is := strings.CutPrefix(place, "?"); is {
			value = r.URL.Query().Get(name)
		}
		if value != "" {
			return strings.Map(plainOnly, value)
		}
	}
	return ""
}

func plainOnly(c rune) rune {
	if c <= ' ' || c > '~' || c == '"' || c == '\\' {
		return '*'
	}
	return c
}
