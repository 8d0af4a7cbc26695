// Package templates holds the data that people read or copy: the known providers, client snippets and a starter
// cfproxy.toml. It has no logic beyond reading them.
package templates

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"text/template"
)

//go:embed providers.json cfproxy.toml.tmpl client/*.tmpl
var files embed.FS

// Snippet is a few lines for the user to copy. Kind is "env", "curl", "python" or "node".
type Snippet struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// kinds are the kinds of snippets in display order. Not every dialect has all of them.
var kinds = []string{"env", "curl", "python", "node"}

// Snippets returns the client snippets of a provider that a relay serves at root: "https://HOST", or "https://HOST/ID"
// if it is not the relay's first provider. keyNote follows the name of the key's variable in comments, such as
// ": your OpenAI key".
func Snippets(p Provider, root, keyNote string) ([]Snippet, error) {
	data := struct{ BaseURL, Model, KeyNote, Auth string }{root + p.Base, p.Chat.Model, keyNote, p.Auth}
	var snippets []Snippet
	for _, kind := range kinds {
		name := path.Join("client", p.Dialect+"."+kind+".tmpl")
		if _, err := fs.Stat(files, name); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		text, err := execute(name, data)
		if err != nil {
			return nil, err
		}
		snippets = append(snippets, Snippet{Kind: kind, Text: strings.TrimRight(text, "\n")})
	}
	return snippets, nil
}

// Config is the content of a starter cfproxy.toml. Comments are explanations in the user's language, by key.
type Config struct {
	Domains, Providers      []string
	Worker, Region, Account string
	Origin                  string
	Managed, NoPage         bool
	AllowOrigins            []string
	Comments                map[string]string
}

// ConfigFile returns the text of a cfproxy.toml.
func ConfigFile(c Config) (string, error) { return execute("cfproxy.toml.tmpl", c) }

// execute executes a template. Its %q quotes as TOML does, because all values are printable ASCII.
func execute(name string, data any) (string, error) {
	tmpl, err := template.New(path.Base(name)).Option("missingkey=error").Funcs(template.FuncMap{"list": tomlList}).ParseFS(files, name)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := tmpl.Execute(&b, data); err != nil {
		return "", err
	}
	return b.String(), nil
}

func tomlList(values []string) string {
	quoted := slices.Clone(values)
	for i, value := range quoted {
		quoted[i] = fmt.Sprintf("%q", value)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
