package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Custom domains, https://developers.cloudflare.com/workers/configuration/routing/custom-domains/. The edge serves one where
// no route does, and its host has a record that belongs to it.

// customRecord is what the record of a custom domain points to: the discard prefix of RFC 6666, since the Worker is the origin.
const customRecord = "100::"

// customQuota: https://developers.cloudflare.com/workers/platform/limits/#custom-domains, for one zone.
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

// The two overrides are not in the schema of the API. It takes them nevertheless, and its refusals name them.
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
		v.ZoneID, v.ZoneName = z.ID, z.Name
	}
	return v
}

// zone finds the zone of a domain: the one it names, else the one that its hostname lies in.
func (d *domain) zone(a *account) *zone {
	var best *zone
	for _, z := range a.Zones {
		if z != nil && within(d.Hostname, z.Name) && (d.Zone == "" || z.is(d.Zone)) &&
			(best == nil || len(z.Name) > len(best.Name)) {
			best = z
		}
	}
	return best
}

// domain finds the custom domain at a host.
func (a *account) domain(host string) *domain {
	for _, d := range a.Domains {
		if d.Hostname == host {
			return d
		}
	}
	return nil
}

// complete gives a domain what a hand-written file leaves out: its record too.
func (d *domain) complete(a *account) {
	d.Hostname = strings.ToLower(d.Hostname)
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

func listDomains(c *call) (*answer, error) {
	views := []domainView{}
	for _, d := range shuffled(c.account.Domains, func(d *domain) string { return d.ID }) {
		v := d.view(c.account)
		if fits(c, "hostname", v.Hostname) && fits(c, "service", v.Service) && fits(c, "zone_id", v.ZoneID) &&
			fits(c, "zone_name", v.ZoneName) && fits(c, "environment", v.Environment) {
			views = append(views, v)
		}
	}
	return &answer{result: views}, nil
}

func fits(c *call, key, value string) bool {
	want := c.query.Get(key)
	return want == "" || want == value
}

func (c *call) oneDomain() (*domain, error) {
	for _, d := range c.account.Domains {
		if d.ID == c.params["domain"] {
			return d, nil
		}
	}
	return nil, refuse(http.StatusNotFound, 100114, "The requested custom domain does not exist.")
}

func getDomain(c *call) (*answer, error) {
	d, err := c.oneDomain()
	if err != nil {
		return nil, err
	}
	return &answer{result: d.view(c.account)}, nil
}

// putDomain puts a script at a host. The same again changes nothing.
func putDomain(c *call) (*answer, error) {
	var in domainInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	d := &domain{Hostname: strings.ToLower(in.Hostname), Service: in.Service, Zone: cmp.Or(in.ZoneID, in.ZoneName)}
	z := d.zone(c.account)
	switch {
	case !hostname(d.Hostname) || d.Service == "":
		return nil, malformed(true) // the real code is not verified
	case z == nil:
		return nil, refuse(http.StatusBadRequest, 10082, "The hostname lies in no zone of the account.") // neither is this
	case !c.token.reachesZone(c.account, z):
		return nil, forbidden()
	case c.account.script(d.Service) == nil:
		return nil, noWorker()
	}
	d.Zone = z.Name
	old := c.account.domain(d.Hostname)
	if old != nil {
		if old.Service != d.Service && !in.OverrideOrigin {
			return nil, conflict(100116, d.Hostname, "in use by other custom domain. Either delete it", "override_existing_origin")
		}
		d.ID = old.ID
		replaced(c.account.Domains, old, d)
		return &answer{result: d.view(c.account)}, nil
	}
	if err := c.settleDomain(d, c.state.ownZone(c.account, z), in.OverrideRecord); err != nil {
		return nil, err
	}
	return &answer{result: d.view(c.account)}, nil
}

// settleDomain gives a new domain its record, in the place of others if it may.
func (c *call) settleDomain(d *domain, z *zone, override bool) error {
	inTheWay := func(r *record) bool { return r.Name == d.Hostname && r.resolves() }
	if slices.ContainsFunc(z.Records, inTheWay) && !override {
		return conflict(100117, d.Hostname, "has externally managed DNS records (A, CNAME, etc). Either delete them",
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
		return refuse(http.StatusBadRequest, 10025, fmt.Sprintf("The zone has reached its limit of %d custom domains.", customQuota))
	}
	z.Records = slices.DeleteFunc(z.Records, inTheWay)
	d.ID = c.state.newID("domain", c.account.ID, d.Hostname)
	r := d.record(c.state.newID("record", z.ID, "custom domain", d.Hostname), c.state.stamp())
	z.Records = insert(z.Records, r, (*record).compare)
	c.account.Domains = append(c.account.Domains, d)
	c.writesRecords(z)
	return nil
}

// deleteDomain answers with nothing at all, not even a content type, as the API was seen to do in July 2026.
func deleteDomain(c *call) (*answer, error) {
	d, err := c.oneDomain()
	if err != nil {
		return nil, err
	}
	c.account.Domains = slices.DeleteFunc(c.account.Domains, func(o *domain) bool { return o == d })
	if z := d.zone(c.account); z != nil {
		z = c.state.ownZone(c.account, z)
		z.Records = slices.DeleteFunc(z.Records, func(r *record) bool { return r.ReadOnly && r.Name == d.Hostname })
		c.writesRecords(z)
	}
	return &answer{empty: true}, nil
}

// writesRecords tells that a call, whatever its path, writes to the records of a zone.
func (c *call) writesRecords(z *zone) {
	c.subjects = append(c.subjects, "/zones/"+z.ID+"/dns_records")
}

// conflict: the status of 100116 was seen, that of 100117 is taken to be the same.
func conflict(code int, host, why, option string) *apiError {
	return refuse(http.StatusConflict, code, fmt.Sprintf(
		"Hostname '%s' already %s, try a different hostname, or use the option '%s' to override.", host, why, option))
}
