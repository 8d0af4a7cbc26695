package plan

import "strings"

// RoutePattern returns the route pattern that matches every path of a host and nothing else.
// https://developers.cloudflare.com/workers/configuration/routing/routes/#matching-behavior
func RoutePattern(host string) string { return host + "/*" }

// patternHost returns the host of a route pattern, in lower case. The pattern may have a scheme and a path. The host may
// start with an asterisk. An asterisk directly after it belongs to the path: "a.example.com*" matches every path of
// a.example.com.
func patternHost(pattern string) string {
	if _, rest, found := strings.Cut(pattern, "://"); found {
		pattern = rest
	}
	host, _, hasPath := strings.Cut(pattern, "/")
	if !hasPath && host != "*" {
		host = strings.TrimSuffix(host, "*")
	}
	return strings.ToLower(host)
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
// would take precedence. A host without a wildcard wins whatever the paths are. On the same host every other pattern
// wins over ours: those with a path, a scheme or without a slash ("a.example.com*").
// https://developers.cloudflare.com/workers/configuration/routing/routes/#matching-behavior
// https://developers.cloudflare.com/workers/platform/known-issues/#route-specificity
func isWiderRoute(pattern, host string) bool {
	patternHost := patternHost(pattern)
	return strings.HasPrefix(patternHost, "*") && matchesHost(patternHost, host)
}
