package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// exit shows an error, if there is one to show, and gives the exit status.
func (p *program) exit(err error) int {
	quiet := problem.ExitStatus(0)
	switch {
	case err == nil:
		return problem.ExitOK
	case p.text == nil:
		fmt.Fprintln(p.stderr, "cfproxy:", err)
		return problem.ExitFailed
	case errors.As(err, &quiet):
		return int(quiet)
	}
	code, details, status := p.classify(err)
	shown := p.errorResult(code, details, conflictsOf(err))
	if all := (plan.HostErrors)(nil); errors.As(err, &all) {
		shown.Refused, status = p.refusalViews(all), p.statusOfAll(all)
		p.tellRefused(all)
	} else {
		p.show(err, code, details)
	}
	if p.json {
		p.writeJSON(shown)
	}
	return status
}

// classify gives the code by which an error is said, what fills the sentence, and the exit status. That of a line in a file has
// both among its details.
func (p *program) classify(err error) (code string, details map[string]string, status int) {
	var place *problem.PositionError
	if errors.As(err, &place) {
		code, details, status = p.classify(place.Err)
		details["file"], details["line"] = place.File, itoa(place.Line)
		return code, details, status
	}
	var own *problem.Error
	var engine *errcode.Error
	switch {
	case errors.Is(err, prompt.ErrAborted), errors.Is(err, context.Canceled) && !errors.As(err, &engine):
		return "interrupted", nil, problem.ExitInterrupted
	case errors.As(err, &own):
		return own.Code, p.withCause(own.Details, own.Err), own.Exit
	case errors.As(err, &engine):
		return string(engine.Code), p.withCause(engine.Details, engine.Err), statusOf(engine.Code)
	}
	return "unexpected", p.withCause(nil, err), problem.ExitFailed
}

func statusOf(code errcode.Code) int {
	switch code {
	case errcode.Conflict, errcode.Exists, errcode.Exposed, errcode.ZoneElsewhere:
		return problem.ExitConflict
	case errcode.TokenMissing, errcode.TokenMalformed, errcode.TokenRejected, errcode.TokenGlobalKey,
		errcode.PermissionMissing, errcode.NoZones, errcode.AccountEmpty:
		return problem.ExitToken
	case errcode.Interrupted:
		return problem.ExitInterrupted
	case errcode.AccountInvalid, errcode.WorkerInvalid, errcode.OriginInvalid, errcode.RegionInvalid,
		errcode.HostDuplicate, errcode.WorkerDuplicate, errcode.UpstreamLoop, errcode.AllowOriginInvalid, errcode.RegionUnknown,
		errcode.ProvidersTooLarge, errcode.OriginsTooLarge, errcode.TooManyKeys, errcode.TooManyLimits, errcode.TokensUnreadable:
		return problem.ExitUsage
	}
	if strings.HasPrefix(string(code), "host-") {
		return problem.ExitUsage
	}
	return problem.ExitFailed
}

// withCause adds the cause in the system's own words. Whatever others had a part in says no secret of ours.
func (p *program) withCause(details map[string]string, err error) map[string]string {
	all := map[string]string{}
	for name, value := range details {
		all[name] = value
	}
	if err != nil {
		all["cause"] = rootCause(err)
	}
	for name, value := range all {
		all[name] = p.redact(value)
	}
	return all
}

// rootCause returns the text of err on one line, without the *url.Error around it that repeats the address of the call.
func rootCause(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}

func conflictsOf(err error) []plan.Object {
	var conflict *plan.ConflictError
	if errors.As(err, &conflict) {
		return conflict.Objects
	}
	return nil
}

// show writes one line of error and a line for every hint, on stderr. With details that a text does not use nothing is
// lost: --json carries all of them.
func (p *program) show(err error, code string, details map[string]string) {
	details = p.readable(details)
	pairs := i18n.Pairs(details)
	prefix := p.text.T("error.prefix")
	if code == "declined" { // the user's own answer is not an error
		prefix = ""
	}
	if place := (*problem.PositionError)(nil); errors.As(err, &place) {
		prefix += p.text.T("error.place", pairs...)
	}
	fmt.Fprintln(p.stderr, prefix+p.text.T("error."+code, pairs...))
	if conflicts := conflictsOf(err); len(conflicts) > 0 {
		p.view.Conflicts(p.stderr, conflicts)
	}
	p.hints(code, details)
}

// hints writes what to do about an error.
func (p *program) hints(code string, details map[string]string) {
	if suggestion := details["suggestion"]; suggestion != "" {
		p.hint("hint.suggestion", "suggestion", suggestion)
	}
	if p.apiToken.IsStored() && statusOf(errcode.Code(code)) == problem.ExitToken {
		p.hint("login.stale", "place", p.placeOf(p.apiToken.Source))
	}
	pairs := i18n.Pairs(details)
	for i := 1; p.text.Has("hint." + code + "." + strconv.Itoa(i)); i++ {
		p.hint("hint."+code+"."+strconv.Itoa(i), pairs...)
	}
}

func (p *program) hint(key string, pairs ...string) {
	for line := range strings.SplitSeq(p.text.T(key, pairs...), "\n") {
		fmt.Fprintln(p.stderr, p.text.T("hint.prefix")+line)
	}
}

// readable fills in what sentences may need: permissions as the dashboard names them, the link that makes the right token,
// and a dash for what the API did not say.
func (p *program) readable(details map[string]string) map[string]string {
	all := map[string]string{
		"link": tokenLink(), "message": "–", "api_code": "–", "ray": "–", "status": "–", "cause": "–", "command": "", "zones": "–",
		"content_type": "–", "call": "–", "zone_permission": p.text.T("permission." + cloudflare.PermissionZone),
	}
	all["run_plan"], all["run_status"], all["run_self"] = "cfproxy plan", "cfproxy status", "cfproxy"
	all["run_versions"] = "cfproxy versions"
	if p.context != nil {
		all["run_plan"], all["run_status"] = p.again(p.context, "plan", p.hosts...), p.again(p.context, "status", p.hosts...)
		all["run_versions"] = p.again(p.context, "versions", p.hosts...)
		all["run_self"] = strings.Join(append(lead(p.context), strings.Fields(commandOf(p.context))[1:]...), " ")
	}
	for name, value := range details {
		if value != "" || all[name] == "" {
			all[name] = view.Clean(value)
		}
	}
	if kind := details["kind"]; kind != "" {
		all["kind"] = p.text.T("kind." + kind)
	}
	var names []string
	for permission := range strings.SplitSeq(details["permission"], ",") {
		names = append(names, p.text.T("permission."+permission))
	}
	all["permission"] = strings.Join(names, p.text.T("comma"))
	return all
}

// tokenLink opens the dashboard's form for a new token with the permissions filled in.
// https://developers.cloudflare.com/fundamentals/api/how-to/account-owned-token-template/
//
// The key of the routes permission is listed there among those of accounts, though it is one of zones: not tried on a live
// account. Were it wrong, the form would open without that line, and the error for it names the permission.
func tokenLink() string {
	type permission struct {
		Key  string `json:"key"`
		Type string `json:"type"`
	}
	// Marshalling plain strings cannot fail.
	keys, _ := json.Marshal([]permission{
		{"workers_scripts", "edit"}, {"workers_routes", "edit"}, {"dns", "edit"}, {"zone", "read"},
	})
	return "https://dash.cloudflare.com/profile/api-tokens?permissionGroupKeys=" + url.QueryEscape(string(keys)) +
		"&accountId=*&zoneId=all&name=cfproxy"
}

// permissions lists what a token needs, in the order of the pipeline.
func permissions() []string {
	return []string{cloudflare.PermissionZone, cloudflare.PermissionScripts, cloudflare.PermissionRoutes, cloudflare.PermissionDNS}
}

func itoa(n int) string { return strconv.Itoa(n) }

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
