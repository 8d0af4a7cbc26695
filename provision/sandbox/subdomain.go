package sandbox

import (
	"net/http"
	"strings"
)

type subdomainBody struct {
	Subdomain string `json:"subdomain"`
}

func getSubdomain(c *call) (*answer, error) {
	if *c.account.Subdomain == "" {
		return nil, refuse(http.StatusNotFound, 10007, "You do not have a workers.dev subdomain")
	}
	return &answer{result: subdomainBody{*c.account.Subdomain}}, nil
}

// putSubdomain is write-once: to change the name, delete it first.
func putSubdomain(c *call) (*answer, error) {
	var in subdomainBody
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if *c.account.Subdomain != "" {
		return nil, refuse(http.StatusConflict, 10036, "Account already has an associated subdomain")
	}
	if !labels(in.Subdomain) || strings.Contains(in.Subdomain, ".") {
		return nil, refuse(http.StatusBadRequest, 10030, "The subdomain is invalid.")
	}
	for _, a := range c.state.Accounts {
		if *a.Subdomain == in.Subdomain {
			return nil, refuse(http.StatusForbidden, 10031, "The subdomain is unavailable.")
		}
	}
	c.account.Subdomain = &in.Subdomain
	return &answer{result: in}, nil
}

func deleteSubdomain(c *call) (*answer, error) {
	none := ""
	c.account.Subdomain = &none
	return &answer{}, nil
}

func getWorkersDev(c *call) (*answer, error) {
	w, err := c.one()
	if err != nil {
		return nil, err
	}
	return &answer{result: w.workersDev()}, nil
}

func (w *script) workersDev() workersDev {
	if w.WorkersDev == nil {
		return workersDev{}
	}
	return *w.WorkersDev
}

// postWorkersDev switches the script's workers.dev address; previews follow unless they are named.
func postWorkersDev(c *call) (*answer, error) {
	w, err := c.one()
	if err != nil {
		return nil, err
	}
	var in struct {
		Enabled         *bool `json:"enabled"`
		PreviewsEnabled *bool `json:"previews_enabled"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Enabled == nil {
		return nil, malformed(true)
	}
	if *in.Enabled && *c.account.Subdomain == "" {
		return nil, noSubdomain()
	}
	next := workersDev{Enabled: *in.Enabled, PreviewsEnabled: *in.Enabled}
	set(&next.PreviewsEnabled, in.PreviewsEnabled)
	w.WorkersDev = &next
	if next == (workersDev{}) {
		w.WorkersDev = nil
	}
	return &answer{result: next}, nil
}

func deleteWorkersDev(c *call) (*answer, error) {
	w, err := c.one()
	if err != nil {
		return nil, err
	}
	w.WorkersDev = nil
	return &answer{result: workersDev{}}, nil
}

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

// listDomains shows custom domains that the file holds. They are not made here, and the edge does not serve them.
func listDomains(c *call) (*answer, error) {
	views := []domainView{}
	for _, d := range shuffled(c.account.Domains, func(d *domain) string { return d.ID }) {
		v := domainView{ID: d.ID, Hostname: d.Hostname, Service: d.Service, Environment: "production", Enabled: true,
			CertID: uuid(derivedID("certificate", d.Hostname))}
		for _, z := range c.account.Zones {
			if z.is(d.Zone) {
				v.ZoneID, v.ZoneName = z.ID, z.Name
			}
		}
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
