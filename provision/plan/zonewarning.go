package plan

import (
	"cmp"
	"strings"

	"github.com/cfproxy/cfproxy/provision/errcode"
)

// warnings returns what keeps requests for the zone's sites from Cloudflare, or may do so, and what to do about it.
// https://developers.cloudflare.com/dns/zone-setups/reference/domain-status/
func (z Zone) warnings(sites []Site) []Warning {
	var warnings []Warning
	add := func(code errcode.Code, details ...string) {
		warnings = append(warnings, newWarning(code, append(details, "zone", z.Name)...))
	}
	nameservers := strings.Join(z.NameServers, ", ")
	switch {
	case z.Active():
	case z.Type == zonePartial && z.waitsForOwner():
		add(WarnZonePartialPending, "status", z.Status, "record", z.verificationRecord())
	case z.Status == "moved":
		add(WarnZoneMoved, "nameservers", nameservers)
	case z.waitsForOwner():
		add(WarnZonePending, "status", z.Status, "nameservers", nameservers)
	default:
		add(WarnZoneInactive, "status", z.Status)
	}
	if z.Paused {
		add(WarnZonePaused)
	}
	switch z.Type {
	case zonePartial:
		add(WarnZonePartial, "records", errcode.Abbreviate(z.outsideRecords(sites)))
	case zoneSecondary:
		add(WarnZoneSecondary)
	}
	return warnings
}

// waitsForOwner reports whether the zone becomes active once its owner has changed its DNS. A partial zone can also have
// lost its verification.
func (z Zone) waitsForOwner() bool {
	switch z.Status {
	case "pending", "initializing":
		return true
	case "moved":
		return z.Type == zonePartial
	}
	return false
}

// outsideRecords returns the records that a partial zone needs at the nameservers that answer for it.
// https://developers.cloudflare.com/dns/zone-setups/partial-setup/setup/
func (z Zone) outsideRecords(sites []Site) []string {
	var records []string
	for _, site := range sites {
		if site.Zone.ID == z.ID {
			records = append(records, site.Host+" CNAME "+site.Host+".cdn.cloudflare.net")
		}
	}
	return records
}

// verificationRecord returns the record that activates a partial zone.
func (z Zone) verificationRecord() string {
	return "cloudflare-verify." + z.Name + " TXT " + cmp.Or(z.VerificationKey, "…")
}
