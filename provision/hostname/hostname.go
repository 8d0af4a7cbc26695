package hostname

import (
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Maximum lengths in octets of the ASCII form. RFC 1035, section 2.3.4.
const (
	maxHostLength  = 253
	MaxLabelLength = 63
)

// Parse parses a public hostname in ASCII or Unicode, with or without a trailing dot, and returns its lower-case ASCII
// form without the dot (RFC 5891). For anything else it returns an *errcode.Error whose code starts with "host-": URLs,
// paths, ports, wildcards, lists, IP addresses, local names, single labels, public suffixes and names that DNS does not
// allow. Only case, one trailing dot and surrounding white space are corrected; other mistakes are errors with a suggestion.
func Parse(s string) (string, error) {
	value := strings.TrimSpace(s)
	ascii, code := parse(value)
	if code == "" {
		return ascii, nil
	}
	if hosts := splitList(value); hosts != nil {
		return "", severalError(value, hosts)
	}
	return "", hostError(code, value, suggestHost(value))
}

// parse is Parse for a value without surrounding white space. It returns the code of the error.
func parse(value string) (string, errcode.Code) {
	if code := detectForm(value); code != "" {
		return "", code
	}
	name := strings.TrimSuffix(value, ".")
	ascii, code := toASCII(name)
	if code == "" && !isSpelling(name, ascii) {
		code = errcode.HostInvalid
	}
	return ascii, code
}

func hostError(code errcode.Code, value, suggestion string) *errcode.Error {
	e := errcode.New(code, "value", visible(value))
	if suggestion != "" && suggestion != value {
		e.Details["suggestion"] = suggestion
	}
	return e
}

// detectForm returns the code of what the value is instead of a hostname, or "" if it may be a hostname.
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

// profile maps names as browsers do before a lookup (UTS 46) and checks the length and character rules of DNS.
// Underscores are not allowed, because no certificate can be issued for such a name.
var profile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// toASCII returns the lower-case ASCII form of a public hostname, or the code of what is wrong with it.
func toASCII(host string) (string, errcode.Code) {
	if hasEmptyLabel(host) {
		return "", errcode.HostLabel
	}
	ascii, err := profile.ToASCII(host)
	if err != nil {
		return "", diagnose(host)
	}
	if strings.HasSuffix(ascii, ".") || !isIDNA2008(ascii) {
		return "", errcode.HostInvalid
	}
	// A name with bytes that are not UTF-8 converts to one that is not valid itself.
	if again, err := profile.ToASCII(ascii); err != nil || again != ascii {
		return "", errcode.HostInvalid
	}
	if isLocal(ascii) {
		return "", errcode.HostLocal
	}
	if !strings.Contains(ascii, ".") {
		return "", errcode.HostSingle
	}
	if strings.Trim(ascii[strings.LastIndex(ascii, ".")+1:], "0123456789") == "" {
		return "", errcode.HostIP // no top-level domain is numeric, so this is a malformed address
	}
	if suffix, icann := publicsuffix.PublicSuffix(ascii); icann && suffix == ascii {
		return "", errcode.HostSuffix
	}
	return ascii, ""
}

func hasEmptyLabel(host string) bool { return slices.Contains(strings.Split(host, "."), "") }

// diagnose returns the code for a name that profile does not accept: too long, or with characters that hostnames do not
// have.
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

// isLocal reports whether the name is reserved for local use: RFC 6761 section 6.3, RFC 6762, RFC 8375.
func isLocal(host string) bool {
	for _, suffix := range []string{"localhost", "local", "internal", "localdomain", "home.arpa"} {
		if host == suffix || strings.HasSuffix(host, "."+suffix) {
			return true
		}
	}
	return false
}

// ToASCII returns a domain name of the API in the form in which names are compared: in lower case, with labels in
// Unicode converted to A-labels (RFC 5890). The API returns both forms. Labels that hostnames do not have, such as "*"
// and "_dmarc", are allowed. A name that cannot be converted is returned as it is.
func ToASCII(name string) string {
	labels := strings.Split(name, ".")
	for i, label := range labels {
		if !isASCII(label) {
			ascii, err := labelProfile.ToASCII(label)
			if again, againErr := labelProfile.ToASCII(ascii); err != nil || againErr != nil || again != ascii || ascii == "" {
				return name
			}
			label = ascii
		}
		labels[i] = strings.ToLower(label)
	}
	return strings.Join(labels, ".")
}

// labelProfile is profile without the rules for characters and lengths, which names of DNS records need not follow.
var labelProfile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false))

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// Display returns the Unicode form of an ASCII hostname, or host itself if it has none.
func Display(host string) string {
	if unicode, err := idna.Display.ToUnicode(host); err == nil {
		return unicode
	}
	return host
}
