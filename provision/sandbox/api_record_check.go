package sandbox

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"
)

// sameName is the page that the API refers to for conflicting records.
const sameName = "https://developers.cloudflare.com/dns/manage-dns-records/troubleshooting/records-with-same-name/"

var tagPattern = lazyRegexp(`^[A-Za-z0-9_-]{1,32}(:.{0,100})?$`)

func recordTypes() []string {
	return []string{"A", "AAAA", "CAA", "CERT", "CNAME", "DNSKEY", "DS", "HTTPS", "LOC", "MX", "NAPTR", "NS",
		"OPENPGPKEY", "PTR", "SMIMEA", "SRV", "SSHFP", "SVCB", "TLSA", "TXT", "URI"}
}

// checkRecord checks a record, also against the other records of the zone.
func (z *zone) checkRecord(r *record) *apiError {
	bad := func(code int, text string, args ...any) *apiError {
		return newError(http.StatusBadRequest, code, fmt.Sprintf(text, args...))
	}
	switch {
	case !slices.Contains(recordTypes(), r.Type):
		return bad(9020, "Invalid DNS record type.")
	case !isRecordName(r.Name):
		return bad(9000, "DNS name is invalid.")
	case r.TTL != 1 && (r.TTL < 60 || r.TTL > 86400):
		return bad(9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.")
	}
	if err := checkContent(r); err != nil {
		return err
	}
	if r.Proxied && !r.resolves() {
		return bad(9041, "Invalid proxied mode. Record cannot be proxied")
	}
	if r.Proxied && !proxiable(r) {
		return bad(9003, "Target %s is not allowed for a proxied record.", r.Content)
	}
	if err := z.checkCommentAndTags(r); err != nil {
		return err
	}
	return z.checkConflict(r)
}

// isRecordName reports whether a name is valid. The first label may be a star.
func isRecordName(name string) bool {
	rest, _ := strings.CutPrefix(name, "*.")
	return len(name) <= 253 && name != "" && validLabels(rest)
}

func checkContent(r *record) *apiError {
	bad := func(code int, text string) *apiError { return newError(http.StatusBadRequest, code, text) }
	addr, err := netip.ParseAddr(r.Content)
	switch r.Type {
	case "A":
		if err != nil || !addr.Is4() {
			return bad(9005, "Content for A record must be a valid IPv4 address.")
		}
	case "AAAA":
		if err != nil || !addr.Is6() || addr.Zone() != "" {
			return bad(9006, "Content for AAAA record must be a valid IPv6 address.")
		}
	case "CNAME":
		if err == nil || !validLabels(r.Content) || len(r.Content) > 253 {
			return bad(9007, "Content for CNAME record is invalid.")
		}
		if r.Content == r.Name {
			return bad(9039, "CNAME content cannot reference itself.")
		}
	}
	if r.Content == "" && r.Data == nil {
		return bad(9207, "Content for "+r.Type+" record is required.")
	}
	if len(r.Content) > 4096 {
		return bad(9015, "Record content exceeds the allowed length of 4096 wire format bytes.")
	}
	return nil
}

// normalizeContent returns the content of a record as the API returns it.
func normalizeContent(kind, content, zone string) string {
	switch kind {
	case "A", "AAAA":
		if addr, err := netip.ParseAddr(content); err == nil {
			return addr.String()
		}
	case "CNAME":
		if content == "@" {
			return zone
		}
		return strings.ToLower(strings.TrimSuffix(content, "."))
	}
	return content
}

// publicTarget reports whether the proxy connects to a target. It does not connect to private networks and to
// Cloudflare's own resolver.
func publicTarget(content string) bool {
	a, err := netip.ParseAddr(content)
	return err == nil && !a.IsPrivate() && !a.IsLoopback() && !a.IsUnspecified() && !a.IsLinkLocalUnicast() &&
		!a.IsMulticast() && !netip.MustParsePrefix("100.64.0.0/10").Contains(a) && content != "1.1.1.1" && content != "1.0.0.1"
}

// checkCommentAndTags checks the limits in
// https://developers.cloudflare.com/dns/manage-dns-records/reference/record-attributes/.
func (z *zone) checkCommentAndTags(r *record) *apiError {
	comment, tags := 500, 20
	if z.free() {
		comment, tags = 100, 0
	}
	if len(r.Tags) > tags {
		return chained(1004, "DNS Validation Error", 9300,
			fmt.Sprintf("DNS record has %d tags, exceeding the quota of %d.", len(r.Tags), tags))
	}
	for _, t := range r.Tags {
		if !tagPattern().MatchString(t) || strings.HasPrefix(strings.ToLower(t), "cf-") {
			return chained(1004, "DNS Validation Error", 9302, "DNS record tag is invalid.")
		}
	}
	if utf8.RuneCountInString(r.Comment) > comment {
		return newError(http.StatusBadRequest, 9313,
			fmt.Sprintf("DNS record comment exceeds the maximum length of %d characters.", comment))
	}
	if strings.ContainsAny(r.Comment, "\r\n") {
		return newError(http.StatusBadRequest, 9314, "DNS record comment contains invalid characters.")
	}
	return nil
}

// checkConflict checks that a name has either one CNAME or any number of addresses, and that no two records are equal.
func (z *zone) checkConflict(r *record) *apiError {
	address := func(kind string) bool { return kind == "A" || kind == "AAAA" }
	for _, o := range z.Records {
		if o.ID == r.ID || o.Name != r.Name {
			continue
		}
		switch {
		case o.ReadOnly && r.resolves():
			return newError(http.StatusBadRequest, 81062, "A DNS record managed by Workers already exists on that host.")
		case o.Type == r.Type && o.Content == r.Content && samePriority(o, r):
			return newError(http.StatusBadRequest, 81058, "An identical record already exists.")
		case r.Type == "CNAME" && (o.Type == "CNAME" || address(o.Type)):
			return newError(http.StatusBadRequest, 81053,
				"An A, AAAA, or CNAME record with that host already exists. For more details, refer to <"+sameName+">.")
		case address(r.Type) && o.Type == "CNAME":
			return newError(http.StatusBadRequest, 81054,
				"A CNAME record with that host already exists. For more details, refer to <"+sameName+">.")
		}
	}
	return nil
}

func samePriority(a, b *record) bool {
	return (a.Priority == nil) == (b.Priority == nil) && (a.Priority == nil || *a.Priority == *b.Priority)
}

func hasTag(tags []string, name string) bool {
	return slices.ContainsFunc(tags, func(t string) bool {
		key, _, _ := strings.Cut(t, ":")
		return strings.EqualFold(key, name)
	})
}
