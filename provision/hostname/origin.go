package hostname

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/provision/errcode"
)

// ParseOrigin gives the origin of a web page as browsers send it: scheme and host in lower case, the host in ASCII, a port only
// where it is not the scheme's own, nothing behind it. https://fetch.spec.whatwg.org/#origin-header
func ParseOrigin(value string) (string, error) {
	text := strings.TrimSpace(value)
	refuse := func(suggestion string) (string, error) {
		return "", errcode.New(errcode.AllowOriginInvalid, "value", RedactURL(value), "suggestion", suggestion)
	}
	if !strings.Contains(text, "://") {
		// The name alone is the commonest slip, and https the commonest meaning. A word such as null is no name.
		isName := strings.ContainsAny(text, ".:") || text == "localhost"
		if origin, err := ParseOrigin("https://" + text); err == nil && isName {
			return refuse(origin)
		}
		return refuse("")
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return refuse("")
	}
	host, ok := originHost(u)
	if !ok {
		return refuse("")
	}
	origin := u.Scheme + "://" + host
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(text, "#") {
		return refuse(origin)
	}
	return origin, nil
}

// RedactURL is an address as it may be repeated: without what stands before an @ and what stands in a query, a password or a
// key perhaps.
func RedactURL(value string) string {
	value, _, _ = strings.Cut(value, "?")
	if at := strings.LastIndex(value, "@"); at >= 0 {
		return "…" + value[at:]
	}
	return value
}

// originHost gives host and port as browsers write them.
func originHost(u *url.URL) (string, bool) {
	host := strings.ToLower(u.Hostname())
	if addr, err := netip.ParseAddr(host); err == nil {
		host = addr.String()
		if addr.Is6() {
			host = "[" + host + "]"
		}
	} else if host, err = profile.ToASCII(host); err != nil || strings.HasSuffix(host, ".") {
		return "", false
	}
	port := u.Port()
	if port == "" {
		return host, true
	}
	number, err := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil || number == 0:
		return "", false
	case u.Scheme == "https" && number == 443 || u.Scheme == "http" && number == 80:
		return host, true
	}
	return host + ":" + strconv.FormatUint(number, 10), true
}

func ParseOrigins(values []string) ([]string, error) {
	var origins []string
	for _, value := range values {
		origin, err := ParseOrigin(value)
		if err != nil {
			return nil, err
		}
		origins = append(origins, origin)
	}
	slices.Sort(origins)
	return slices.Compact(origins), nil
}
