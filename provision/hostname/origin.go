package hostname

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cfproxy/cfproxy/provision/errcode"
)

// ParseOrigin parses the origin of a web page and returns it as browsers send it: scheme and host in lower case, the
// host in ASCII, the port only if it is not the scheme's default, and nothing after it. Desktop apps and browser
// extensions have other schemes than http and https, such as app, tauri and chrome-extension. Their hosts are opaque, so
// these are returned as they are. The error is an *errcode.Error with code errcode.AllowOriginInvalid, whose "value" has
// no credentials and no query.
// https://fetch.spec.whatwg.org/#origin-header
// https://url.spec.whatwg.org/#concept-opaque-host-parser
func ParseOrigin(value string) (string, error) {
	text := strings.TrimSpace(value)
	invalid := func(suggestion string) (string, error) {
		return "", errcode.New(errcode.AllowOriginInvalid, "value", RedactURL(value), "suggestion", suggestion)
	}
	if !strings.Contains(text, "://") {
		// The most common mistake is a hostname without a scheme. A word such as "null" is not taken for one.
		isHost := strings.ContainsAny(text, ".:") || text == "localhost"
		if origin, err := ParseOrigin("https://" + text); err == nil && isHost {
			return invalid(origin)
		}
		return invalid("")
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || slices.Contains(schemesWithoutOrigin, u.Scheme) {
		return invalid("")
	}
	if meant := errcode.Suggest(u.Scheme, webSchemes); meant != "" && meant != u.Scheme {
		origin, err := ParseOrigin(meant + text[len(u.Scheme):])
		if err != nil {
			origin = ""
		}
		return invalid(origin)
	}
	host, ok := originHost(u)
	if !ok {
		return invalid("")
	}
	origin := u.Scheme + "://" + host
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(text, "#") {
		return invalid(origin)
	}
	return origin, nil
}

var webSchemes = []string{"http", "https"}

// schemesWithoutOrigin are those of pages whose Origin header is "null" or of another scheme.
// https://url.spec.whatwg.org/#origin
var schemesWithoutOrigin = []string{"about", "blob", "data", "file", "filesystem", "ftp", "javascript", "mailto", "view-source", "ws", "wss"}

// ParseOrigins parses origins and returns them sorted and without duplicates. It returns the first error of ParseOrigin.
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

// RedactURL returns a URL without its query and without anything before an @, which may be a password or a key.
func RedactURL(value string) string {
	value, _, _ = strings.Cut(value, "?")
	if at := strings.LastIndex(value, "@"); at >= 0 {
		return "…" + value[at:]
	}
	return value
}

// opaqueHostPattern matches the host of an app or extension, perhaps with a port.
var opaqueHostPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9._-]+(:[0-9]{1,5})?$`) })

// originHost returns host and port as browsers write them. It reports false if either is not valid.
func originHost(u *url.URL) (string, bool) {
	if !slices.Contains(webSchemes, u.Scheme) {
		return u.Host, opaqueHostPattern().MatchString(u.Host)
	}
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
