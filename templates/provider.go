package templates

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

// Provider describes an upstream as data: adding one is an entry in providers.json, and a file in testdata/answers.
type Provider struct {
	// ID is the name in flags, files and paths (/openai/v1/…): lower-case letters, digits and dashes.
	ID string `json:"id"`
	// Name is what people call it.
	Name string `json:"name"`
	// Origin is scheme and host, without a path: "https://api.openai.com". A part in braces is for the owner to say; its
	// name is the question: "https://{resource}.openai.azure.com", or "{origin}" where nothing is known beforehand.
	Origin string `json:"origin"`
	// Base is the path under the host that clients put in their base URL: "/v1".
	Base string `json:"base"`
	// Auth is the request header that carries its key, in lower case; "authorization" means a bearer's.
	Auth string `json:"auth"`
	// Dialect says whose SDK speaks to it, and so which snippets fit, files client/<Dialect>.<kind>.tmpl, and in which
	// shape the relay's own errors come: worker.Dialect….
	Dialect string `json:"dialect"`
	// WebSockets are the paths at which it takes WebSocket connections, below the host.
	WebSockets []WebSocket `json:"websockets"`
	// Docs leads to the provider's own reference.
	Docs string `json:"docs"`
	// Probe is a request that costs nothing without a key.
	Probe Probe `json:"probe"`
	// Chat is where an OpenAI-shaped chat completion is asked for, and a small model; Path is "" where there is none, so
	// that the paid checks are not made.
	Chat Chat `json:"chat"`
	// Refused are the provider's own answers to the Probe, by what is wrong with the key.
	Refused Refused `json:"refused"`
	// Blocked are its answers where it does not serve the place in which the Worker runs. They are looked for first.
	Blocked []Signature `json:"blocked"`
	// Unverified says that no source was read for the origin or the base path.
	Unverified bool `json:"unverified"`
	// Sources name where the facts come from: OWNER/REPOSITORY#ISSUE, OWNER/REPOSITORY:PATH, or an address.
	Sources []string `json:"sources"`
}

// WebSocket is a path that takes WebSocket connections.
type WebSocket struct {
	Path       string `json:"path"`
	Unverified bool   `json:"unverified"`
}

// Probe is a request without a key.
type Probe struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   string `json:"body"`
}

// Chat is an endpoint and a model for one tiny completion.
type Chat struct {
	Path  string `json:"path"`
	Model string `json:"model"`
}

// Refused holds a provider's refusals, any one of each list. Either list proves that the provider was reached.
type Refused struct {
	Keyless []Signature `json:"keyless"`
	BadKey  []Signature `json:"bad_key"`
}

// Signature tells an answer by its HTTP status, by its media type if Type is not empty, and, by dotted path, the JSON
// values any of which may stand there ("0.error.code" where the document is a list).
//
// Texts are not matched, for providers reword them. Where nobody has written down what a provider says without a key,
// the entry is generous and Unverified: 400, 401 and 403 count, each as long as it is JSON. That is still a proof, since
// the verifier has told apart before what the relay, Cloudflare's edge and the region block say.
type Signature struct {
	Status     int              `json:"status"`
	Type       string           `json:"type"`
	JSON       map[string][]any `json:"json"`
	Unverified bool             `json:"unverified"`
}

// Providers gives every provider that is known, the most used first.
var Providers = sync.OnceValues(func() ([]Provider, error) {
	text, err := files.ReadFile("providers.json")
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var providers []Provider
	if err := decoder.Decode(&providers); err != nil {
		return nil, fmt.Errorf("providers.json: %w", err)
	}
	return providers, nil
})

// Placeholder names what the owner must say of the origin, "resource" or "origin"; "" where it is complete.
func (p Provider) Placeholder() string {
	_, rest, _ := strings.Cut(p.Origin, "{")
	name, _, _ := strings.Cut(rest, "}")
	return name
}

// Fill gives the provider with the value in its origin. One that is nothing but its owner's address is called by it.
func (p Provider) Fill(value string) Provider {
	place := "{" + p.Placeholder() + "}"
	if p.Origin == place {
		p.Name = strings.TrimPrefix(value, "https://")
	}
	p.Origin = strings.ReplaceAll(p.Origin, place, value)
	return p
}

// ValueIn reads back from a filled origin what Fill put there, "" where the origin is of another form.
func (p Provider) ValueIn(origin string) string {
	before, after, found := strings.Cut(p.Origin, "{"+p.Placeholder()+"}")
	if !found || !strings.HasPrefix(origin, before) || !strings.HasSuffix(origin, after) || len(origin) < len(before)+len(after) {
		return ""
	}
	return origin[len(before) : len(origin)-len(after)]
}
