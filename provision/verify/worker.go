package verify

import (
	"context"
	"strings"
)

const maxProviders = 64 // that a health answer may name

// worker judges the health answer that the edge probe fetched.
func (p *pass) worker(context.Context, Upstream) verdict {
	v := judgeWorker(p.health, p.target.Build)
	if v.code == CodeWorkerOurs {
		document := p.health.json()
		p.build, p.managed = v.details["build"], at(document, "access") == "managed"
		p.listed = texts(at(document, "providers"))
	}
	return v
}

// judgeWorker passes an answer only if the header and the JSON name the same build, which is the wanted one if any.
func judgeWorker(a answer, wanted string) verdict {
	build, document := a.mark(), a.json()
	if build == "" {
		return notOurs(a)
	}
	if code, is := relayError(a); is {
		return relayVerdict(a, code)
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
	if placement := text(at(document, "placement")); details["placement"] == "" {
		details["placement"] = placement
	}
	if wanted != "" && build != wanted {
		return verdict{CodeWorkerOtherBuild, map[string]string{
			"wanted": wanted, "got": build, "version": details["version"], "colo": details["colo"]}}
	}
	details["build"] = build
	details["providers"] = strings.Join(texts(at(document, "providers")), ", ")
	details["access"] = text(at(document, "access"))
	return verdict{CodeWorkerOurs, details}
}

func notOurs(a answer) verdict {
	return verdict{CodeWorkerNotOurs, a.describe("status", "server", "content_type", "title", "location", "mark")}
}

// texts gives the scalars of a JSON list as strings.
func texts(value any) []string {
	items, _ := value.([]any)
	var list []string
	for _, item := range items[:min(len(items), maxProviders)] {
		if s := text(item); s != "" {
			list = append(list, s)
		}
	}
	return list
}
