package provision

import "strings"

// What an owner should know of a plan, though it can be carried out.
const (
	WarnZonePending Code = "zone-pending" // no traffic until the nameservers are set; details: zone, nameservers, status
	WarnDeepHost    Code = "deep-host"    // Universal SSL has no certificate for it; details: host, zone
	WarnDependents  Code = "dependents"   // other routes lead to the same Worker; details: routes, worker
	WarnRecordStays Code = "record-stays" // not ours, proxied, and answers once our route is gone; details: host, content
)

// Warning is one of them, with flat details.
type Warning struct {
	Code    Code              `json:"code"`
	Details map[string]string `json:"details"`
}

func warn(code Code, details ...string) Warning {
	return Warning{Code: code, Details: newError(code, details...).Details}
}

// Warnings lists what should be known of a plan.
func (p Plan) Warnings() []Warning {
	var warnings []Warning
	add := func(code Code, details ...string) { warnings = append(warnings, warn(code, details...)) }
	for _, object := range p.Left {
		if object.Address.Kind == KindRecord && object.Attrs[AttrProxied] == "true" {
			add(WarnRecordStays, "host", object.Address.Name, "content", object.Attrs[AttrContent])
		}
	}
	if p.Build() == "" {
		return warnings
	}
	for _, zone := range zonesOf(p.Sites) {
		if !zone.Active() {
			add(WarnZonePending, "zone", zone.Name, "status", zone.Status, "nameservers", strings.Join(zone.NameServers, ", "))
		}
	}
	for _, site := range p.Sites {
		if site.Depth() > 1 {
			add(WarnDeepHost, "host", site.Host, "zone", site.Zone.Name)
		}
	}
	if len(p.Dependents) > 0 {
		add(WarnDependents, "routes", strings.Join(p.Dependents, ", "), "worker", p.Worker)
	}
	return warnings
}
