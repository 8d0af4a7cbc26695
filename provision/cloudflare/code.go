package cloudflare

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/provision"
)

// codesOf says what the API's error numbers mean to us. Numbers are not unique across products, but they are among the
// calls that we make. Texts change, numbers have not.
// https://developers.cloudflare.com/workers/observability/errors/#validation-errors-10021
var codesOf = map[int]provision.Code{
	971:   provision.CodeRateLimited,
	10100: provision.CodeRateLimited,

	1000: provision.CodeTokenRejected,
	6003: provision.CodeTokenMalformed,
	6111: provision.CodeTokenMalformed,
	9103: provision.CodeTokenMalformed,
	9106: provision.CodeTokenMalformed,

	10013: provision.CodeServerError,
	10035: provision.CodeServerError, // somebody else was changing the same Worker

	10019: provision.CodeScriptUnseen,
	10020: provision.CodeExists,
	81057: provision.CodeExists,
	81058: provision.CodeExists,
	81053: provision.CodeExists,
	81054: provision.CodeExists,

	10009: provision.CodeGone,
	81044: provision.CodeGone,

	10034: provision.CodeEmailUnverified,
	10063: provision.CodeSubdomainMissing,
	10031: provision.CodeSubdomainTaken,

	10006: provision.CodeScriptRefused,
	10021: provision.CodeScriptRefused,
	10026: provision.CodeScriptRefused,
	10068: provision.CodeScriptRefused,

	10220:  provision.CodeSecretsChanged,
	100146: provision.CodeVersionUnknown,

	10057: provision.CodeKeyGone, // a binding to inherit is not there; nothing but keys is inherited

	10027: provision.CodeQuota,
	10037: provision.CodeQuota,
	10054: provision.CodeQuota,
	10055: provision.CodeQuota,
	81045: provision.CodeQuota,
}

// codeOf judges by the numbers first and by the status last. 10000 and 9109 mean an unknown token or one that lacks a
// permission, depending on where and how they come.
func codeOf(r *http.Request, status int, codes []int) provision.Code {
	switch {
	case slices.Contains(codes, 10000) && status == http.StatusUnauthorized:
		return provision.CodeTokenRejected
	case slices.Contains(codes, 9109) && lastOf(r) == "zones":
		return provision.CodeTokenRejected
	case slices.Contains(codes, 10000) || slices.Contains(codes, 9109):
		return provision.CodePermission
	}
	for _, code := range codes {
		if known, ok := codesOf[code]; ok {
			return known
		}
	}
	return codeOfStatus(status)
}

func codeOfStatus(status int) provision.Code {
	switch {
	case status == http.StatusTooManyRequests:
		return provision.CodeRateLimited
	case status == http.StatusUnauthorized:
		return provision.CodeTokenRejected
	case status >= 500:
		return provision.CodeServerError
	}
	return provision.CodeRefused
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
	e := (*provision.Error)(nil)
	return errors.As(err, &e) && slices.Contains(codes, e.Details["api_code"])
}
