package sandbox

import (
	"net/http"
	"strings"
)

type subdomainBody struct {
	Subdomain string `json:"subdomain"`
}

func getSubdomain(c *call) (*apiResponse, error) {
	if *c.account.Subdomain == "" {
		return nil, newError(http.StatusNotFound, 10007, "You do not have a workers.dev subdomain")
	}
	return &apiResponse{result: subdomainBody{*c.account.Subdomain}}, nil
}

// putSubdomain can set the name only once. To change it, it has to be deleted first.
func putSubdomain(c *call) (*apiResponse, error) {
	var in subdomainBody
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if *c.account.Subdomain != "" {
		return nil, newError(http.StatusConflict, 10036, "Account already has an associated subdomain")
	}
	if !validLabels(in.Subdomain) || strings.Contains(in.Subdomain, ".") {
		return nil, newError(http.StatusBadRequest, 10030, "The subdomain is invalid.")
	}
	for _, a := range c.state.Accounts {
		if *a.Subdomain == in.Subdomain {
			return nil, newError(http.StatusForbidden, 10031, "The subdomain is unavailable.")
		}
	}
	c.account.Subdomain = &in.Subdomain
	return &apiResponse{result: in}, nil
}

func deleteSubdomain(c *call) (*apiResponse, error) {
	none := ""
	c.account.Subdomain = &none
	return &apiResponse{}, nil
}

func getWorkersDev(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
	if err != nil {
		return nil, err
	}
	return &apiResponse{result: w.workersDev()}, nil
}

func (w *script) workersDev() workersDev {
	if w.WorkersDev == nil {
		return workersDev{}
	}
	return *w.WorkersDev
}

// postWorkersDev enables or disables the workers.dev address of the script. Previews follow unless they are given.
func postWorkersDev(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
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
		return nil, malformedJSON(true)
	}
	if *in.Enabled && *c.account.Subdomain == "" {
		return nil, noSubdomain()
	}
	next := workersDev{Enabled: *in.Enabled, PreviewsEnabled: *in.Enabled}
	setIfPresent(&next.PreviewsEnabled, in.PreviewsEnabled)
	w.WorkersDev = &next
	if next == (workersDev{}) {
		w.WorkersDev = nil
	}
	return &apiResponse{result: next}, nil
}

func deleteWorkersDev(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
	if err != nil {
		return nil, err
	}
	w.WorkersDev = nil
	return &apiResponse{result: workersDev{}}, nil
}
