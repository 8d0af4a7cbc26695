package verify

import (
	"context"
	"strings"
)

// worker checks the health response that the edge probe fetched.
func (a *attempt) worker(context.Context, Upstream) Result {
	result := classifyWorker(a.health, a.target.Build)
	if result.Code == CodeWorkerOurs {
		document := a.health.json()
		a.build, a.managed = result.Details["build"], lookup(document, "access") == "managed"
		a.providers = scalarTexts(lookup(document, "providers"))
	}
	return result
}

// classifyWorker passes a health response only if its header and its JSON name the same build, and that is the wanted one
// (any build if wanted is "").
func classifyWorker(r response, wanted string) Result {
	build, document := r.build(), r.json()
	if build == "" {
		return notOurWorker(r)
	}
	if code, ok := relayError(r); ok {
		return relayResult(r, code)
	}
	bodyBuild := scalarText(lookup(document, "build"))
	if r.status != 200 || lookup(document, "service") != "cfproxy" || bodyBuild == "" {
		details := r.details("status", "content_type", "excerpt")
		details["build"] = build
		return Result{Code: CodeWorkerHealthMalformed, Details: details}
	}
	if bodyBuild != build {
		return Result{Code: CodeWorkerBuildMismatch, Details: map[string]string{"header": build, "body": bodyBuild}}
	}
	details := r.details("placement", "colo")
	details["version"] = scalarText(lookup(document, "version"))
	if colo := scalarText(lookup(document, "colo")); isColo(colo) { // more accurate than the one in cf-ray
		details["colo"] = colo
	}
	if placement := scalarText(lookup(document, "placement")); details["placement"] == "" {
		details["placement"] = placement
	}
	if wanted != "" && build != wanted {
		return Result{Code: CodeWorkerOtherBuild, Details: map[string]string{
			"wanted": wanted, "got": build, "version": details["version"], "colo": details["colo"]}}
	}
	details["build"] = build
	details["providers"] = strings.Join(scalarTexts(lookup(document, "providers")), ", ")
	details["access"] = scalarText(lookup(document, "access"))
	return Result{Code: CodeWorkerOurs, Details: details}
}

func notOurWorker(r response) Result {
	return Result{Code: CodeWorkerNotOurs, Details: r.details("status", "server", "content_type", "title", "location", "mark")}
}
