// Package worker holds the Worker: the ES modules of src, embedded, and the names
// that the Worker and the rest of the program agree on. What is uploaded and run
// is src as it stands, but for the comments.
//
// The modules are plain JavaScript without a build step. Nothing is written
// into them; all settings reach the Worker by bindings
// (https://developers.cloudflare.com/workers/runtime-apis/bindings/).
package worker

import (
	"embed"
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Bindings of the Worker; it requires the four that it reads always.
const (
	// BindingProviders is of type json: a list of [Provider], of which the first
	// answers at the root. A binding holds 5 KB at the most.
	BindingProviders = "PROVIDERS"
	// BindingSettings is of type json: [Settings].
	BindingSettings = "SETTINGS"
	// BindingBuild is of type plain_text: 16 lower-case hexadecimal digits that
	// tell this upload from others.
	BindingBuild = "BUILD"
	// BindingZones is of type plain_text: the ids of the zones whose hosts the
	// Worker serves, separated by blanks. The Worker does not read it; it is
	// there for whoever removes the Worker.
	BindingZones = "ZONES"
	// BindingVersion is of type plain_text: the version of the program that
	// made the upload.
	BindingVersion = "VERSION"
	// BindingKey begins the names of the bindings, of type secret_text, that hold
	// the owner's keys where access is managed: see [KeyBinding].
	BindingKey = "KEY_"
	// BindingKeys is of type plain_text: fingerprints of those keys, which cannot be
	// read back. The Worker does not read it; it is there for the next upload.
	BindingKeys = "KEYS"
	// BindingRate begins the names of the bindings, of type ratelimit, that count
	// requests a minute: see [RateBinding].
	BindingRate = "RPM_"
)

// KeyBinding names the binding that holds the owner's key for a provider:
// "KEY_openai", and "KEY_gemini_openai" for "gemini-openai".
func KeyBinding(provider string) string {
	return BindingKey + strings.ReplaceAll(provider, "-", "_")
}

// RateBinding names the binding that allows so many requests a minute.
func RateBinding(requests int) string { return BindingRate + strconv.Itoa(requests) }

const (
	// MarkHeader stands on every answer that the Worker gives, its value being
	// the build; but not on a provider's success that goes to an official SDK,
	// which gets it as it is.
	MarkHeader = "X-Cfproxy"
	// ErrorHeader stands on the Worker's own failures, its value being the code.
	ErrorHeader = "X-Cfproxy-Error"
	// HealthPath answers GET with a JSON object that names service, version,
	// build, the providers' ids and the data centre ("colo", null if unknown).
	HealthPath = "/-/health"
	// KeylessPath begins the paths by which a managed relay can be verified without
	// a token, one for each provider: its Probe is asked with GET or with POST {} and
	// without any key, KeylessPath + "openai/v1/chat/completions".
	KeylessPath = "/-/keyless/"
)

// compatibilityDate pins the runtime's behaviour
// (https://developers.cloudflare.com/workers/configuration/compatibility-dates/).
const compatibilityDate = "2026-06-01"

// main is the module that the runtime starts with.
const main = "index.js"

// Provider is what the Worker needs to know of one upstream.
type Provider struct {
	// ID is the first segment of the paths that lead to it: lower-case letters,
	// digits and dashes.
	ID string `json:"id"`
	// Name is what people call it.
	Name string `json:"name"`
	// Origin is scheme and host as URL.origin writes them: "https://api.openai.com".
	Origin string `json:"origin"`
	// Base is the path below Origin that clients put into their base URL: "/v1", or "".
	Base string `json:"base"`
	// Dialect is what its clients and its errors look like: one of the Dialect constants.
	Dialect string `json:"dialect"`
	// Auth is the request header, in lower case, that carries its key.
	// "authorization" stands for "Authorization: Bearer KEY".
	Auth string `json:"auth"`
	// Probe is the one path below Origin that a managed relay asks without any key, for verify.
	Probe string `json:"probe"`
	// Model is a small one, for examples.
	Model string `json:"model,omitempty"`
}

// Dialects: whose SDK speaks to a provider, and in which shape errors come.
const (
	DialectOpenAI    = "openai"
	DialectAnthropic = "anthropic"
	DialectGoogle    = "google"
	DialectCohere    = "cohere"
)

// Settings are the owner's choices that are not about a single provider.
type Settings struct {
	// Managed says that callers need a token of the owner's; false: they bring
	// the provider's own key, which passes through.
	Managed bool `json:"managed"`
	// Page says that people find a page at "/".
	Page bool `json:"page"`
	// Origins are those whose browser apps may call, as browsers write them:
	// "https://app.example.com". Empty: any.
	Origins []string `json:"origins"`
}

// Token lets one caller in where access is managed. The module TokensModule is a
// JSON list of them.
type Token struct {
	// Name is the owner's word for who holds it.
	Name string `json:"name"`
	// SHA256 is the digest of the whole token, 64 lower-case hexadecimal digits.
	SHA256 string `json:"sha256"`
	// Expires is when it ends, in seconds since 1970; 0: never.
	Expires int64 `json:"expires,omitempty"`
	// Providers are the ids of those that it may ask; empty: all.
	Providers []string `json:"providers,omitempty"`
	// RPM is how many requests a minute it may make; 0: no limit. There must be a
	// binding RateBinding(RPM). Cloudflare counts at each location by itself.
	// https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
	RPM int `json:"rpm,omitempty"`
}

// TokenPrefix begins every token that the owner hands out.
const TokenPrefix = "cfp_"

// TokensModule is the name of the text module that holds the tokens, "[]" in the
// embedded bundle. It is a module since a team's tokens outgrow a binding.
const TokensModule = "tokens.txt"

// MIME types of modules as the upload API names them:
// https://developers.cloudflare.com/workers/configuration/multipart-upload-metadata/
const (
	TypeModule = "application/javascript+module"
	TypeText   = "text/plain"
)

// Module is one file of the Worker. Name is what the others import it by,
// without "./"; Type is one of the Type constants.
type Module struct {
	Name   string
	Type   string
	Source []byte
}

// Bundle is the whole Worker as it is uploaded. CompatibilityDate is
// YYYY-MM-DD.
type Bundle struct {
	Main               string
	Modules            []Module
	CompatibilityDate  string
	CompatibilityFlags []string
}

//go:embed src/*.js src/*.html src/*.txt
var sources embed.FS

// commentLines are those of JavaScript that hold a comment and nothing else, which is how comments are written in src.
// They are half of it, and every start of the Worker would read them.
var commentLines = regexp.MustCompile(`(?m)^\s*(?://|/\*\*|\*(?:/|\s)).*\n`)

// Load returns the embedded Worker, its modules sorted by name. Each call
// returns a copy of its own.
func Load() Bundle {
	b := Bundle{
		Main:               main,
		CompatibilityDate:  compatibilityDate,
		CompatibilityFlags: []string{},
	}
	// Reading embedded files fails only for names that are not there.
	entries, _ := fs.ReadDir(sources, "src")
	for _, e := range entries {
		m := Module{Name: e.Name(), Type: TypeText}
		m.Source, _ = fs.ReadFile(sources, "src/"+e.Name())
		if path.Ext(e.Name()) == ".js" {
			m.Type, m.Source = TypeModule, commentLines.ReplaceAll(m.Source, nil)
		}
		b.Modules = append(b.Modules, m)
	}
	return b
}

// WithTokens gives the bundle with these tokens in place of none.
func (b Bundle) WithTokens(tokens []Token) Bundle {
	// Marshalling plain strings and numbers cannot fail.
	text, _ := json.Marshal(append([]Token{}, tokens...))
	b.Modules = slices.Clone(b.Modules)
	for i, m := range b.Modules {
		if m.Name == TokensModule {
			b.Modules[i].Source = text
		}
	}
	return b
}
