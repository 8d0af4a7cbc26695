// Package templates holds the data that people read or copy: what is known of each provider, the snippets for clients,
// and a starter cfproxy.toml. It has no logic beyond reading them.
package templates

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"text/template"
)

//go:embed providers.json cfproxy.toml.tmpl client/*.tmpl
var files embed.FS

// Provider describes an upstream as data: adding one is an entry in providers.json.
type Provider struct {
	// ID is the name in flags, files and paths (/openai/v1/…): lower-case letters and digits.
	ID string `json:"id"`
	// Name is what people call it.
	Name string `json:"name"`
	// Origin is scheme and host, without a path: "https://api.openai.com".
	Origin string `json:"origin"`
	// Base is the path under the host that clients put in their base URL: "/v1".
	Base string `json:"base"`
	// Docs leads to the provider's own reference.
	Docs string `json:"docs"`
	// Dialect says whose SDK speaks to it, and so which snippets fit, files client/<Dialect>.<kind>.tmpl, and in which
	// shape the relay's own errors come: worker.Dialect….
	Dialect string `json:"dialect"`
	// Auth is the request header that carries its key, in lower case; "authorization" means a bearer's.
	Auth string `json:"auth"`
	// Probe is a request that costs nothing without a key.
	Probe Probe `json:"probe"`
	// Chat is where an OpenAI-shaped chat completion is asked for, and a small model; Path is "" where there is none, so
	// that the paid checks are not made.
	Chat Chat `json:"chat"`
	// Refused are the provider's own answers to the Probe without a key, any one of them.
	Refused []Signature `json:"refused"`
	// Blocked are its answers where it does not serve the place in which the Worker runs.
	Blocked []Signature `json:"blocked"`
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

// Signature tells an answer by its HTTP status and, by dotted path, the JSON values any of which may stand there.
type Signature struct {
	Status int              `json:"status"`
	JSON   map[string][]any `json:"json,omitempty"`
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

// Snippet is a few lines for a user to copy. Kind is "env", "curl", "python" or "node".
type Snippet struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// Snippets fills in the client snippets of a provider for a relay at host, in the order in which people want them.
func Snippets(p Provider, host string) ([]Snippet, error) {
	data := struct{ BaseURL, Model, Name string }{"https://" + host + p.Base, p.Chat.Model, p.Name}
	var snippets []Snippet
	for _, kind := range []string{"env", "curl", "python", "node"} {
		text, err := fill(path.Join("client", p.Dialect+"."+kind+".tmpl"), data)
		if err != nil {
			return nil, err
		}
		snippets = append(snippets, Snippet{Kind: kind, Text: strings.TrimRight(text, "\n")})
	}
	return snippets, nil
}

// File is what a starter cfproxy.toml says. Comments are its explanations in the owner's language, by key.
type File struct {
	Domains, Providers      []string
	Worker, Region, Account string
	Origin                  string
	Comments                map[string]string
}

// ConfigFile writes the text of a cfproxy.toml.
func ConfigFile(f File) (string, error) { return fill("cfproxy.toml.tmpl", f) }

// fill quotes through %q, which for the plain ASCII values of these files is also how TOML quotes.
func fill(name string, data any) (string, error) {
	tmpl, err := template.New(path.Base(name)).Option("missingkey=error").Funcs(template.FuncMap{"list": list}).ParseFS(files, name)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := tmpl.Execute(&b, data); err != nil {
		return "", err
	}
	return b.String(), nil
}

func list(values []string) string {
	quoted := slices.Clone(values)
	for i, value := range quoted {
		quoted[i] = fmt.Sprintf("%q", value)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
