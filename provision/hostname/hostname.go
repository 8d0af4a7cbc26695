package hostname

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Lengths in octets of the ASCII form, RFC 1035 section 2.3.4.
const (
	maxHostLength  = 253
	MaxLabelLength = 63
)

// Parse takes a hostname as people type it, in ASCII or Unicode and with or without a trailing dot, and gives
// its lower-case ASCII form (RFC 5891). What is not a plain public hostname is an *Error whose details hold the "value"
// and, where the meant name can be told, a "suggestion".
func Parse(s string) (string, error) {
	value := strings.TrimSpace(s)
	if code := detectForm(value); code != "" {
		return "", hostError(code, value, suggestHost(value))
	}
	ascii, code := toASCII(strings.TrimSuffix(value, "."))
	if code != "" {
		return "", hostError(code, value, "")
	}
	return ascii, nil
}

func hostError(code errcode.Code, value, suggestion string) *errcode.Error {
	e := errcode.New(code, "value", value)
	if suggestion != "" && suggestion != value {
		e.Details["suggestion"] = suggestion
	}
	return e
}

// shapeOf tells what other thing than a hostname the value looks like; "" if it may be one.
func detectForm(value string) errcode.Code {
	switch {
	case value == "":
		return errcode.HostEmpty
	case strings.Contains(value, "://"):
		return errcode.HostURL
	case isIP(value):
		return errcode.HostIP
	case strings.ContainsFunc(value, unicode.IsSpace):
		return errcode.HostSpace
	case strings.ContainsAny(value, "/?#\\"):
		return errcode.HostPath
	case strings.Contains(value, ":"):
		return errcode.HostPort
	case strings.Contains(value, "*"):
		return errcode.HostWildcard
	}
	return ""
}

func isIP(value string) bool {
	if _, err := netip.ParseAddr(strings.Trim(value, "[]")); err == nil {
		return true
	}
	_, err := netip.ParseAddrPort(value)
	return err == nil
}

// hostWithin finds the hostname that was probably meant, or "".
func suggestHost(value string) string {
	host := strings.Join(strings.Fields(value), "")
	if i := strings.Index(host, "://"); i >= 0 {
		host = host[i+3:]
	}
	if u, err := url.Parse("//" + host); err == nil && u.Host != "" {
		host = u.Hostname()
	}
	host = strings.ReplaceAll(host, "\\", "/")
	host, _, _ = strings.Cut(host, "/")
	host, _, _ = strings.Cut(host, ":")
	host = strings.TrimSuffix(host, ".")
	if detectForm(host) != "" {
		return ""
	}
	if _, code := toASCII(host); code != "" {
		return ""
	}
	return strings.ToLower(host)
}

// profile is how browsers look a name up (UTS 46), with the length and letter rules of DNS checked. Underscores are
// refused: no certificate can be issued for such a name.
var profile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))

func toASCII(host string) (string, errcode.Code) {
	if code := checkLabels(host); code != "" {
		return "", code
	}
	ascii, err := profile.ToASCII(host)
	if err != nil {
		return "", diagnose(host)
	}
	if isLocal(ascii) {
		return "", errcode.HostLocal
	}
	if !strings.Contains(ascii, ".") {
		return "", errcode.HostSingle
	}
	if strings.Trim(ascii[strings.LastIndex(ascii, ".")+1:], "0123456789") == "" {
		return "", errcode.HostIP // no top-level domain is a number, so this is an address, and a wrong one
	}
	if suffix, icann := publicsuffix.PublicSuffix(ascii); icann && suffix == ascii {
		return "", errcode.HostSuffix
	}
	return ascii, ""
}

func checkLabels(host string) errcode.Code {
	for label := range strings.SplitSeq(host, ".") {
		if label == "" {
			return errcode.HostLabel
		}
	}
	return ""
}

// codeOfLength tells a name that is merely too long from one with letters that no hostname has.
func diagnose(host string) errcode.Code {
	ascii, err := idna.New(idna.MapForLookup(), idna.StrictDomainName(true)).ToASCII(host)
	if err != nil {
		return errcode.HostInvalid
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if len(label) > MaxLabelLength {
			return errcode.HostLabel
		}
	}
	if len(ascii) > maxHostLength {
		return errcode.HostLong
	}
	return errcode.HostInvalid
}

// isLocal covers the names that never leave a machine or a home (RFC 6761 section 6.3, RFC 6762, RFC 8375).
func isLocal(host string) bool {
	for _, suffix := range []string{"localhost", "local", "internal", "localdomain", "home.arpa"} {
		if host == suffix || strings.HasSuffix(host, "."+suffix) {
			return true
		}
	}
	return false
}

// Display gives the Unicode form of an ASCII hostname, for people to read.
func Display(host string) string {
	if unicode, err := idna.Display.ToUnicode(host); err == nil {
		return unicode
	}
	return host
}
