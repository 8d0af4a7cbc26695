package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
)

// Custom domains, https://developers.cloudflare.com/workers/configuration/routing/custom-domains/. The edge serves one if
// no route matches. It has a DNS record that the API does not allow to be changed.

// customRecord is the content of the record of a custom domain, the discard prefix of RFC 6666: the Worker is the origin.
const customRecord = "100::"

// customQuota is the number of custom domains in a zone,
// https://developers.cloudflare.com/workers/platform/limits/#custom-domains.
const customQuota = 100

type domainView struct {
	ID          string `json:"id"`
	Hostname    string `json:"hostname"`
	Service     string `json:"service"`
	Environment string `json:"environment"`
	ZoneID      string `json:"zone_id"`
	ZoneName    string `json:"zone_name"`
	CertID      string `json:"cert_id"`
	Enabled     bool   `json:"enabled"`
	Previews    bool   `json:"previews_enabled"`
}

// domainInput is the body of PUT. The schema of the API lacks the two overrides, but the API accepts them, and its errors
// mention them.
type domainInput struct {
	Hostname       string `json:"hostname"`
	Service        string `json:"service"`
	ZoneID         string `json:"zone_id"`
	ZoneName       string `json:"zone_name"`
	OverrideOrigin bool   `json:"override_existing_origin"`
	OverrideRecord bool   `json:"override_existing_dns_record"`
}

func (d *domain) view(a *account) domainView {
	v := domainView{ID: d.ID, Hostname: d.Hostname, Service: d.Service, Environment: "production", Enabled: true,
		CertID: uuid(derivedID("certificate", d.Hostname))}
	if z := d.zone(a); z != nil {
		v.ZoneID, v.ZoneName = z.ID, toUnicode(z.Name)
	}
	return v
}

// zone returns the zone of a domain: the one that it names, else the one that its hostname belongs to.
func (d *domain) zone(a *account) *zone {
	var best *zone
	for _, z := range a.Zones {
		if z != nil && within(d.Hostname, z.Name) && (d.Zone == "" || z.matchesRef(d.Zone)) &&
			(best == nil || len(z.Name) > len(best.Name)) {
			best = z
		}
	}
	return best
}

// domain returns the custom domain with this hostname.
func (a *account) domain(host string) *domain {
	for _, d := range a.Domains {
		if d.Hostname == host {
			return d
		}
	}
	return nil
}

// complete sets the defaults of a domain in a hand-written file and creates its record.
func (d *domain) complete(a *account) {
	d.Hostname = toASCII(d.Hostname)
	d.ID = cmp.Or(d.ID, derivedID("domain", d.Hostname))
	z := d.zone(a)
	if z == nil {
		return
	}
	d.Zone = cmp.Or(d.Zone, z.Name)
	if !slices.ContainsFunc(z.Records, func(r *record) bool { return r != nil && r.ReadOnly && r.Name == d.Hostname }) {
		z.Records = append(z.Records, d.record(derivedID("record", z.ID, "custom domain", d.Hostname), epoch))
	}
}

func (d *domain) record(id, now string) *record {
	return &record{ID: id, Type: "AAAA", Name: d.Hostname, Content: customRecord, Proxied: true, TTL: 1, ReadOnly: true,
		CreatedOn: now, ModifiedOn: now}
}

func listDomains(c *call) (*apiResponse, error) {
	views := []domainView{}
	for _, d := range shuffled(c.account.Domains, func(d *domain) string { return d.ID }) {
		v := d.view(c.account)
		if matchesQuery(c, "hostname", v.Hostname) && matchesQuery(c, "service", v.Service) && matchesQuery(c, "zone_id", v.ZoneID) &&
			(matchesQuery(c, "zone_name", v.ZoneName) || matchesQuery(c, "zone_name", toASCII(v.ZoneName))) && matchesQuery(c, "environment", v.Environment) {
			views = append(views, v)
		}
	}
	return &apiResponse{result: views}, nil
}

func matchesQuery(c *call, key, value string) bool {
	want := c.query.Get(key)
	return want == "" || want == value
}

func (c *call) domainInPath() (*domain, error) {
	for _, d := range c.account.Domains {
		if d.ID == c.params["domain"] {
			return d, nil
		}
	}
	return nil, newError(http.StatusNotFound, 100114, "The requested custom domain does not exist.")
}

func getDomain(c *call) (*apiResponse, error) {
	d, err := c.domainInPath()
	if err != nil {
		return nil, err
	}
	return &apiResponse{result: d.view(c.account)}, nil
}

// putDomain creates a custom domain for a script. Repeating the call changes nothing.
func putDomain(c *call) (*apiResponse, error) {
	var in domainInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	d := &domain{Hostname: toASCII(in.Hostname), Service: in.Service, Zone: cmp.Or(in.ZoneID, in.ZoneName)}
	z := d.zone(c.account)
	switch {
	case !isHostname(d.Hostname) || d.Service == "":
		return nil, malformedJSON(true) // the actual code is not verified
	case z == nil:
		return nil, newError(http.StatusBadRequest, 10082, "The hostname lies in no zone of the account.") // not verified either
	case !c.token.canAccessZone(c.account, z):
		return nil, forbidden()
	case c.account.script(d.Service) == nil:
		return nil, workerNotFound()
	}
	d.Zone = z.Name
	old := c.account.domain(d.Hostname)
	if old != nil {
		if old.Service != d.Service && !in.OverrideOrigin {
			return nil, domainConflict(100116, d.Hostname, "in use by other custom domain. Either delete it", "override_existing_origin")
		}
		d.ID = old.ID
		replaceItem(c.account.Domains, old, d)
		return &apiResponse{result: d.view(c.account)}, nil
	}
	if err := c.createDomainRecord(d, c.state.mutableZone(c.account, z), in.OverrideRecord); err != nil {
		return nil, err
	}
	return &apiResponse{result: d.view(c.account)}, nil
}

// createDomainRecord creates the record of a new domain. With override it replaces existing records.
func (c *call) createDomainRecord(d *domain, z *zone, override bool) error {
	conflicting := func(r *record) bool { return r.Name == d.Hostname && r.resolves() }
	if slices.ContainsFunc(z.Records, conflicting) && !override {
		return domainConflict(100117, d.Hostname, "has externally managed DNS records (A, CNAME, etc). Either delete them",
			"override_existing_dns_record")
	}
	count := 0
	for _, o := range c.account.Domains {
		if o.zone(c.account) == z {
			count++
		}
	}
	if count >= customQuota {
		// The limit is documented, the code is not.
		return newError(http.StatusBadRequest, 10025, fmt.Sprintf("The zone has reached its limit of %d custom domains.", customQuota))
	}
	z.Records = slices.DeleteFunc(z.Records, conflicting)
	d.ID = c.state.newID("domain", c.account.ID, d.Hostname)
	r := d.record(c.state.newID("record", z.ID, "custom domain", d.Hostname), c.state.stamp())
	z.Records = insertSorted(z.Records, r, (*record).compare)
	c.account.Domains = append(c.account.Domains, d)
	c.writesRecords(z)
	return nil
}

// deleteDomain responds without a body and without a content type, as the API did in July 2026.
func deleteDomain(c *call) (*apiResponse, error) {
	d, err := c.domainInPath()
	if err != nil {
		return nil, err
	}
	c.account.Domains = slices.DeleteFunc(c.account.Domains, func(o *domain) bool { return o == d })
	if z := d.zone(c.account); z != nil {
		z = c.state.mutableZone(c.account, z)
		z.Records = slices.DeleteFunc(z.Records, func(r *record) bool { return r.ReadOnly && r.Name == d.Hostname })
		c.writesRecords(z)
	}
	return &apiResponse{empty: true}, nil
}

// writesRecords marks the records of a zone as changed by a call, whatever its path.
func (c *call) writesRecords(z *zone) {
	c.written = append(c.written, "/zones/"+z.ID+"/dns_records")
}

// domainConflict returns the error for an existing record or domain. The status of 100116 was observed; that of 100117 is
// assumed to be the same.
func domainConflict(code int, host, why, option string) *apiError {
	return newError(http.StatusConflict, code, fmt.Sprintf(
		"Hostname '%s' already %s, try a different hostname, or use the option '%s' to override.", host, why, option))
}
