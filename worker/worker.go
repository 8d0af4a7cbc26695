// Package worker embeds the Worker, the ES modules in src, and defines the names that the Worker and the rest of the
// program share.
//
// The modules are plain JavaScript without a build step, never templated and uploaded as they are. All settings reach
// the Worker as bindings (https://developers.cloudflare.com/workers/runtime-apis/bindings/).
package worker

import (
	"embed"
	"encoding/json"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Bindings of the Worker. BindingProviders, BindingSettings, BindingBuild and BindingVersion are required.
const (
	// BindingProviders is of type json: a list of [Provider]. The first one is served at the root. A binding holds at
	// most 5 KB.
	BindingProviders = "PROVIDERS"
	// BindingSettings is of type json: [Settings].
	BindingSettings = "SETTINGS"
	// BindingBuild is of type plain_text: 16 lower-case hexadecimal digits that identify the upload.
	BindingBuild = "BUILD"
	// BindingZones is of type plain_text: the ids of the zones whose hosts the Worker serves, separated by spaces. The
	// Worker does not read it; it is needed to remove the Worker.
	BindingZones = "ZONES"
	// BindingVersion is of type plain_text: the version of the program that made the upload.
	BindingVersion = "VERSION"
	// BindingKey is the prefix of the bindings, of type secret_text, that hold the owner's keys of a managed relay: see
	// [KeyBinding].
	BindingKey = "KEY_"
	// BindingKeys is of type plain_text: fingerprints of those keys, which the API does not return. The Worker does not
	// read it; the next upload does.
	BindingKeys = "KEYS"
	// BindingRate is the prefix of the bindings, of type ratelimit, that limit requests per minute: see [RateBinding].
	BindingRate = "RPM_"
)

// KeyBinding returns the name of the binding that holds the owner's key for a provider: "KEY_openai", and
// "KEY_gemini_openai" for "gemini-openai".
func KeyBinding(provider string) string {
	return BindingKey + strings.ReplaceAll(provider, "-", "_")
}

// RateBinding returns the name of the binding that limits a token to that many requests per minute.
func RateBinding(requests int) string { return BindingRate + strconv.Itoa(requests) }

const (
	// BuildHeader is on every response of the Worker, except a provider's response with status 200 to an official SDK
	// outside a browser, which is returned unmodified. Its value is the build.
	BuildHeader = "X-Cfproxy"
	// ErrorHeader is on the Worker's own errors. Its value is the code.
	ErrorHeader = "X-Cfproxy-Error"
	// HealthPath returns, for GET, a JSON object with service, version, build, access mode, the ids of the providers and
	// the data center ("colo", null if unknown).
	HealthPath = "/-/health"
	// KeylessPath is the prefix of the paths by which a managed relay can be verified without a token. For each
	// provider, the Worker sends its Probe, with GET or with POST {}, without any key:
	// KeylessPath + "openai/v1/chat/completions".
	KeylessPath = "/-/keyless/"
)

// compatibilityDate pins the behaviour of the runtime
// (https://developers.cloudflare.com/workers/configuration/compatibility-dates/).
const compatibilityDate = "2026-06-01"

// mainModule is the entry point.
const mainModule = "index.js"

// Provider is what the Worker needs to know about one upstream.
type Provider struct {
	// ID is the first path segment that selects it: lower-case letters, digits and dashes.
	ID string `json:"id"`
	// Name is the display name.
	Name string `json:"name"`
	// Origin is scheme and host, as in URL.origin: "https://api.openai.com".
	Origin string `json:"origin"`
	// Base is the path that clients add to the host in their base URL: "/v1", or "".
	Base string `json:"base"`
	// Dialect is the API that it speaks, which decides the client snippets and the format of errors: one of the Dialect
	// constants.
	Dialect string `json:"dialect"`
	// Auth is the request header, in lower case, that carries the key. "authorization" means a bearer token.
	Auth string `json:"auth"`
	// Probe is the only path that a managed relay requests without a key, for verify.
	Probe string `json:"probe"`
	// Model is a small model, for examples.
	Model string `json:"model,omitempty"`
}

// Dialects: whose SDK a provider works with, and the format of errors.
const (
	DialectOpenAI    = "openai"
	DialectAnthropic = "anthropic"
	DialectGoogle    = "google"
	DialectCohere    = "cohere"
)

// Settings are the owner's choices that do not concern a single provider.
type Settings struct {
	// Managed reports whether callers need a token from the owner. Otherwise they send the provider's key, which passes
	// through.
	Managed bool `json:"managed"`
	// Page reports whether there is a web page at "/".
	Page bool `json:"page"`
	// Origins are the allowed origins of browser apps, as in the Origin header: "https://app.example.com". If empty, any
	// origin is allowed.
	Origins []string `json:"origins"`
}

// Token gives one caller access to a managed relay. The module TokensModule is a JSON list of them.
type Token struct {
	// Name is the owner's name for the holder.
	Name string `json:"name"`
	// SHA256 is the digest of the whole token, 64 lower-case hexadecimal digits.
	SHA256 string `json:"sha256"`
	// Expires is the time of expiry in Unix seconds; 0 means never.
	Expires int64 `json:"expires,omitempty"`
	// Providers are the ids of the allowed providers; empty means all.
	Providers []string `json:"providers,omitempty"`
	// RPM is the limit of requests per minute; 0 means no limit. It requires the binding RateBinding(RPM). Cloudflare
	// counts separately at each location.
	// https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
	RPM int `json:"rpm,omitempty"`
}

// TokenPrefix is the prefix of every token.
const TokenPrefix = "cfp_"

// TokensModule is the name of the text module that holds the tokens, "[]" in the embedded bundle. It is not a
// binding, because the tokens of a team exceed the size of a binding.
const TokensModule = "tokens.txt"

// MIME types of modules in the upload API:
// https://developers.cloudflare.com/workers/configuration/multipart-upload-metadata/
const (
	TypeModule = "application/javascript+module"
	TypeText   = "text/plain"
)

// Module is one file of the Worker. Name is its import path without "./"; Type is one of the Type constants.
type Module struct {
	Name   string
	Type   string
	Source []byte
}

// Bundle is the Worker as it is uploaded. CompatibilityDate has the form YYYY-MM-DD.
type Bundle struct {
	Main               string
	Modules            []Module
	CompatibilityDate  string
	CompatibilityFlags []string
}

//go:embed src/*.js src/*.txt
var sources embed.FS

// Load returns the embedded Worker, with its modules sorted by name. Each call returns its own copy.
func Load() Bundle {
	b := Bundle{
		Main:               mainModule,
		CompatibilityDate:  compatibilityDate,
		CompatibilityFlags: []string{},
	}
	// Reading an embedded file fails only if it does not exist.
	entries, _ := fs.ReadDir(sources, "src")
	for _, e := range entries {
		m := Module{Name: e.Name(), Type: TypeText}
		m.Source, _ = fs.ReadFile(sources, "src/"+e.Name())
		if path.Ext(e.Name()) == ".js" {
			m.Type = TypeModule
		}
		b.Modules = append(b.Modules, m)
	}
	return b
}

// WithTokens returns a copy of the bundle that contains these tokens.
func (b Bundle) WithTokens(tokens []Token) Bundle {
	// Marshaling strings and numbers cannot fail.
	text, _ := json.Marshal(append([]Token{}, tokens...))
	b.Modules = slices.Clone(b.Modules)
	for i, m := range b.Modules {
		if m.Name == TokensModule {
			b.Modules[i].Source = text
		}
	}
	return b
}
