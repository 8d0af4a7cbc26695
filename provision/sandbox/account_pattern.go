package sandbox

import (
	"cmp"
	"strings"
)

// pattern is a route pattern, https://developers.cloudflare.com/workers/configuration/routing/routes/#matching-behavior.
type pattern struct {
	scheme string // "", "http" or "https"
	host   string // lower case; may start with *
	path   string // starts with / or is *; may end with *
}

// parsePattern parses [scheme://]host[/path]. A wildcard is allowed only at the start of the host and at the end of the
// path, and a query is not allowed. The path of a.example.com* is *.
func parsePattern(s string) (pattern, bool) {
	var p pattern
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		p.scheme, s = strings.ToLower(scheme), rest
		if p.scheme != "http" && p.scheme != "https" {
			return p, false
		}
	}
	host, path, hasPath := strings.Cut(s, "/")
	p.path = "/" + path
	if head, ok := strings.CutSuffix(host, "*"); ok && !hasPath && head != "" {
		host, p.path = head, "*"
	}
	tail, isWild := strings.CutPrefix(host, "*")
	if p.host = toASCII(tail); isWild {
		p.host = "*" + p.host
	}
	bare := strings.TrimPrefix(p.host, "*")
	named := bare == "" && p.host == "*" || validLabels(strings.TrimPrefix(bare, "."))
	if !named || strings.Contains(strings.TrimSuffix(p.path, "*"), "*") || strings.ContainsAny(p.path, "?# \t\r\n") {
		return p, false
	}
	return p, true
}

// parse parses the pattern once. A zone may have a thousand routes, and each request is compared with all of them.
func (r *route) parse() { r.parsed, r.valid = parsePattern(r.Pattern) }

// includes reports whether the pattern is allowed in the zone.
func (p pattern) includes(zone string) bool {
	return p.host == "*" || within(strings.TrimPrefix(strings.TrimPrefix(p.host, "*"), "."), zone)
}

// matches reports whether a request matches. A final wildcard also matches the query, and a pattern without one matches
// no request with a query.
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

// compare orders patterns by specificity, most specific first: an exact host before a wildcard, longer before shorter,
// host before path. /images* precedes /images/*, which Cloudflare lists as a known issue.
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

// match returns the most specific route for a request, or nil. It may be a route without a script, which disables
// Workers.
func (z *zone) match(scheme, host, target string) *route {
	var best *route
	for _, r := range z.Routes {
		if r.valid && r.parsed.matches(scheme, host, target) && (best == nil || r.parsed.compare(best.parsed) < 0) {
			best = r
		}
	}
	return best
}
