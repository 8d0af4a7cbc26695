package provision

import "strings"

// Clash says how a thing of somebody else's stands in the way.
type Clash string

// The ways.
const (
	ClashSame     Clash = "same"     // it is at our own address
	ClashWins     Clash = "wins"     // a more specific route, which would take some of our paths away
	ClashShadowed Clash = "shadowed" // a wider route, which would no longer get the host's requests
	ClashDomain   Clash = "domain"   // a custom domain of a Worker, whose place our route would take
)

// clashOf tells how a route of another Worker, or of none, would meet ours at a host; "" where it would not. A fixed host beats
// a wildcard whatever the paths, and on the same host the longer path wins; one without a Worker would even send callers' keys
// to the address behind the record.
// https://developers.cloudflare.com/workers/configuration/routing/routes/#matching-behavior
// https://developers.cloudflare.com/workers/platform/known-issues/#route-specificity
func clashOf(pattern, host string) Clash {
	on := hostOfPattern(pattern)
	switch {
	case pattern == RoutePattern(host):
		return ClashSame
	case on == host:
		return ClashWins
	case strings.HasPrefix(on, "*") && covers(on, host):
		return ClashShadowed
	}
	return ""
}
