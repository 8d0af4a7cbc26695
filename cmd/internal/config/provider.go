package config

import (
	"net/url"
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/templates"
	"github.com/cfproxy/cfproxy/worker"
)

// An owner refers to a provider as ID, or as ID=VALUE where its origin has a placeholder: azure=my-resource,
// custom=https://llm.example.org. Flags, cfproxy.toml and the wizard all use these references.

// DefaultProvider is the provider of a relay for which none was chosen.
const DefaultProvider = "openai"

// Placeholder is a part of an origin that only the owner can fill in. Its question is in the catalogues, under its name.
type Placeholder struct {
	Name, Example string
	// Parse checks a value and returns it in the form that goes into the origin.
	Parse func(value string) (string, error)
}

// Reference returns how the placeholder is written where no value is known: RESOURCE.
func (p Placeholder) Reference() string { return strings.ToUpper(p.Name) }

// Placeholders returns all placeholders.
func Placeholders() []Placeholder {
	return []Placeholder{{"resource", "my-resource", parseResource}, {"origin", "https://llm.example.org", parseOrigin}}
}

// PlaceholderOf returns the placeholder in a provider's origin, and false where the origin is complete.
func PlaceholderOf(p templates.Provider) (Placeholder, bool) {
	i := slices.IndexFunc(Placeholders(), func(x Placeholder) bool { return x.Name == p.Placeholder() })
	if i < 0 {
		return Placeholder{}, false
	}
	return Placeholders()[i], true
}

// HasPlaceholder reports whether the value of a reference is still to be filled in, as in azure=RESOURCE.
func HasPlaceholder(ref string) bool {
	_, value, _ := strings.Cut(ref, "=")
	return slices.ContainsFunc(Placeholders(), func(p Placeholder) bool { return value == p.Reference() })
}

// ResolveProviders returns the providers that references name, the default one for none. Every origin must be complete.
func ResolveProviders(refs []string) ([]templates.Provider, error) { return parseProviders(refs, true) }

// RecogniseProviders is ResolveProviders for those who need no origin: a value may be missing.
func RecogniseProviders(refs []string) ([]templates.Provider, error) {
	return parseProviders(refs, false)
}

func parseProviders(refs []string, needsOrigin bool) ([]templates.Provider, error) {
	if len(refs) == 0 {
		refs = []string{DefaultProvider}
	}
	var chosen []templates.Provider
	for _, ref := range refs {
		provider, err := parseProvider(ref, needsOrigin)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(chosen, func(other templates.Provider) bool { return other.ID == provider.ID })
		switch {
		case i < 0:
			chosen = append(chosen, provider)
		case chosen[i].Origin != provider.Origin:
			return nil, problem.Usage("provider-twice", "provider", provider.ID, "value", chosen[i].Origin, "other", provider.Origin)
		}
	}
	return chosen, nil
}

// RecogniseProvider returns the provider that one reference names, with an open placeholder if the reference has no value.
func RecogniseProvider(ref string) (templates.Provider, error) { return parseProvider(ref, false) }

func parseProvider(ref string, needsOrigin bool) (templates.Provider, error) {
	id, value, hasValue := strings.Cut(strings.TrimSpace(ref), "=")
	id, value = strings.ToLower(strings.TrimSpace(id)), strings.TrimSpace(value)
	all, err := templates.Providers()
	if err != nil {
		return templates.Provider{}, err
	}
	i := slices.IndexFunc(all, func(p templates.Provider) bool { return p.ID == id })
	if i < 0 {
		return templates.Provider{}, problem.Usage("provider-unknown", "value", id, "known", strings.Join(OpenRefs(all), ", "),
			"suggestion", errcode.Suggest(id, ProviderIDs(all)))
	}
	provider := all[i]
	placeholder, isOpen := PlaceholderOf(provider)
	if isOpen && value == placeholder.Reference() {
		value = "" // copied from help or a hint
	}
	switch {
	case !isOpen && hasValue:
		return provider, problem.Usage("provider-value-unwanted", "provider", id) // perhaps a key, so it is not repeated
	case !isOpen || value == "" && !needsOrigin:
		return provider, nil
	case value == "":
		return provider, problem.Usage("provider-value-missing", "provider", id, "what", placeholder.Reference(), "example", id+"="+placeholder.Example)
	}
	value, err = placeholder.Parse(value)
	return provider.Fill(value), err
}

// parseResource accepts one label of a hostname.
// https://learn.microsoft.com/azure/ai-services/cognitive-services-custom-subdomains
func parseResource(value string) (string, error) {
	lower := strings.ToLower(value)
	isLabel := lower != "" && len(lower) <= hostname.MaxLabelLength && strings.Trim(lower, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" &&
		!strings.HasPrefix(lower, "-") && !strings.HasSuffix(lower, "-")
	if !isLabel {
		return "", problem.Usage("provider-resource-invalid", "value", value)
	}
	return lower, nil
}

// parseOrigin accepts scheme, host and port, and returns them in the form of URL.origin, which the Worker compares with.
// https://url.spec.whatwg.org/#origin
func parseOrigin(value string) (string, error) {
	link, err := url.Parse(value)
	switch {
	case err != nil || !strings.EqualFold(link.Scheme, "https") || link.Opaque != "" || link.User != nil || link.Hostname() == "":
		return "", problem.Usage("provider-origin-invalid", "value", hostname.RedactURL(value))
	case strings.Trim(link.Path, "/") != "" || strings.ContainsAny(value, "?#"):
		return "", problem.Usage("provider-origin-path", "value", hostname.RedactURL(value), "origin", "https://"+link.Host, "path", redactedPath(link))
	}
	host, err := hostname.Parse(link.Hostname())
	if err != nil {
		return "", problem.Usage("provider-origin-host", "value", link.Hostname())
	}
	link.Host = strings.TrimSuffix(host+":"+link.Port(), ":")
	origin, err := hostname.ParseOrigin("https://" + link.Host)
	if err != nil {
		return "", problem.Usage("provider-origin-invalid", "value", hostname.RedactURL(value))
	}
	return origin, nil
}

// redactedPath returns the path of an address, and an ellipsis for its query or fragment, which may hold a key.
func redactedPath(link *url.URL) string {
	path := link.EscapedPath()
	if link.RawQuery != "" || link.ForceQuery {
		path += "?…"
	}
	if strings.Trim(path, "/") == "" {
		path += "#…"
	}
	return path
}

// AllProviders returns every known provider; none where the list cannot be read, which any command that needs one reports.
func AllProviders() []templates.Provider {
	all, _ := templates.Providers()
	return all
}

// ProviderName returns the display name of the provider of that id, or the id.
func (r Relay) ProviderName(id string) string {
	for _, provider := range slices.Concat(r.ProviderInfo, AllProviders()) {
		if provider.ID == id {
			return provider.Name
		}
	}
	return id
}

// Ref returns the reference to one of the relay's providers, with the open placeholder where its value is not known.
func (r Relay) Ref(id string) string {
	for _, provider := range slices.Concat(r.ProviderInfo, AllProviders()) {
		if provider.ID == id && provider.Placeholder() == "" {
			return Ref(id, provider.Origin)
		} else if provider.ID == id {
			return OpenRefs([]templates.Provider{provider})[0]
		}
	}
	return id
}

// ProviderIDs returns the ids of providers.
func ProviderIDs(providers []templates.Provider) []string {
	var ids []string
	for _, provider := range providers {
		ids = append(ids, provider.ID)
	}
	return ids
}

// OpenRefs returns how providers are referred to before their values are known: "openai", "azure=RESOURCE".
func OpenRefs(providers []templates.Provider) []string {
	var refs []string
	for _, provider := range providers {
		ref := provider.ID
		if placeholder, isOpen := PlaceholderOf(provider); isOpen {
			ref += "=" + placeholder.Reference()
		}
		refs = append(refs, ref)
	}
	return refs
}

// Refs returns the references to chosen providers: ID, or ID=VALUE.
func Refs(providers []templates.Provider) []string {
	var refs []string
	for _, provider := range providers {
		refs = append(refs, Ref(provider.ID, provider.Origin))
	}
	return refs
}

// Ref returns the reference to the provider of that id with that origin.
func Ref(id, origin string) string {
	all := AllProviders()
	i := slices.IndexFunc(all, func(p templates.Provider) bool { return p.ID == id })
	if i < 0 || all[i].Placeholder() == "" {
		return id
	}
	if value := all[i].ValueIn(origin); value != "" {
		return id + "=" + value
	}
	return id
}

// Upstreams returns what the Worker needs to know of providers.
func Upstreams(providers []templates.Provider) []worker.Provider {
	var upstreams []worker.Provider
	for _, provider := range providers {
		upstreams = append(upstreams, worker.Provider{
			ID: provider.ID, Name: provider.Name, Origin: provider.Origin, Base: provider.Base,
			Dialect: provider.Dialect, Auth: provider.Auth, Probe: provider.Probe.Path, Model: provider.Chat.Model,
		})
	}
	return upstreams
}
