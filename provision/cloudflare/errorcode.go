package cloudflare

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/provision/errcode"
)

// codeByNumber maps the API's error numbers to codes. Numbers are not unique across products, but among the calls that
// we make they are. They are more stable than messages.
// https://developers.cloudflare.com/workers/observability/errors/#validation-errors-10021
var codeByNumber = map[int]errcode.Code{
	971:   errcode.RateLimited,
	10100: errcode.RateLimited,

	1000: errcode.TokenRejected,
	6003: errcode.TokenMalformed,
	6111: errcode.TokenMalformed,
	9103: errcode.TokenMalformed,
	9106: errcode.TokenMalformed,

	10013: errcode.ServerError,
	10035: errcode.ServerError, // concurrent change of the same Worker

	10019: errcode.ScriptNotVisible,
	10020: errcode.Exists,
	81057: errcode.Exists,
	81058: errcode.Exists,
	81053: errcode.Exists,
	81054: errcode.Exists,

	10009: errcode.Gone,
	81044: errcode.Gone,

	10034: errcode.EmailUnverified,
	10063: errcode.SubdomainMissing,
	10031: errcode.SubdomainTaken,

	10006: errcode.ScriptRejected,
	10021: errcode.ScriptRejected,
	10026: errcode.ScriptRejected,
	10068: errcode.ScriptRejected,

	10220:  errcode.SecretsChanged,
	100146: errcode.VersionUnknown,

	10057: errcode.KeyGone, // a binding to inherit does not exist; we inherit keys only

	10027: errcode.Quota,
	10037: errcode.Quota,
	10054: errcode.Quota,
	10055: errcode.Quota,
	81045: errcode.Quota,
}

// errorCode returns the code for an error response: by the error numbers, or by the HTTP status if none is known. The
// numbers 10000 and 9109 mean either an unknown token or a missing permission, depending on the call and the status.
func errorCode(r *http.Request, status int, numbers []int) errcode.Code {
	switch {
	case slices.Contains(numbers, 10000) && status == http.StatusUnauthorized:
		return errcode.TokenRejected
	case slices.Contains(numbers, 9109) && lastSegment(r) == "zones":
		return errcode.TokenRejected
	case slices.Contains(numbers, 10000) || slices.Contains(numbers, 9109):
		return errcode.PermissionMissing
	}
	for _, number := range numbers {
		if code, ok := codeByNumber[number]; ok {
			return code
		}
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

// lastSegment returns the last segment of a request's path.
func lastSegment(r *http.Request) string {
	return r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
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

// isNotFound reports whether an object does not exist: 10007 for a Worker, 10009 a route, 81044 a record, 100114 a
// custom domain.
func isNotFound(err error) bool { return hasNumber(err, "10007", "10009", "81044", "100114") }

// hasNumber reports whether the first error number of a response is one of numbers.
func hasNumber(err error, numbers ...string) bool {
	e := (*errcode.Error)(nil)
	return errors.As(err, &e) && slices.Contains(numbers, e.Details["api_code"])
}
