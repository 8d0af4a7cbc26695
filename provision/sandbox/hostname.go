package sandbox

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// The state has names as A-labels (RFC 5890). The API returns the names of zones and records in Unicode, and accepts both
// forms in filters. That it refuses names in Unicode when a record is created is not verified.
var nameProfile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false))

// toASCII returns a name in lower case and with A-labels. A name that cannot be converted is only changed to lower case.
func toASCII(name string) string {
	name = strings.ToLower(name)
	if !strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII }) {
		return name
	}
	labels := strings.Split(name, ".")
	for i, label := range labels {
		ascii, err := nameProfile.ToASCII(label)
		if err != nil {
			return name
		}
		labels[i] = ascii
	}
	return strings.Join(labels, ".")
}

// toUnicode returns a name of the state as the API returns it. Labels that cannot be converted back stay as they are.
func toUnicode(name string) string {
	if !strings.Contains(name, "xn--") {
		return name
	}
	labels := strings.Split(name, ".")
	for i, label := range labels {
		if text, err := nameProfile.ToUnicode(label); err == nil && toASCII(text) == label {
			labels[i] = text
		}
	}
	return strings.Join(labels, ".")
}

// isHostname reports whether name is a lower-case DNS name with at least two labels. Underscores are allowed.
func isHostname(name string) bool {
	return len(name) <= 253 && strings.Contains(name, ".") && validLabels(name)
}

func validLabels(name string) bool {
	for part := range strings.SplitSeq(name, ".") {
		if part == "" || len(part) > 63 || part[0] == '-' || part[len(part)-1] == '-' {
			return false
		}
		for _, c := range []byte(part) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// within reports whether host is the zone's apex or below it.
func within(host, zone string) bool {
	return host == zone || strings.HasSuffix(host, "."+zone)
}

// absolute returns the full name of a record as the API does: "@" is the apex, and a name outside the zone is relative to
// it.
func absolute(name, zone string) string {
	name = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(name)), ".")
	switch {
	case name == "@" || name == "":
		return zone
	case within(name, zone):
		return name
	}
	return name + "." + zone
}
