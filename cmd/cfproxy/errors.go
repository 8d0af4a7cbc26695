package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/cmd/internal/input"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// partialError is the error of a run that had changed something before it failed.
type partialError struct {
	error
	receipt provision.Receipt
	// token was written to cfproxy.toml before the failure, so it becomes valid when the run is finished.
	token config.NewToken
}

func (e *partialError) Unwrap() error { return e.error }

// exit prints an error, if there is one to print, and returns the exit status.
func (c *console) exit(err error) int {
	status := problem.ExitStatus(0)
	switch {
	case err == nil:
		return problem.ExitOK
	case c.text == nil:
		fmt.Fprintln(c.stderr, "cfproxy:", err)
		return problem.ExitFailed
	case errors.As(err, &status):
		return int(status)
	}
	code, details, exit := c.describe(err)
	out := c.failure(err, errorView{code, details, conflictsOf(err)})
	if hosts, ok := errors.AsType[plan.HostErrors](err); ok {
		out.HostErrors, exit = c.hostErrorViews(hosts), c.exitOfHosts(hosts)
		c.printHostErrors(hosts)
	} else {
		c.printError(err)
	}
	if c.json {
		c.writeJSON(out)
	}
	return exit
}

// describe returns the code of an error, the details that fill its sentence, and its exit status. Details hold no secret. An error
// in a file has the file and the line among its details.
func (c *console) describe(err error) (code string, details map[string]string, exit int) {
	if position, ok := errors.AsType[*problem.PositionError](err); ok {
		code, details, exit = c.describe(position.Err)
		details["file"], details["line"] = position.File, strconv.Itoa(position.Line)
		return code, details, exit
	}
	var own *problem.Error
	var engine *errcode.Error
	switch {
	case errors.Is(err, prompt.ErrAborted), errors.Is(err, context.Canceled) && !errors.As(err, &engine):
		return "interrupted", nil, problem.ExitInterrupted
	case errors.As(err, &own):
		return own.Code, c.withCause(own.Details, own.Err), own.Exit
	case errors.As(err, &engine):
		return string(engine.Code), c.withCause(engine.Details, engine.Err), exitOf(engine.Code)
	}
	return "unexpected", c.withCause(nil, err), problem.ExitFailed
}

// exitOf returns the exit status of an engine's error.
func exitOf(code errcode.Code) int {
	switch code {
	case errcode.Conflict, errcode.ReadOnly, errcode.Delegated, errcode.RecordManaged, errcode.Exists, errcode.Exposed, errcode.ZoneElsewhere:
		return problem.ExitConflict
	case errcode.TokenMissing, errcode.TokenMalformed, errcode.TokenRejected, errcode.TokenGlobalKey,
		errcode.TokenLocation, errcode.PermissionMissing, errcode.NoZones, errcode.AccountEmpty:
		return problem.ExitToken
	case errcode.Interrupted:
		return problem.ExitInterrupted
	case errcode.AccountInvalid, errcode.AccountRequired, errcode.WorkerInvalid, errcode.OriginInvalid, errcode.RegionInvalid,
		errcode.HostDuplicate, errcode.WorkerDuplicate, errcode.UpstreamLoop, errcode.AllowOriginInvalid, errcode.RegionUnknown,
		errcode.ProvidersTooLarge, errcode.OriginsTooLarge, errcode.TooManyKeys, errcode.TooManyLimits, errcode.TokensUnreadable:
		return problem.ExitUsage
	}
	if strings.HasPrefix(string(code), "host-") {
		return problem.ExitUsage
	}
	return problem.ExitFailed
}

// withCause adds the cause, in the words of the system or the API.
func (c *console) withCause(details map[string]string, err error) map[string]string {
	all := map[string]string{}
	maps.Copy(all, details)
	if err != nil {
		all["cause"] = rootCause(err)
	}
	for name, value := range all {
		all[name] = c.redact(value)
	}
	return all
}

// rootCause drops the layers of an error that only repeat the address of the call.
func rootCause(err error) string {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}

func conflictsOf(err error) []plan.Object {
	if conflict, ok := errors.AsType[*plan.ConflictError](err); ok {
		return conflict.Objects
	}
	return nil
}

// printError prints one line of error, its conflicts, and a line for every hint, on stderr.
func (c *console) printError(err error) {
	code, details, _ := c.describe(err)
	prefix := c.text.T("error.prefix")
	if code == "declined" { // the user's own answer is not an error
		prefix = ""
	}
	if position := (*problem.PositionError)(nil); errors.As(err, &position) {
		prefix += c.text.T("error.place", i18n.Pairs(c.templateData(details))...)
	}
	fmt.Fprintln(c.stderr, prefix+c.errorText(code, details))
	if conflicts := conflictsOf(err); len(conflicts) > 0 {
		c.view.Conflicts(c.stderr, conflicts)
	}
	c.printHints(code, details)
}

// errorText returns the sentence of an error. It ends in the code and the text of Cloudflare's API, if there are any and
// the sentence has no place for them.
func (c *console) errorText(code string, details map[string]string) string {
	key := "error." + code
	pairs := i18n.Pairs(c.templateData(details))
	text := c.text.T(key, pairs...)
	if details["api_code"] != "" && !strings.Contains(c.text.T(key), "{api_code}") {
		text += c.text.T("api.said", pairs...)
	}
	return text
}

// printHints prints what to do about an error.
func (c *console) printHints(code string, details map[string]string) {
	details = c.templateData(details)
	if suggestion := details["suggestion"]; suggestion != "" {
		c.hint("hint.suggestion", "suggestion", suggestion)
	}
	if c.tokenPlace != "" && exitOf(errcode.Code(code)) == problem.ExitToken {
		c.hint("login.stale", "place", c.tokenPlace)
	}
	pairs := i18n.Pairs(details)
	if code == string(errcode.TokenMissing) && details["variable"] != "" {
		c.hint("hint.other-variable", pairs...)
	}
	for i := 1; c.text.Has("hint." + code + "." + strconv.Itoa(i)); i++ {
		c.hint("hint."+code+"."+strconv.Itoa(i), pairs...)
	}
}

func (c *console) hint(key string, pairs ...string) {
	for line := range strings.SplitSeq(c.text.T(key, pairs...), "\n") {
		fmt.Fprintln(c.stderr, c.text.T("hint.prefix")+line)
	}
}

// templateData returns details with what sentences may also need: permissions as the dashboard names them, the link to the
// form for a token, commands to run next, and a dash for what the API did not say.
func (c *console) templateData(details map[string]string) map[string]string {
	inv := c.inv
	all := map[string]string{
		"link": tokenLink(), "message": "–", "api_code": "–", "ray": "–", "status": "–", "cause": "–", "command": "", "zones": "–",
		"content_type": "–", "call": "–", "zone_permission": c.text.T("permission." + cloudflare.PermissionZone),
		"run_plan": inv.rerun("plan", inv.hosts...), "run_status": inv.rerun("status", inv.hosts...),
		"run_versions": inv.rerun("versions", inv.hosts...),
		"run_self":     strings.Join(append(inv.programWords(), strings.Fields(inv.command)...), " "),
	}
	for name, value := range details {
		if value != "" || all[name] == "" {
			all[name] = view.Clean(value)
		}
	}
	if value, ok := all["value"]; ok { // what the user wrote
		all["value"] = input.Visible(value)
	}
	if kind := details["kind"]; kind != "" {
		all["kind"] = c.text.T("kind." + kind)
	}
	var names []string
	for permission := range strings.SplitSeq(details["permission"], ",") {
		names = append(names, c.text.T("permission."+permission))
	}
	all["permission"] = strings.Join(names, c.text.T("comma"))
	return all
}

// tokenLink returns the address of the dashboard's form for a new token with the permissions filled in.
// https://developers.cloudflare.com/fundamentals/api/how-to/account-owned-token-template/
//
// The page lists the key of the routes permission among those of accounts, though it is one of zones. Unverified on a live account:
// if the key is wrong, the form opens without that line, and the error about the missing permission names it.
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

// orDash returns s, or a dash for an empty string.
func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
