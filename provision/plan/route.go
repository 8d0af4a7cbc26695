package plan

import "strings"

// RoutePattern returns the route pattern that matches every path of a host and nothing else.
// https://developers.cloudflare.com/workers/configuration/routing/routes/#matching-behavior
func RoutePattern(host string) string { return host + "/*" }

// patternHost returns the host of a route pattern, which may have a scheme and a path. The host may start with an
// asterisk.
func patternHost(pattern string) string {
	if _, rest, found := strings.Cut(pattern, "://"); found {
		pattern = rest
	}
	host, _, _ := strings.Cut(pattern, "/")
	return host
}

// matchesHost reports whether the host of a route pattern matches host. An asterisk at its start matches any prefix,
// also an empty one.
func matchesHost(pattern, host string) bool {
	if suffix, found := strings.CutPrefix(pattern, "*"); found {
		return strings.HasSuffix(host, suffix)
	}
	return pattern == host
}

// isWiderRoute reports whether a route pattern has a wildcard that covers host, so that a route for the host itself
// would take precedence. A host without a wildcard wins whatever the paths are; on the same host the longer path wins.
// https://developers.cloudflare.com/workers/configuration/routing/routes/#matching-behavior
// https://developers.cloudflare.com/workers/platform/known-issues/#route-specificity
func isWiderRoute(pattern, host string) bool {
	patternHost := patternHost(pattern)
	return strings.HasPrefix(patternHost, "*") && matchesHost(patternHost, host)
}
