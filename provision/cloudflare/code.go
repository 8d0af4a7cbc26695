package cloudflare

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/provision/errcode"
)

// codesOf says what the API's error numbers mean to us. Numbers are not unique across products, but they are among the
// calls that we make. Texts change, numbers have not.
// https://developers.cloudflare.com/workers/observability/errors/#validation-errors-10021
var codesOf = map[int]errcode.Code{
	971:   errcode.RateLimited,
	10100: errcode.RateLimited,

	1000: errcode.TokenRejected,
	6003: errcode.TokenMalformed,
	6111: errcode.TokenMalformed,
	9103: errcode.TokenMalformed,
	9106: errcode.TokenMalformed,

	10013: errcode.ServerError,
	10035: errcode.ServerError, // somebody else was changing the same Worker

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

	10057: errcode.KeyGone, // a binding to inherit is not there; nothing but keys is inherited

	10027: errcode.Quota,
	10037: errcode.Quota,
	10054: errcode.Quota,
	10055: errcode.Quota,
	81045: errcode.Quota,
}

// codeOf judges by the numbers first and by the status last. 10000 and 9109 mean an unknown token or one that lacks a
// permission, depending on where and how they come.
func codeOf(r *http.Request, status int, codes []int) errcode.Code {
	switch {
	case slices.Contains(codes, 10000) && status == http.StatusUnauthorized:
		return errcode.TokenRejected
	case slices.Contains(codes, 9109) && lastOf(r) == "zones":
		return errcode.TokenRejected
	case slices.Contains(codes, 10000) || slices.Contains(codes, 9109):
		return errcode.PermissionMissing
	}
	for _, code := range codes {
		if known, ok := codesOf[code]; ok {
			return known
		}
	}
	return codeOfStatus(status)
}

func codeOfStatus(status int) errcode.Code {
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

func lastOf(r *http.Request) string {
	return r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
}

// The permissions that a token needs, by stable names.
const (
	PermissionZone    = "zone-read"
	PermissionScripts = "workers-scripts-edit"
	PermissionRoutes  = "workers-routes-edit"
	PermissionDNS     = "dns-edit"
)

// permissionFor names the permission that a call needs.
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

// isGone tells that there was nothing to delete: 10007 no such Worker, 10009 no such route, 81044 no such record, 100114 no such
// custom domain.
func isGone(err error) bool { return hasCode(err, "10007", "10009", "81044", "100114") }

func hasCode(err error, codes ...string) bool {
	e := (*errcode.Error)(nil)
	return errors.As(err, &e) && slices.Contains(codes, e.Details["api_code"])
}
