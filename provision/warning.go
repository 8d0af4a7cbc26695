package provision

import "strings"

// What an owner should know of a plan, though it can be carried out.
const (
	WarnZonePending Code = "zone-pending" // no traffic until the nameservers are set; details: zone, nameservers, status
	WarnDeepHost    Code = "deep-host"    // Universal SSL has no certificate for it; details: host, zone
	WarnDependents  Code = "dependents"   // other routes lead to the same Worker; details: routes, worker
)

// Warning is one of them, with flat details.
type Warning struct {
	Code    Code              `json:"code"`
	Details map[string]string `json:"details"`
}

// Warnings lists what should be known of a plan that makes or keeps a relay. A plan that only removes has none.
func (p Plan) Warnings() []Warning {
	if p.Build() == "" {
		return nil
	}
	var warnings []Warning
	add := func(code Code, details ...string) {
		warnings = append(warnings, Warning{Code: code, Details: newError(code, details...).Details})
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
