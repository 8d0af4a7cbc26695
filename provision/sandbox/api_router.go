package sandbox

import (
	"net/http"
	"net/url"
	"strings"
)

// prefix is the path of the API and its version.
const prefix = "/client/v4"

// Limits of request bodies, in bytes. Cloudflare's are not documented. These protect against running out of memory.
const (
	bodyJSON   = 1 << 20
	bodyBatch  = 8 << 20 // 3,500 records with long comments
	bodyScript = 64 << 20
)

// endpoint is a method and a path. {account} and {zone} in the path are resolved before run is called.
type endpoint struct {
	method string
	path   string
	groups []string // any of these permission groups is sufficient; none = no permission needed
	run    func(*call) (*apiResponse, error)
}

func (e *endpoint) writes() bool { return e.method != http.MethodGet }

// workers reports whether the endpoint belongs to the part of the API that has different general errors.
func (e *endpoint) workers() bool { return strings.Contains(e.path, "/workers/") }

func (e *endpoint) family() family {
	switch {
	case strings.HasSuffix(e.path, "/tokens/verify"):
		return familyVerify
	case strings.HasPrefix(e.path, "/accounts"):
		return familyAccount
	}
	return familyZones
}

func (e *endpoint) bodyLimit() int64 {
	for _, end := range []string{"/{script}", "/settings", "/versions"} {
		if strings.HasSuffix(e.path, end) {
			return bodyScript
		}
	}
	if strings.HasSuffix(e.path, "/batch") {
		return bodyBatch
	}
	return bodyJSON
}

// findEndpoint returns the endpoint for a request and the decoded path parameters. If only the method is wrong, it
// returns an endpoint of that path and false. For an unknown path it returns nil.
func findEndpoint(endpoints []endpoint, method, escaped string) (e *endpoint, params map[string]string, ok bool) {
	for i := range endpoints {
		p, match := matchPath(endpoints[i].path, escaped)
		if !match {
			continue
		}
		if endpoints[i].method == method {
			return &endpoints[i], p, true
		}
		if e == nil {
			e, params = &endpoints[i], p
		}
	}
	return e, params, false
}

func matchPath(pattern, escaped string) (map[string]string, bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(escaped, "/")
	if len(want) != len(got) {
		return nil, false
	}
	params := map[string]string{}
	for i, w := range want {
		if !strings.HasPrefix(w, "{") {
			if w != got[i] {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(got[i])
		if err != nil || value == "" {
			return nil, false
		}
		params[strings.Trim(w, "{}")] = value
	}
	return params, true
}

// endpoints returns all endpoints. Literal segments are listed before parameters.
func endpoints() []endpoint {
	var all []endpoint
	all = append(all, accountEndpoints()...)
	all = append(all, scriptEndpoints()...)
	all = append(all, wranglerEndpoints()...)
	all = append(all, routeEndpoints()...)
	all = append(all, recordEndpoints()...)
	return all
}

func accountEndpoints() []endpoint {
	return []endpoint{
		{"GET", "/user/tokens/verify", nil, verifyToken},
		{"GET", "/user/tokens/permission_groups", []string{tokensRead, tokensWrite}, listPermissionGroups},
		{"GET", "/accounts", nil, listAccounts},
		{"GET", "/accounts/{account}", accountReaders(), getAccount},
		{"GET", "/accounts/{account}/tokens/verify", nil, verifyToken},
		{"GET", "/accounts/{account}/tokens/permission_groups", []string{accTokensRead, accTokensWrite}, listPermissionGroups},
		{"GET", "/zones", nil, listZones},
		{"GET", "/zones/{zone}", zoneReaders(), getZone},
	}
}

func scriptEndpoints() []endpoint {
	read := []string{scriptsRead, scriptsWrite, tailRead}
	plain := []string{scriptsRead, scriptsWrite}
	write := []string{scriptsWrite}
	const account, one = "/accounts/{account}/workers", "/accounts/{account}/workers/scripts/{script}"
	return []endpoint{
		{"GET", account + "/subdomain", plain, getSubdomain},
		{"PUT", account + "/subdomain", write, putSubdomain},
		{"DELETE", account + "/subdomain", write, deleteSubdomain},
		{"GET", account + "/domains", plain, listDomains},
		{"PUT", account + "/domains", write, putDomain},
		{"GET", account + "/domains/{domain}", plain, getDomain},
		{"DELETE", account + "/domains/{domain}", write, deleteDomain},
		{"GET", account + "/placement/regions", plain, listRegions},
		{"GET", account + "/scripts", read, listScripts},
		{"GET", one, read, getScript},
		{"PUT", one, write, putScript},
		{"DELETE", one, write, deleteScript},
		{"GET", one + "/content/v2", read, getContent},
		{"GET", one + "/settings", read, getSettings},
		{"PATCH", one + "/settings", write, patchSettings},
		{"GET", one + "/script-settings", read, getScriptSettings},
		{"PATCH", one + "/script-settings", write, patchScriptSettings},
		{"GET", one + "/subdomain", read, getWorkersDev},
		{"POST", one + "/subdomain", write, postWorkersDev},
		{"DELETE", one + "/subdomain", write, deleteWorkersDev},
		{"GET", one + "/secrets", read, listSecrets},
		{"PUT", one + "/secrets", write, putSecret},
		{"GET", one + "/secrets/{secret}", read, getSecret},
		{"DELETE", one + "/secrets/{secret}", write, deleteSecret},
		{"GET", one + "/versions", read, listVersions},
		{"POST", one + "/versions", write, postVersion},
		{"GET", one + "/versions/{version}", read, getVersion},
		{"GET", one + "/deployments", read, listDeployments},
		{"POST", one + "/deployments", write, postDeployment},
		{"GET", one + "/deployments/{deployment}", read, getDeployment},
		{"DELETE", one + "/deployments/{deployment}", write, deleteDeployment},
	}
}

func routeEndpoints() []endpoint {
	read, write := []string{routesRead, routesWrite}, []string{routesWrite}
	const all, one = "/zones/{zone}/workers/routes", "/zones/{zone}/workers/routes/{route}"
	return []endpoint{
		{"GET", all, read, listRoutes},
		{"POST", all, write, postRoute},
		{"GET", one, read, getRoute},
		{"PUT", one, write, putRoute},
		{"DELETE", one, write, deleteRoute},
	}
}

func recordEndpoints() []endpoint {
	read, write := []string{dnsRead, dnsWrite}, []string{dnsWrite}
	const all, one = "/zones/{zone}/dns_records", "/zones/{zone}/dns_records/{record}"
	return []endpoint{
		{"GET", all, read, listRecords},
		{"POST", all, write, postRecord},
		{"POST", all + "/batch", write, batchRecords},
		{"GET", one, read, getRecord},
		{"PUT", one, write, putRecord},
		{"PATCH", one, write, patchRecord},
		{"DELETE", one, write, deleteRecord},
	}
}
