package schematest

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Exception is one place where the API is known, or strongly believed, to depart from its description, or where our copy of the
// description is wrong.
type Exception struct {
	// Operation, Pointer and Rule are those of a Violation. In the first two * stands for any run of characters without a
	// slash, and ** for any run.
	Operation string
	Part      Part
	Pointer   string
	Rule      string
	// Schema is a regular expression that the Violation's Schema must fit; "" for any.
	Schema string
	// Why says what is different, and Facts which section of the facts about the API says so; U: nothing has proved it yet.
	Why, Facts string
}

// Exceptions is the one table of them. A test fails for an entry that covers nothing.
func Exceptions() []Exception {
	return slices.Concat([]Exception{
		// Calls that the description does not have.
		{"GET /accounts/*/workers/placement/regions", PartCall, "", ruleUnknown, "", "lists where Workers can be placed", "6.1"},
		{"GET /user", PartCall, "", ruleUnknown, "", "wrangler asks whose the token is", "12"},
		{"GET /memberships", PartCall, "", ruleUnknown, "", "wrangler asks for accounts", "12"},
		{"GET /accounts/*/storage/kv/namespaces", PartCall, "", ruleUnknown, "", "wrangler asks when it deletes a Worker", "12, U"},
		{"* /accounts/*/workers/services/*", PartCall, "", ruleUnknown, "", "an older form of scripts", "6.2, 12"},
		{"GET /accounts/*/workers/scripts/*/references", PartCall, "", ruleUnknown, "", "wrangler asks when it deletes a Worker", "6.2"},
		{"GET /accounts/*/workers/tails/by-consumer/*", PartCall, "", ruleUnknown, "", "wrangler asks when it deletes a Worker", "6.2"},
		{"PUT /accounts/*/workers/scripts/*/routes", PartCall, "", ruleUnknown, "", "sets all routes of a Worker", "12"},
		{"DELETE /accounts/*/workers/subdomain", PartCall, "", ruleUnknown, "", "is reported to work", "6.5"},

		// Every refusal.
		{"**", PartAnswer, "/errors/*/error_chain", ruleUnknown, "", "a general code has the real one beneath it", "14"},
		{"**", PartAnswer, "/errors/*/code", "minimum", "", "numbers below 1000 occur: 0, 400, 971", "14"},

		// Tokens, accounts and zones.
		{"GET **/tokens/verify", PartAnswer, "/messages/*/type", ruleUnknown, "", "a message has a type, which is null", "2"},
		{"GET /accounts**", PartAnswer, "/result**/settings/abuse_contact_email", "type", "", "null where there is none", "5"},
		{"GET /zones**", PartAnswer, "/result**/owner/id", "type", "", "null occurs", "14"},
		{"GET /zones**", PartAnswer, "/result**/owner/email", ruleUnknown, "", "is there, and may be null", "5"},
	}, scriptExceptions(), domainExceptions(), recordExceptions())
}

func scriptExceptions() []Exception {
	const all = "/accounts/{account_id}/workers/scripts"
	const one = all + "/{script_name}"
	const routes = "/zones/{zone_id}/workers/routes**"
	return []Exception{
		{"GET " + one, PartAnswer, "", ruleMediaType, "", "modules come as a form", "14"},
		{"PUT " + one, PartAnswer, "/result/deployment_id", ruleUnknown, "", "is there", "6.1"},
		{"GET " + all, PartAnswer, "/result/*/deployment_id", ruleUnknown, "", "is there", "6.1"},
		{"PUT " + one, PartBody, "/metadata/bindings/*/json", "type", "", "any JSON: the SDK and wrangler know no limit", "6.1, U"},
		{"* " + all + "**", PartAnswer, "/result**/bindings/*/json", "type", "", "any JSON: the SDK and wrangler know no limit", "6.1, U"},
		{"* " + all + "**", PartAnswer, "/result**/placement/mode", "required", "", "{} where there is none", "14"},
		{"PUT " + one, PartQuery, "/excludeScript", ruleUnknown, "", "wrangler sends it", "6.1"},
		{"DELETE " + one + "/deployments/*", PartAnswer, "/result", ruleUnknown, "", "null, as in other deletions", "2, U"},
		{"* " + one + "/versions**", PartAnswer, "/result**/annotations", ruleUnknown, "", "clients read them there", "6.3, U"},
		{"* " + routes, PartAnswer, "/result**/request_limit_fail_open", ruleUnknown, "", "is on every route", "14"},
		{"PUT " + routes, PartBody, "/request_limit_fail_open", ruleUnknown, "", "PUT sets it", "14"},
	}
}

func domainExceptions() []Exception {
	const all = "/accounts/{account_id}/workers/domains"
	return []Exception{
		{"* " + all + "**", PartAnswer, "/result**/enabled", ruleUnknown, "", "is there", "8"},
		{"* " + all + "**", PartAnswer, "/result**/previews_enabled", ruleUnknown, "", "is there", "8"},
		{"PUT " + all, PartBody, "/override_existing_origin", ruleUnknown, "", "is taken", "14"},
		{"PUT " + all, PartBody, "/override_existing_dns_record", ruleUnknown, "", "is taken", "14"},
		{"DELETE " + all + "/*", PartAnswer, "", ruleMediaType, "", "the answer is empty", "14"},
		{"* /zones/{zone_id}/dns_records**", PartAnswer, "/result**/meta/read_only", ruleUnknown, "", "the record of a custom domain", "8, U"},
	}
}

func recordExceptions() []Exception {
	const all = "/zones/{zone_id}/dns_records"
	// All but A itself.
	const notA = `^dns_record_([^A]|AAAA).*/content`
	return []Exception{
		{"POST " + all, PartBody, "/ttl", "required", "", "1 where it is left out", "14"},
		{"POST " + all + "/batch", PartBody, "/posts/*/ttl", "required", "", "1 where it is left out", "14"},
		{"PATCH " + all + "/*", PartBody, "/name", "required", "", "what is left out stays", "14, U"},
		{"PATCH " + all + "/*", PartBody, "/type", "required", "", "what is left out stays", "14, U"},
		{"PATCH " + all + "/*", PartBody, "/ttl", "required", "", "what is left out stays", "14, U"},
		{"POST " + all + "/batch", PartBody, "/patches/*/name", "required", "", "what is left out stays", "14, U"},
		{"POST " + all + "/batch", PartBody, "/patches/*/type", "required", "", "what is left out stays", "14, U"},
		{"POST " + all + "/batch", PartBody, "/patches/*/ttl", "required", "", "what is left out stays", "14, U"},
		{"* " + all + "**", PartAnswer, "/result**/comment", "type", "", "null where there is none", "14"},
		{"* " + all + "**", PartBody, "**/content", "format", notA, "our copy wants an IPv4 address in every kind of record", "15"},
		{"* " + all + "**", PartAnswer, "**/content", "format", notA, "our copy wants an IPv4 address in every kind of record", "15"},
	}
}

// covering is the table, ready to be matched: a list of a thousand records may depart from the description a thousand times.
var covering = sync.OnceValue(func() []func(Violation) bool {
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
	at = slices.IndexFunc(covering(), func(covers func(Violation) bool) bool { return covers(v) })
	return at, at >= 0
}

func glob(pattern string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.ReplaceAll(quoted, `\*\*`, `.*`)
	quoted = strings.ReplaceAll(quoted, `\*`, `[^/]*`)
	return regexp.MustCompile(`^` + quoted + `$`)
}
