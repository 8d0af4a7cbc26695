package cloudflare

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/provision/errcode"
)

// meaning is one meaning of an error of the API. Fields that are zero match everything.
type meaning struct {
	number int
	status int    // HTTP status
	call   string // method, space, and the end of the path, such as "GET /zones"
	text   string // part of the message, in lower case
	code   errcode.Code
}

// meanings maps the API's errors to codes. Numbers are not unique: some mean several things, which only the status, the
// call or the text distinguishes. The first match is taken, so a number's general meaning is its last. Texts are used
// only where nothing else differs, since they change more often.
// https://developers.cloudflare.com/workers/observability/errors/#validation-errors-10021
var meanings = []meaning{
	// https://github.com/cloudflare/workers-sdk/issues/4944. The issue has no number, so the text decides for any.
	{call: "GET /zones", text: "'account.id' filter", code: errcode.AccountRequired},
	// The message of a token whose client IP address filtering excludes the caller: https://github.com/jeessy2/ddns-go/issues/1341
	{number: 9109, text: locationText, code: errcode.TokenLocation},
	{number: 10000, text: locationText, code: errcode.TokenLocation},

	{number: 9109, text: "invalid access token", code: errcode.TokenRejected},
	{number: 9109, text: "unauthorized to access", code: errcode.PermissionMissing},
	{number: 9109, call: "GET /zones", code: errcode.TokenRejected},
	{number: 9109, code: errcode.PermissionMissing},
	{number: 10000, status: http.StatusUnauthorized, code: errcode.TokenRejected},
	{number: 10000, code: errcode.PermissionMissing},
	{text: "requires permission", call: "GET /zones", code: errcode.PermissionMissing}, // number 0, before 2020

	{number: 971, code: errcode.RateLimited},
	{number: 6100, code: errcode.RateLimited},
	{number: 10100, code: errcode.RateLimited},

	{number: 1000, code: errcode.TokenRejected},
	{number: 6003, code: errcode.TokenMalformed},
	{number: 6111, code: errcode.TokenMalformed},
	{number: 9103, code: errcode.TokenMalformed},
	{number: 9106, code: errcode.TokenMalformed},

	{number: 10013, code: errcode.ServerError},
	{number: 10035, code: errcode.ServerError}, // concurrent change of the same Worker

	{number: 10019, code: errcode.ScriptNotVisible},
	{number: 10020, code: errcode.Exists},
	{number: 81057, code: errcode.Exists},
	{number: 81058, code: errcode.Exists},
	{number: 81053, code: errcode.Exists},
	{number: 81054, code: errcode.Exists},
	{number: 81062, code: errcode.RecordManaged},

	{number: 10007, code: errcode.Gone},
	{number: 10009, code: errcode.Gone},
	{number: 100114, code: errcode.Gone},
	{number: 81044, code: errcode.Gone},

	{number: 10034, code: errcode.EmailUnverified},
	{number: 10063, code: errcode.SubdomainMissing},
	{number: 10031, code: errcode.SubdomainTaken},

	{number: 10006, code: errcode.ScriptRejected},
	{number: 10021, code: errcode.ScriptRejected},
	{number: 10026, code: errcode.ScriptRejected},
	{number: 10068, code: errcode.ScriptRejected},

	{number: 10220, code: errcode.SecretsChanged},
	{number: 100146, code: errcode.VersionUnknown},
	// Also the number of a deployment whose percentages are wrong.
	{number: 10210, text: "version not found", code: errcode.VersionUnknown},
	{number: 10210, code: errcode.Rejected},

	{number: 10057, code: errcode.KeyGone}, // a binding to inherit does not exist; we inherit keys only

	{number: 10027, code: errcode.Quota},
	{number: 10037, code: errcode.Quota},
	{number: 10054, code: errcode.Quota},
	{number: 10055, code: errcode.Quota},
	{number: 81045, code: errcode.Quota},
}

// locationText is in the message of a call from an address that the token's IP filter excludes. The address follows.
const locationText = "cannot use the access token from location"

// matches reports whether an error of a response has the meaning.
func (m meaning) matches(r *http.Request, status int, err apiError) bool {
	method, path, _ := strings.Cut(m.call, " ")
	return (m.number == 0 || m.number == err.Code) && (m.status == 0 || m.status == status) &&
		(m.call == "" || r.Method == method && strings.HasSuffix(r.URL.Path, path)) &&
		strings.Contains(strings.ToLower(err.Message), m.text)
}

// CodesOf returns the codes that an error number of the API may lead to, in the order in which they are tried. It returns
// none for a number that has no meaning of its own.
func CodesOf(number int) []errcode.Code {
	var codes []errcode.Code
	for _, m := range meanings {
		if m.number == number && number != 0 && !slices.Contains(codes, m.code) {
			codes = append(codes, m.code)
		}
	}
	return codes
}

// NumbersOf returns the error numbers of the API that may lead to a code, sorted.
func NumbersOf(code errcode.Code) []int {
	var numbers []int
	for _, m := range meanings {
		if m.code == code && m.number != 0 {
			numbers = append(numbers, m.number)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// errorCode returns the code for an error response: by the first of the errors that has a meaning, or by the HTTP status
// if none has. Errors about the token come before others.
func errorCode(r *http.Request, status int, errs []apiError) errcode.Code {
	var first errcode.Code
	for _, err := range errs {
		i := slices.IndexFunc(meanings, func(m meaning) bool { return m.matches(r, status, err) })
		switch {
		case i < 0:
		case err.Code == 10000, err.Code == 9109:
			return meanings[i].code
		case first == "":
			first = meanings[i].code
		}
	}
	if first != "" {
		return first
	}
	return codeByStatus(status)
}

func codeByStatus(status int) errcode.Code {
	switch {
	case status == http.StatusTooManyRequests:
		return errcode.RateLimited
	case status == http.StatusUnauthorized:
		return errcode.TokenRejected
	case status >= 500:
		return errcode.ServerError
	}
	return errcode.Rejected
}

// Permissions that a token needs, as stable names. They are the values of the detail "permission".
const (
	PermissionZone    = "zone-read"
	PermissionScripts = "workers-scripts-edit"
	PermissionRoutes  = "workers-routes-edit"
	PermissionDNS     = "dns-edit"
)

// permissionFor returns the permission that a call needs.
func permissionFor(r *http.Request) string {
	switch path := r.URL.Path; {
	case strings.Contains(path, "/dns_records"):
		return PermissionDNS
	case strings.Contains(path, "/workers/routes"):
		return PermissionRoutes
	case strings.Contains(path, "/workers/"):
		return PermissionScripts
	}
	return PermissionZone
}

// addressIn returns the address that an error message ends in, or "–" if there is none.
func addressIn(message string) string {
	at := strings.Index(strings.ToLower(message), locationText)
	if at < 0 {
		return "–"
	}
	address := strings.Trim(message[at+len(locationText):], " :.")
	if address == "" {
		return "–"
	}
	return address
}

// isNotFound reports whether an object does not exist: 10007 for a Worker, 10009 a route, 81044 a record, 100114 a
// custom domain.
func isNotFound(err error) bool { return hasNumber(err, 10007, 10009, 81044, 100114) }

// hasNumber reports whether the first error number of a response is one of numbers.
func hasNumber(err error, numbers ...int) bool {
	e := (*errcode.Error)(nil)
	if !errors.As(err, &e) {
		return false
	}
	number, err := strconv.Atoi(e.Details["api_code"])
	return err == nil && slices.Contains(numbers, number)
}
