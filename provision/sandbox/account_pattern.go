package sandbox

import (
	"cmp"
	"strings"
)

// pattern is a route pattern, https://developers.cloudflare.com/workers/configuration/routing/routes/#matching-behavior.
type pattern struct {
	scheme string // "", "http" or "https"
	host   string // lower case; may begin with *
	path   string // begins with /; may end with *
}

// parsePattern reads [scheme://]host[/path]. A star may only open the host and close the path; a query is not allowed.
func parsePattern(s string) (pattern, bool) {
	var p pattern
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		p.scheme, s = strings.ToLower(scheme), rest
		if p.scheme != "http" && p.scheme != "https" {
			return p, false
		}
	}
	host, path, _ := strings.Cut(s, "/")
	p.host, p.path = strings.ToLower(host), "/"+path
	bare := strings.TrimPrefix(p.host, "*")
	named := bare == "" && p.host == "*" || labels(strings.TrimPrefix(bare, "."))
	if !named || strings.Contains(strings.TrimSuffix(p.path, "*"), "*") || strings.ContainsAny(p.path, "?# \t\r\n") {
		return p, false
	}
	return p, true
}

// parse reads the pattern once: a zone has a thousand of them, and each request is compared with all.
func (r *route) parse() { r.how, r.valid = parsePattern(r.Pattern) }

// includes tells whether the pattern may stand in the zone.
func (p pattern) includes(zone string) bool {
	return p.host == "*" || within(strings.TrimPrefix(strings.TrimPrefix(p.host, "*"), "."), zone)
}

// matches compares with a request. The query belongs to what a closing star matches, so a pattern without one
// matches no request that has a query.
func (p pattern) matches(scheme, host, target string) bool {
	if p.scheme != "" && p.scheme != scheme {
		return false
	}
	if tail, ok := strings.CutPrefix(p.host, "*"); ok {
		if !strings.HasSuffix(host, tail) {
			return false
		}
	} else if host != p.host {
		return false
	}
	if head, ok := strings.CutSuffix(p.path, "*"); ok {
		return strings.HasPrefix(target, head)
	}
	return target == p.path
}

// compare puts the more specific pattern first: a fixed host before a wildcard, the longer before the shorter, host
// before path. /images* stands before /images/*, which Cloudflare lists among its known issues.
func (p pattern) compare(o pattern) int {
	star := func(s string) int { return strings.Count(s, "*") }
	stem := func(s string) int {
		if head, ok := strings.CutSuffix(s, "*"); ok {
			s = strings.TrimSuffix(head, "/")
		}
		return len(s)
	}
	return cmp.Or(
		cmp.Compare(star(p.host), star(o.host)),
		cmp.Compare(len(o.host), len(p.host)),
		cmp.Compare(star(p.path), star(o.path)),
		cmp.Compare(stem(o.path), stem(p.path)),
		cmp.Compare(len(p.path), len(o.path)),
		cmp.Compare(len(o.scheme), len(p.scheme)),
	)
}

// match finds the route for a request: nil when none fits. A route without a script is found too: it means that
// Workers are off there.
func (z *zone) match(scheme, host, target string) *route {
	var best *route
	for _, r := range z.Routes {
		if r.valid && r.how.matches(scheme, host, target) && (best == nil || r.how.compare(best.how) < 0) {
			best = r
		}
	}
	return best
}
