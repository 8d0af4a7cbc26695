package schematest

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Exception is a point in which the API is known, or assumed, to differ from the description, or in which the description
// is wrong.
type Exception struct {
	// Operation, Pointer and Rule match those of a Violation. In the first two * matches any characters but a slash, and
	// ** any characters.
	Operation string
	Part      Part
	Pointer   string
	Rule      string
	// Schema is a regular expression that matches the Violation's Schema; "" matches all.
	Schema string
	// Why explains the difference. Facts is the section with the source in the notes on the API; U means that it is
	// unverified.
	Why, Facts string
}

// Exceptions returns all exceptions. A test fails for exceptions that match nothing.
func Exceptions() []Exception {
	return slices.Concat([]Exception{
		// Calls that the description does not have.
		{"GET /accounts/*/workers/placement/regions", PartCall, "", ruleUnknown, "", "lists where Workers can be placed", "6.1"},
		{"GET /user", PartCall, "", ruleUnknown, "", "wrangler reads the user of the token", "12"},
		{"GET /memberships", PartCall, "", ruleUnknown, "", "wrangler reads the accounts", "12"},
		{"GET /accounts/*/storage/kv/namespaces", PartCall, "", ruleUnknown, "", "wrangler calls it before it deletes a Worker", "12, U"},
		{"* /accounts/*/workers/services/*", PartCall, "", ruleUnknown, "", "an older form of scripts", "6.2, 12"},
		{"GET /accounts/*/workers/scripts/*/references", PartCall, "", ruleUnknown, "", "wrangler calls it before it deletes a Worker", "6.2"},
		{"GET /accounts/*/workers/tails/by-consumer/*", PartCall, "", ruleUnknown, "", "wrangler calls it before it deletes a Worker", "6.2"},
		{"PUT /accounts/*/workers/scripts/*/routes", PartCall, "", ruleUnknown, "", "sets all routes of a Worker", "12"},
		{"DELETE /accounts/*/workers/subdomain", PartCall, "", ruleUnknown, "", "is reported to work", "6.5"},

		// All error responses.
		{"**", PartResponse, "/errors/*/error_chain", ruleUnknown, "", "a general code has the specific one in its chain", "14"},
		{"**", PartResponse, "/errors/*/code", "minimum", "", "numbers below 1000 occur: 0, 400, 971", "14"},

		// Tokens, accounts and zones.
		{"GET **/tokens/verify", PartResponse, "/messages/*/type", ruleUnknown, "", "a message has a type, which is null", "2"},
		{"GET /accounts**", PartResponse, "/result**/settings/abuse_contact_email", "type", "", "null if there is none", "5"},
		{"GET /zones**", PartResponse, "/result**/owner/id", "type", "", "null occurs", "14"},
		{"GET /zones**", PartResponse, "/result**/owner/email", ruleUnknown, "", "is in the response and may be null", "5"},
	}, scriptExceptions(), domainExceptions(), recordExceptions())
}

func scriptExceptions() []Exception {
	const all = "/accounts/{account_id}/workers/scripts"
	const one = all + "/{script_name}"
	const routes = "/zones/{zone_id}/workers/routes**"
	return []Exception{
		{"GET " + one, PartResponse, "", ruleMediaType, "", "the response is a form with the modules", "14"},
		{"PUT " + one, PartResponse, "/result/deployment_id", ruleUnknown, "", "is in the response", "6.1"},
		{"GET " + all, PartResponse, "/result/*/deployment_id", ruleUnknown, "", "is in the response", "6.1"},
		{"PUT " + one, PartBody, "/metadata/bindings/*/json", "type", "", "any JSON: the SDK and wrangler have no restriction", "6.1, U"},
		{"* " + all + "**", PartResponse, "/result**/bindings/*/json", "type", "", "any JSON: the SDK and wrangler have no restriction", "6.1, U"},
		{"* " + all + "**", PartResponse, "/result**/placement/mode", "required", "", "{} if there is none", "14"},
		{"PUT " + one, PartQuery, "/excludeScript", ruleUnknown, "", "wrangler sends it", "6.1"},
		{"DELETE " + one + "/deployments/*", PartResponse, "/result", ruleUnknown, "", "null, as in other deletions", "2, U"},
		{"* " + one + "/versions**", PartResponse, "/result**/annotations", ruleUnknown, "", "clients read them there", "6.3, U"},
		{"* " + routes, PartResponse, "/result**/request_limit_fail_open", ruleUnknown, "", "is on every route", "14"},
		{"PUT " + routes, PartBody, "/request_limit_fail_open", ruleUnknown, "", "PUT sets it", "14"},
	}
}

func domainExceptions() []Exception {
	const all = "/accounts/{account_id}/workers/domains"
	return []Exception{
		{"* " + all + "**", PartResponse, "/result**/enabled", ruleUnknown, "", "is in the response", "8"},
		{"* " + all + "**", PartResponse, "/result**/previews_enabled", ruleUnknown, "", "is in the response", "8"},
		{"PUT " + all, PartBody, "/override_existing_origin", ruleUnknown, "", "is accepted", "14"},
		{"PUT " + all, PartBody, "/override_existing_dns_record", ruleUnknown, "", "is accepted", "14"},
		{"DELETE " + all + "/*", PartResponse, "", ruleMediaType, "", "the response is empty", "14"},
		{"* /zones/{zone_id}/dns_records**", PartResponse, "/result**/meta/*", ruleUnknown, "", "records that other products manage", "8, U"},
		{"* /zones/{zone_id}/dns_records**", PartResponse, "/result**/locked", ruleUnknown, "", "records that other products manage; clients read it", "U"},
	}
}

func recordExceptions() []Exception {
	const all = "/zones/{zone_id}/dns_records"
	// All types but A.
	const notA = `^dns_record_([^A]|AAAA).*/content`
	return []Exception{
		{"POST " + all, PartBody, "/ttl", "required", "", "defaults to 1", "14"},
		{"POST " + all + "/batch", PartBody, "/posts/*/ttl", "required", "", "defaults to 1", "14"},
		{"PATCH " + all + "/*", PartBody, "/name", "required", "", "missing fields stay unchanged", "14, U"},
		{"PATCH " + all + "/*", PartBody, "/type", "required", "", "missing fields stay unchanged", "14, U"},
		{"PATCH " + all + "/*", PartBody, "/ttl", "required", "", "missing fields stay unchanged", "14, U"},
		{"POST " + all + "/batch", PartBody, "/patches/*/name", "required", "", "missing fields stay unchanged", "14, U"},
		{"POST " + all + "/batch", PartBody, "/patches/*/type", "required", "", "missing fields stay unchanged", "14, U"},
		{"POST " + all + "/batch", PartBody, "/patches/*/ttl", "required", "", "missing fields stay unchanged", "14, U"},
		{"* " + all + "**", PartResponse, "/result**/comment", "type", "", "null if there is none", "14"},
		{"* " + all + "**", PartBody, "**/content", "format", notA, "the description requires an IPv4 address in records of all types", "15"},
		{"* " + all + "**", PartResponse, "**/content", "format", notA, "the description requires an IPv4 address in records of all types", "15"},
	}
}

// matchers are the compiled exceptions: a list of a thousand records may have a thousand violations.
var matchers = sync.OnceValue(func() []func(Violation) bool {
	var all []func(Violation) bool
	for _, e := range Exceptions() {
		operation, pointer, schema := glob(e.Operation), glob(e.Pointer), regexp.MustCompile(e.Schema)
		all = append(all, func(v Violation) bool {
			return e.Part == v.Part && e.Rule == v.Rule && operation.MatchString(v.Operation) && pointer.MatchString(v.Pointer) &&
				schema.MatchString(v.Schema)
		})
	}
	return all
})

func exceptionFor(v Violation) (at int, ok bool) {
	at = slices.IndexFunc(matchers(), func(matches func(Violation) bool) bool { return matches(v) })
	return at, at >= 0
}

func glob(pattern string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.ReplaceAll(quoted, `\*\*`, `.*`)
	quoted = strings.ReplaceAll(quoted, `\*`, `[^/]*`)
	return regexp.MustCompile(`^` + quoted + `$`)
}
