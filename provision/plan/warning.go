package plan

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/worker"
)

// Codes of warnings: what the owner should know about a plan that can be applied.
const (
	// WarnZonePending: the zone receives no traffic until its nameservers are set. Details: zone, nameservers, status.
	WarnZonePending errcode.Code = "zone-pending"
	// WarnZoneMoved: the nameservers of the zone are not Cloudflare's any more. Details: zone, nameservers.
	WarnZoneMoved errcode.Code = "zone-moved"
	// WarnZoneInactive: the zone is in another status in which it receives no traffic, such as "deactivated". Details:
	// zone, status.
	WarnZoneInactive errcode.Code = "zone-inactive"
	// WarnZonePaused: Cloudflare does not proxy the zone, so the record's address is public. Details: zone.
	WarnZonePaused errcode.Code = "zone-paused"
	// WarnZonePartial: other nameservers answer for the zone and need records. Details: zone; records, such as
	// "a.example.com CNAME a.example.com.cdn.cloudflare.net".
	WarnZonePartial errcode.Code = "zone-partial"
	// WarnZonePartialPending: a partial zone is not active until other nameservers have a record. Details: zone, status,
	// record.
	WarnZonePartialPending errcode.Code = "zone-partial-pending"
	// WarnZoneSecondary: the records of the zone are copied from a primary nameserver. Details: zone.
	WarnZoneSecondary errcode.Code = "zone-secondary"
	// WarnDeepHost: Universal SSL has no certificate for the host. Details: host, zone.
	WarnDeepHost errcode.Code = "deep-host"
	// WarnDependents: other routes use the same Worker. Details: routes, worker.
	WarnDependents errcode.Code = "dependents"
	// WarnRecordRemains: a proxied record that is not ours remains without our route. Details: host, content.
	WarnRecordRemains errcode.Code = "record-stays"

	// WarnAccessOpens: the relay changes from managed to pass-through, which deletes tokens and keys. Details: tokens.
	WarnAccessOpens errcode.Code = "access-opens"
	// WarnAccessCloses: the relay changes from pass-through to managed, so callers' own keys no longer work.
	WarnAccessCloses errcode.Code = "access-closes"
	// WarnOriginsUnrestricted: the list of allowed origins is removed, so every web page may call the relay. Details:
	// origins.
	WarnOriginsUnrestricted errcode.Code = "origins-lifted"
	// WarnNoTokens: the relay is managed and accepts no token.
	WarnNoTokens errcode.Code = "no-tokens"
	// WarnTokensRevoked: deployed tokens are not in the configuration. Details: names, count.
	WarnTokensRevoked errcode.Code = "tokens-lose"
	// WarnTokensUnknownProvider: tokens are limited to providers that the relay does not have. Details: names, count,
	// providers.
	WarnTokensUnknownProvider errcode.Code = "tokens-nowhere"
	// WarnKeyMissing: the relay is managed and has no key for a provider. Details: provider; name, the provider's
	// id in capitals, as in the name of an environment variable.
	WarnKeyMissing errcode.Code = "key-missing"
	// WarnRegionUnchecked: the account's regions could not be read. Details: region.
	WarnRegionUnchecked errcode.Code = "region-unchecked"
)

// Warning is a warning about a plan, with flat details.
type Warning struct {
	Code    errcode.Code      `json:"code"`
	Details map[string]string `json:"details"`
}

// newWarning returns a warning with details given in pairs, as in errcode.New.
func newWarning(code errcode.Code, details ...string) Warning {
	return Warning{Code: code, Details: errcode.New(code, details...).Details}
}

// Warnings returns the warnings about the plan, without duplicates.
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
		warnings = append(warnings, zone.warnings(p.Sites)...)
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

// uniqueWarnings removes duplicates, which are common if there are many relays.
func uniqueWarnings(warnings []Warning) []Warning {
	seen := map[string]bool{}
	return slices.DeleteFunc(warnings, func(w Warning) bool {
		text := (&errcode.Error{Code: w.Code, Details: w.Details}).Error()
		isDuplicate := seen[text]
		seen[text] = true
		return isDuplicate
	})
}

// relayWarnings returns the warnings about one relay.
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

// accessWarnings returns the warnings about who gains or loses access through a script's step.
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
	if s.Upload != nil {
		warnings = append(warnings, s.Upload.tokenWarnings()...)
	}
	for part := range strings.FieldsSeq(s.After[binding.AttrKeys]) {
		if provider, fingerprint, _ := strings.Cut(part, ":"); fingerprint == binding.KeyMissing {
			name := strings.TrimPrefix(worker.KeyBinding(provider), worker.BindingKey)
			warnings = append(warnings, newWarning(WarnKeyMissing, "provider", provider, "name", strings.ToUpper(name)))
		}
	}
	return warnings
}

// tokenWarnings returns a warning about tokens that are limited to providers that the relay does not have.
func (u *Upload) tokenWarnings() []Warning {
	var names, unknown []string
	for _, token := range u.Tokens {
		for _, id := range token.Providers {
			if !slices.ContainsFunc(u.Providers, func(p worker.Provider) bool { return p.ID == id }) {
				names, unknown = append(names, token.Name), append(unknown, id)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	names = slices.Compact(names)
	slices.Sort(unknown)
	providers := strings.Join(slices.Compact(unknown), ", ")
	return []Warning{newWarning(WarnTokensUnknownProvider, "names", errcode.Abbreviate(names), "count", strconv.Itoa(len(names)), "providers", providers)}
}
