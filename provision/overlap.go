package provision

import "strings"

// Clash says how a thing of somebody else's stands in the way.
type Clash string

// The ways.
const (
	ClashSame     Clash = "same"     // it is at our own address
	ClashWins     Clash = "wins"     // a more specific route, which would take some of our paths away; without a Worker, to the origin
	ClashShadowed Clash = "shadowed" // a wider route, which would no longer get the host's requests
	ClashDomain   Clash = "domain"   // a custom domain of a Worker, whose place our route would take
)

// isWider tells a route's pattern, with an asterisk before its host, to which a host's own route is preferred. A fixed host beats a
// wildcard whatever the paths; on the same host the longer path wins.
// https://developers.cloudflare.com/workers/configuration/routing/routes/#matching-behavior
// https://developers.cloudflare.com/workers/platform/known-issues/#route-specificity
func isWider(pattern, host string) bool {
	on := hostOfPattern(pattern)
	return strings.HasPrefix(on, "*") && covers(on, host)
}
