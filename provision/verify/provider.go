package verify

import (
	"context"
	"strings"
)

// provider sends the keyless request. Only the provider's own refusal, through our Worker, proves the whole way.
func (p *pass) provider(ctx context.Context, u Upstream) verdict {
	switch {
	case !u.isKnown():
		return verdict{code: CodeProviderUnknown}
	case u.Place == placeNone:
		return verdict{CodeProviderAbsent, map[string]string{"providers": strings.Join(p.listed, ", ")}}
	}
	a, err := p.link.ask(ctx, request{method: u.Method, path: u.proof(p.managed), body: u.Body}, maxBody)
	if err != nil {
		return judgeSilence(err, CodeProviderTimeout)
	}
	return judgeProvider(a, u, p.build)
}

func judgeProvider(a answer, u Upstream, build string) verdict {
	if v := judgeWay(a, u, build); v.code != "" {
		return v
	}
	switch {
	case matchesAny(u.Refused, a):
		return verdict{CodeProviderRecognised, a.describe("status", "colo", "placement", "error_type", "error_code")}
	case a.status >= 200 && a.status < 300:
		return verdict{CodeProviderOpen, a.describe("status", "content_type", "excerpt")}
	}
	if v := judgeBusy(a); v.code != "" {
		return v
	}
	return verdict{CodeProviderUnexpected, a.describe("status", "content_type", "location", "excerpt")}
}

// judgeWay looks for what stops any request on its way: an answer that did not come through the build seen before, an
// error of the relay's own, the provider's region block, or Cloudflare between the Worker and the provider. An empty
// code means that the provider itself answered.
func judgeWay(a answer, u Upstream, build string) verdict {
	if v := judgeMark(a, build); v.code != "" {
		return v
	}
	if code, is := relayError(a); is {
		return relayVerdict(a, code)
	}
	code, number := cloudflareMade(a)
	switch {
	case matchesAny(u.Blocked, a):
		return verdict{CodeProviderRegionBlocked, a.describe("status", "colo", "placement", "error_type", "error_code")}
	case code == "":
		return verdict{}
	}
	details := a.describe("status", "colo", "placement", "retry_after")
	details["number"] = number
	return verdict{beyond(code, number), details}
}

// judgeMark looks for an answer that did not come through the build seen before.
func judgeMark(a answer, build string) verdict {
	mark := a.mark()
	code, number := cloudflareMade(a)
	switch {
	case mark == "" && code != "":
		return edgeVerdict(a, code, number)
	case mark == "":
		return notOurs(a)
	case mark != build:
		return verdict{CodeWorkerOtherBuild, map[string]string{"wanted": build, "got": mark, "colo": a.colo()}}
	}
	return verdict{}
}

// beyond translates a page of Cloudflare's that came back through the Worker: the provider's edge made it, or Cloudflare
// on behalf of the Worker's own request.
func beyond(code, number string) string {
	switch number {
	case "521", "522", "523", "525", "526": // no connection was made, so nothing says that anybody is there
		return CodeProviderUnreachable
	}
	switch code {
	case CodeEdgeChallenge, CodeEdgeBlocked:
		return CodeProviderChallenged
	case CodeEdgeRateLimited:
		return CodeProviderRateLimited
	case CodeEdgeRouteMissing, CodeEdgeUnavailable, CodeEdgeUpstreamSlow:
		return CodeProviderUnavailable
	}
	return CodeProviderUnreachable
}

// judgeBusy recognises a provider that is reached and has no time, which is no fault of the relay.
func judgeBusy(a answer) verdict {
	details := a.describe("status", "colo", "placement", "retry_after")
	switch {
	case a.status == 429:
		return verdict{CodeProviderRateLimited, details}
	case a.status >= 500:
		return verdict{CodeProviderUnavailable, details}
	}
	return verdict{}
}
