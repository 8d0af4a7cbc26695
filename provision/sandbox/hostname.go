package sandbox

import "strings"

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
