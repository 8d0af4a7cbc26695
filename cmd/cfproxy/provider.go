package main

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/templates"
	"github.com/cfproxy/cfproxy/worker"
)

// An owner names a provider as ID, or as ID=VALUE where its origin has a part that only the owner knows: azure=my-resource,
// custom=https://llm.example.org. Flags, cfproxy.toml and the wizard all come through here.

// defaultProvider is whom the tutorial relays to.
const defaultProvider = "openai"

// blank is a part of an origin that only the owner can fill in: how it is asked for is in the catalogues, under its name.
type blank struct {
	name, example string
	read          func(value string) (string, error)
}

// blanks are all that there are. An origin names one of them in braces.
func blanks() []blank {
	return []blank{{"resource", "my-resource", parseResource}, {"origin", "https://llm.example.org", parseOrigin}}
}

// blankOf gives what the owner must say of a provider; none where its origin is complete.
func blankOf(p templates.Provider) (blank, bool) {
	i := slices.IndexFunc(blanks(), func(b blank) bool { return b.name == p.Placeholder() })
	if i < 0 {
		return blank{}, false
	}
	return blanks()[i], true
}

// chooseProviders gives the providers of which the origin is known in full.
func chooseProviders(specs []string) ([]templates.Provider, error) { return providersOf(specs, true) }

// recogniseProviders gives those of which it is enough to know them by their answers, so that a value may be missing.
func recogniseProviders(specs []string) ([]templates.Provider, error) {
	return providersOf(specs, false)
}

func providersOf(specs []string, whole bool) ([]templates.Provider, error) {
	if len(specs) == 0 {
		specs = []string{defaultProvider}
	}
	var chosen []templates.Provider
	for _, spec := range specs {
		provider, err := providerOf(spec, whole)
		if err != nil {
			return nil, err
		}
		same := func(other templates.Provider) bool { return other.ID == provider.ID }
		i := slices.IndexFunc(chosen, same)
		switch {
		case i < 0:
			chosen = append(chosen, provider)
		case chosen[i].Origin != provider.Origin:
			return nil, problem.Usage("provider-twice", "provider", provider.ID, "value", chosen[i].Origin, "other", provider.Origin)
		}
	}
	return chosen, nil
}

// providerOf reads one ID or ID=VALUE. whole says that a value that is wanted must be there.
func providerOf(spec string, whole bool) (templates.Provider, error) {
	id, value, given := strings.Cut(strings.TrimSpace(spec), "=")
	id, value = strings.ToLower(strings.TrimSpace(id)), strings.TrimSpace(value)
	all, err := templates.Providers()
	if err != nil {
		return templates.Provider{}, err
	}
	i := slices.IndexFunc(all, func(p templates.Provider) bool { return p.ID == id })
	if i < 0 {
		return templates.Provider{}, problem.Usage("provider-unknown", "value", id, "known", strings.Join(namesOf(all), ", "),
			"suggestion", errcode.Suggest(id, idsOf(all)))
	}
	provider := all[i]
	blank, open := blankOf(provider)
	if open && value == strings.ToUpper(blank.name) {
		value = "" // as help and hints have it: who copies that has not said whose
	}
	switch {
	case !open && given:
		return provider, problem.Usage("provider-value-unwanted", "provider", id) // perhaps a key, so it is not repeated
	case !open || value == "" && !whole:
		return provider, nil
	case value == "":
		return provider, problem.Usage("provider-value-missing", "provider", id, "what", strings.ToUpper(blank.name), "example", id+"="+blank.example)
	}
	value, err = blank.read(value)
	return provider.Fill(value), err
}

var labelPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// parseResource reads what becomes a label of a hostname.
// https://learn.microsoft.com/azure/ai-services/cognitive-services-custom-subdomains
func parseResource(value string) (string, error) {
	if lower := strings.ToLower(value); labelPattern.MatchString(lower) {
		return lower, nil
	}
	return "", problem.Usage("provider-resource-invalid", "value", value)
}

// parseOrigin reads scheme, host and perhaps port, and writes them as URL.origin does, which is how the Worker compares.
// https://url.spec.whatwg.org/#origin
func parseOrigin(value string) (string, error) {
	link, err := url.Parse(value)
	switch {
	case err != nil || !strings.EqualFold(link.Scheme, "https") || link.Opaque != "" || link.User != nil || link.Hostname() == "":
		return "", problem.Usage("provider-origin-invalid", "value", hostname.RedactURL(value))
	case strings.Trim(link.Path, "/") != "" || strings.ContainsAny(value, "?#"):
		return "", problem.Usage("provider-origin-path", "value", hostname.RedactURL(value), "origin", "https://"+link.Host, "path", behindHost(link))
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

// behindHost gives the path of an address, and the mere presence of a query or a fragment, which may hold a key.
func behindHost(link *url.URL) string {
	path := link.EscapedPath()
	if link.RawQuery != "" || link.ForceQuery {
		path += "?…"
	}
	if strings.Trim(path, "/") == "" {
		path += "#…"
	}
	return path
}

// everyProvider gives all that are known, none where they cannot be read, of which whoever chose one was told.
func everyProvider() []templates.Provider {
	all, _ := templates.Providers()
	return all
}

// nameOf is what people call the provider of that id, or the id.
func (r relay) nameOf(id string) string {
	for _, provider := range slices.Concat(r.providers, everyProvider()) {
		if provider.ID == id {
			return provider.Name
		}
	}
	return id
}

// specOf finds how one of the relay's providers is named, with what must be filled in where that is not known.
func (r relay) specOf(id string) string {
	for _, provider := range slices.Concat(r.providers, everyProvider()) {
		if provider.ID == id && provider.Placeholder() == "" {
			return specOf(id, provider.Origin)
		} else if provider.ID == id {
			return namesOf([]templates.Provider{provider})[0]
		}
	}
	return id
}

func idsOf(providers []templates.Provider) []string {
	var ids []string
	for _, provider := range providers {
		ids = append(ids, provider.ID)
	}
	return ids
}

// namesOf lists providers as they are named, with what must follow: "openai", "azure=RESOURCE".
func namesOf(providers []templates.Provider) []string {
	var names []string
	for _, provider := range providers {
		name := provider.ID
		if what := provider.Placeholder(); what != "" {
			name += "=" + strings.ToUpper(what)
		}
		names = append(names, name)
	}
	return names
}

// specsOf lists chosen providers as they are written down: ID, or ID=VALUE.
func specsOf(providers []templates.Provider) []string {
	var specs []string
	for _, provider := range providers {
		specs = append(specs, specOf(provider.ID, provider.Origin))
	}
	return specs
}

// specOf finds how a provider with that origin is named.
func specOf(id, origin string) string {
	all := everyProvider()
	i := slices.IndexFunc(all, func(p templates.Provider) bool { return p.ID == id })
	if i < 0 || all[i].Placeholder() == "" {
		return id
	}
	if value := all[i].ValueIn(origin); value != "" {
		return id + "=" + value
	}
	return id
}

func upstreamsOf(providers []templates.Provider) []worker.Provider {
	var upstreams []worker.Provider
	for _, provider := range providers {
		upstreams = append(upstreams, worker.Provider{
			ID: provider.ID, Name: provider.Name, Origin: provider.Origin, Base: provider.Base,
			Dialect: provider.Dialect, Auth: provider.Auth, Probe: provider.Probe.Path, Model: provider.Chat.Model,
		})
	}
	return upstreams
}

// standingProviders completes what the account says of deployed providers, which is no more than ids and origins. One that
// this version does not know, or knows with another origin, stays as it was read.
func standingProviders(standing []worker.Provider) []worker.Provider {
	var all []worker.Provider
	for _, was := range standing {
		known, err := chooseProviders([]string{specOf(was.ID, was.Origin)})
		if err == nil && known[0].Origin == was.Origin {
			was = upstreamsOf(known)[0]
		}
		all = append(all, was)
	}
	return all
}
