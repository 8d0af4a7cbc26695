package plan

import (
	"strings"
)

// Conflict says how a thing of somebody else's stands in the way.
type Conflict string

// The ways.
const (
	ConflictSameAddress  Conflict = "same"     // it is at our own address
	ConflictMoreSpecific Conflict = "wins"     // a more specific route, which would take some of our paths away; without a Worker, to the origin
	ConflictWiderRoute   Conflict = "shadowed" // a wider route, which would no longer get the host's requests
	ConflictCustomDomain Conflict = "domain"   // a custom domain of a Worker, whose place our route would take
)

// isWiderRoute tells a route's pattern, with an asterisk before its host, to which a host's own route is preferred. A fixed host beats a
// wildcard whatever the paths; on the same host the longer path wins.
// https://developers.cloudflare.com/workers/configuration/routing/routes/#matching-behavior
// https://developers.cloudflare.com/workers/platform/known-issues/#route-specificity
func isWiderRoute(pattern, host string) bool {
	on := patternHost(pattern)
	return strings.HasPrefix(on, "*") && patternCovers(on, host)
}

// PatternCovers tells whether the host of a route's pattern, which may begin with an asterisk, is that of a request.
func patternCovers(pattern, host string) bool {
	if ending, found := strings.CutPrefix(pattern, "*"); found {
		return strings.HasSuffix(host, ending)
	}
	return pattern == host
}

// RoutePattern is the pattern that covers every path of a host, and nothing else.
// https://developers.cloudflare.com/workers/configuration/routing/routes/#matching-behavior
func RoutePattern(host string) string { return host + "/*" }

// PatternHost gives the host of a route's pattern, which may have a scheme before it and no path behind it.
func patternHost(pattern string) string {
	if _, rest, found := strings.Cut(pattern, "://"); found {
		pattern = rest
	}
	host, _, _ := strings.Cut(pattern, "/")
	return host
}
