package verify

import (
	"context"
	"strings"
)

// worker judges the health answer that the edge probe fetched.
func (p *pass) worker(context.Context) verdict {
	v := judgeWorker(p.health, p.target.Build)
	if v.code == CodeWorkerOurs {
		p.build = v.details["build"]
	}
	return v
}

// judgeWorker passes an answer only if the header and the JSON name the same build, which is the wanted one if any.
func judgeWorker(a answer, wanted string) verdict {
	build, document := a.mark(), a.json()
	if build == "" {
		return notOurs(a)
	}
	if isRelayError(document) {
		return verdict{CodeRelayError, a.describe("error_code", "status", "colo", "placement")}
	}
	stated := text(at(document, "build"))
	if a.status != 200 || at(document, "service") != "cfproxy" || stated == "" {
		details := a.describe("status", "content_type", "excerpt")
		details["build"] = build
		return verdict{CodeWorkerHealthMalformed, details}
	}
	if stated != build {
		return verdict{CodeWorkerBuildMismatch, map[string]string{"header": build, "body": stated}}
	}
	details := a.describe("placement", "colo")
	details["version"] = text(at(document, "version"))
	if colo := text(at(document, "colo")); coloForm.MatchString(colo) { // the Worker knows better than the ray
		details["colo"] = colo
	}
	if wanted != "" && build != wanted {
		return verdict{CodeWorkerOtherBuild, map[string]string{
			"wanted": wanted, "got": build, "version": details["version"], "colo": details["colo"]}}
	}
	details["build"] = build
	details["providers"] = joinTexts(at(document, "providers"))
	return verdict{CodeWorkerOurs, details}
}

func notOurs(a answer) verdict {
	return verdict{CodeWorkerNotOurs, a.describe("status", "server", "content_type", "title", "location", "mark")}
}

// isRelayError recognises the Worker's own errors, which have OpenAI's shape and a type of their own.
func isRelayError(document any) bool { return at(document, "error.type") == "cfproxy_error" }

func joinTexts(value any) string {
	items, _ := value.([]any)
	var texts []string
	for _, item := range items[:min(len(items), maxListed)] {
		texts = append(texts, text(item))
	}
	return strings.Join(texts, ", ")
}
