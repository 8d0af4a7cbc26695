package plan

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/worker"
)

// What an owner should know of a plan, though it can be carried out.
const (
	WarnZonePending   errcode.Code = "zone-pending" // no traffic until the nameservers are set; details: zone, nameservers, status
	WarnDeepHost      errcode.Code = "deep-host"    // Universal SSL has no certificate for it; details: host, zone
	WarnDependents    errcode.Code = "dependents"   // other routes lead to the same Worker; details: routes, worker
	WarnRecordRemains errcode.Code = "record-stays" // not ours, proxied, and answers once our route is gone; details: host, content

	WarnAccessOpens           errcode.Code = "access-opens"     // from managed to pass-through: tokens and stored keys go; details: tokens
	WarnAccessCloses          errcode.Code = "access-closes"    // from pass-through to managed: callers' own keys work no more
	WarnOriginsUnrestricted   errcode.Code = "origins-lifted"   // the list of allowed origins goes, so any may call; details: origins
	WarnNoTokens              errcode.Code = "no-tokens"        // managed, and nobody holds a token
	WarnTokensRevoked         errcode.Code = "tokens-lose"      // tokens that stand are not listed; details: names, count
	WarnTokensUnknownProvider errcode.Code = "tokens-nowhere"   // limited to providers that the relay has not; details: names, count, providers
	WarnKeyMissing            errcode.Code = "key-missing"      // managed, and nobody has a key for a provider; details: provider, name (in capitals)
	WarnRegionUnchecked       errcode.Code = "region-unchecked" // the list of regions could not be had; details: region
)

// Warning is one of them, with flat details.
type Warning struct {
	Code    errcode.Code      `json:"code"`
	Details map[string]string `json:"details"`
}

func newWarning(code errcode.Code, details ...string) Warning {
	return Warning{Code: code, Details: errcode.New(code, details...).Details}
}

// Warnings lists what should be known of a plan.
func (p Plan) Warnings() []Warning {
	var warnings []Warning
	add := func(code errcode.Code, details ...string) { warnings = append(warnings, newWarning(code, details...)) }
	for _, object := range p.Unmanaged {
		if object.Address.Kind == KindRecord && object.Attrs[binding.AttrProxied] == "true" {
			add(WarnRecordRemains, "host", object.Address.Name, "content", object.Attrs[binding.AttrContent])
		}
	}
	if !p.deploys() {
		return warnings
	}
	for _, zone := range ZonesOf(p.Sites) {
		if !zone.Active() {
			add(WarnZonePending, "zone", zone.Name, "status", zone.Status, "nameservers", strings.Join(zone.NameServers, ", "))
		}
	}
	for _, site := range p.Sites {
		if site.SubdomainLevel() > 1 {
			add(WarnDeepHost, "host", site.Host, "zone", site.Zone.Name)
		}
	}
	for _, relay := range p.Relays {
		warnings = append(warnings, p.relayWarnings(relay)...)
	}
	return uniqueWarnings(warnings)
}

// eachOnce drops what was said before: many relays of one owner are often warned of the same.
func uniqueWarnings(warnings []Warning) []Warning {
	seen := map[string]bool{}
	return slices.DeleteFunc(warnings, func(w Warning) bool {
		text := (&errcode.Error{Code: w.Code, Details: w.Details}).Error()
		was := seen[text]
		seen[text] = true
		return was
	})
}

// deploys tells a plan that makes or keeps relays from one that removes them.
func (p Plan) deploys() bool {
	return slices.ContainsFunc(p.Relays, func(r Relay) bool { return p.scriptStep(r).After[binding.AttrBuild] != "" })
}

func (p Plan) relayWarnings(relay Relay) []Warning {
	var warnings []Warning
	add := func(code errcode.Code, details ...string) { warnings = append(warnings, newWarning(code, details...)) }
	script := p.scriptStep(relay)
	if len(relay.RevokedTokens) > 0 {
		add(WarnTokensRevoked, "names", errcode.Abbreviate(relay.RevokedTokens), "count", strconv.Itoa(len(relay.RevokedTokens)))
	}
	warnings = append(warnings, script.accessWarnings()...)
	if relay.RegionUnchecked {
		add(WarnRegionUnchecked, "region", script.After[binding.AttrRegion])
	}
	if len(relay.Dependents) > 0 {
		add(WarnDependents, "routes", errcode.Abbreviate(relay.Dependents), "worker", relay.Worker)
	}
	return warnings
}

// accessWarnings tells whom a change lets in or locks out.
func (s Step) accessWarnings() []Warning {
	var warnings []Warning
	before, after := s.Before[binding.AttrAccess], s.After[binding.AttrAccess]
	switch {
	case before == binding.AccessManaged && after == binding.AccessPassThrough:
		warnings = append(warnings, newWarning(WarnAccessOpens, "tokens", s.Before[binding.AttrTokens]))
	case before == binding.AccessPassThrough && after == binding.AccessManaged:
		warnings = append(warnings, newWarning(WarnAccessCloses))
	}
	if origins := s.Before[binding.AttrOrigins]; origins != "" && s.After[binding.AttrOrigins] == "" {
		warnings = append(warnings, newWarning(WarnOriginsUnrestricted, "origins", strings.ReplaceAll(origins, " ", ", ")))
	}
	if after == binding.AccessManaged && s.After[binding.AttrTokens] == "" {
		warnings = append(warnings, newWarning(WarnNoTokens))
	}
	if s.Script != nil {
		warnings = append(warnings, s.Script.tokenWarnings()...)
	}
	for _, part := range strings.Fields(s.After[binding.AttrKeys]) {
		if provider, mark, _ := strings.Cut(part, ":"); mark == binding.KeyMissing {
			name := strings.TrimPrefix(worker.KeyBinding(provider), worker.BindingKey)
			warnings = append(warnings, newWarning(WarnKeyMissing, "provider", provider, "name", strings.ToUpper(name)))
		}
	}
	return warnings
}

// tokenWarnings tells of tokens that name a provider to which the relay does not lead.
func (s *Script) tokenWarnings() []Warning {
	var names, strangers []string
	for _, token := range s.Tokens {
		for _, id := range token.Providers {
			if !slices.ContainsFunc(s.Providers, func(p worker.Provider) bool { return p.ID == id }) {
				names, strangers = append(names, token.Name), append(strangers, id)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	names = slices.Compact(names)
	slices.Sort(strangers)
	providers := strings.Join(slices.Compact(strangers), ", ")
	return []Warning{newWarning(WarnTokensUnknownProvider, "names", errcode.Abbreviate(names), "count", strconv.Itoa(len(names)), "providers", providers)}
}
