package templates

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

// Provider describes an upstream. To add one, add an entry to providers.json and a file to testdata/answers.
type Provider struct {
	// ID names the provider in flags, files and paths (/openai/v1/…): lower-case letters, digits and dashes.
	ID string `json:"id"`
	// Name is the display name.
	Name string `json:"name"`
	// Origin is scheme and host, without a path: "https://api.openai.com". A placeholder in braces is filled in by the
	// owner: "https://{resource}.openai.azure.com", or "{origin}" if the whole origin is the owner's.
	Origin string `json:"origin"`
	// Base is the path that clients add to the host in their base URL: "/v1".
	Base string `json:"base"`
	// Auth is the request header, in lower case, that carries the key. "authorization" means a bearer token.
	Auth string `json:"auth"`
	// Dialect is the API that it speaks, one of the worker.Dialect constants. It selects the snippets
	// client/<Dialect>.<kind>.tmpl and the format of the relay's own errors.
	Dialect string `json:"dialect"`
	// WebSockets are the paths that accept WebSocket connections.
	WebSockets []WebSocket `json:"websockets"`
	// Docs is the URL of the provider's API reference.
	Docs string `json:"docs"`
	// Probe is a request that is free of charge without a key.
	Probe Probe `json:"probe"`
	// Chat is the endpoint for chat completions in OpenAI's format, and a small model. Path is "" if there is no such
	// endpoint; then verify makes no paid checks.
	Chat Chat `json:"chat"`
	// Refused are the provider's error responses to Probe, without a key and with a bad key.
	Refused Refused `json:"refused"`
	// Blocked are its error responses if it does not serve the region in which the Worker runs. They are matched before
	// Refused.
	Blocked []Signature `json:"blocked"`
	// Unverified reports that the origin or the base path is not confirmed by a source.
	Unverified bool `json:"unverified"`
	// Sources are the sources of these facts: OWNER/REPOSITORY#ISSUE, OWNER/REPOSITORY:PATH, or a URL.
	Sources []string `json:"sources"`
}

// WebSocket is a path that accepts WebSocket connections.
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

// Chat is an endpoint and a model for a minimal completion.
type Chat struct {
	Path  string `json:"path"`
	Model string `json:"model"`
}

// Refused holds the signatures of a provider's refusals. A match in either list shows that the provider was reached.
type Refused struct {
	Keyless []Signature `json:"keyless"`
	BadKey  []Signature `json:"bad_key"`
}

// Signature matches a response by HTTP status, by media type if Type is not empty, and by JSON values: each dotted
// path ("0.error.code" if the document is a list) must have one of the listed values.
//
// Messages are not matched, because providers reword them. If no source documents the refusal without a key, the
// entry is Unverified and broad: 400, 401 and 403 match, each with any JSON body. That is still conclusive, because
// the verifier has already recognized responses of the relay, of Cloudflare's edge and of the region block.
type Signature struct {
	Status     int              `json:"status"`
	Type       string           `json:"type"`
	JSON       map[string][]any `json:"json"`
	Unverified bool             `json:"unverified"`
}

// Providers returns all known providers, the most used first.
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

// Placeholder returns the name of the placeholder in the origin, "resource" or "origin", or "" if there is none.
func (p Provider) Placeholder() string {
	_, rest, _ := strings.Cut(p.Origin, "{")
	name, _, _ := strings.Cut(rest, "}")
	return name
}

// Fill returns the provider with the value in its origin. If the origin is only a placeholder, the value also becomes
// the name.
func (p Provider) Fill(value string) Provider {
	placeholder := "{" + p.Placeholder() + "}"
	if p.Origin == placeholder {
		p.Name = strings.TrimPrefix(value, "https://")
	}
	p.Origin = strings.ReplaceAll(p.Origin, placeholder, value)
	return p
}

// ValueIn returns the value that Fill put in an origin, or "" if the origin does not have this form.
func (p Provider) ValueIn(origin string) string {
	before, after, found := strings.Cut(p.Origin, "{"+p.Placeholder()+"}")
	if !found || !strings.HasPrefix(origin, before) || !strings.HasSuffix(origin, after) || len(origin) < len(before)+len(after) {
		return ""
	}
	return origin[len(before) : len(origin)-len(after)]
}
