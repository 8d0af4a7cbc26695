package verify

import (
	"context"
	"strings"
)

// provider sends the keyless request. It passes only if the provider's own refusal arrives through our Worker.
func (a *attempt) provider(ctx context.Context, u Upstream) Result {
	switch {
	case !u.isProbeable():
		return Result{Code: CodeProviderUnknown}
	case u.Place == placeMissing:
		return Result{Code: CodeProviderAbsent, Details: map[string]string{"providers": strings.Join(a.providers, ", ")}}
	}
	resp, err := a.conn.fetch(ctx, request{method: u.Method, path: u.keylessPath(a.managed), body: u.Body}, maxBody)
	if err != nil {
		return classifyNoResponse(err, CodeProviderTimeout)
	}
	return classifyProvider(resp, u, a.build)
}

func classifyProvider(r response, u Upstream, build string) Result {
	if result := classifyTransit(r, u, build); result.Code != "" {
		return result
	}
	switch {
	case matchesAny(u.Refusals, r):
		return Result{Code: CodeProviderRecognised, Details: r.details("status", "colo", "placement", "error_type", "error_code")}
	case r.status >= 200 && r.status < 300:
		return Result{Code: CodeProviderOpen, Details: r.details("status", "content_type", "excerpt")}
	}
	if result := classifyOverload(r); result.Code != "" {
		return result
	}
	return Result{Code: CodeProviderUnexpected, Details: r.details("status", "content_type", "location", "excerpt")}
}

// classifyTransit recognises a response that is not the provider's own: one from another build or none of our Workers, an
// error of the Worker, a region block, or an error of Cloudflare between the Worker and the provider. Code is "" if the
// provider itself responded.
func classifyTransit(r response, u Upstream, build string) Result {
	if result := classifyBuild(r, build); result.Code != "" {
		return result
	}
	if code, ok := relayError(r); ok {
		return relayResult(r, code)
	}
	code, number := cloudflareError(r)
	switch {
	case matchesAny(u.RegionBlocks, r):
		return Result{Code: CodeProviderRegionBlocked, Details: r.details("status", "colo", "placement", "error_type", "error_code")}
	case code == "":
		return Result{}
	}
	details := r.details("status", "colo", "placement", "retry_after")
	details["number"] = number
	return Result{Code: upstreamCode(code, number), Details: details}
}

// classifyBuild recognises a response that did not come through the given build of our Worker. Code is "" if it did.
func classifyBuild(r response, build string) Result {
	got := r.build()
	code, number := cloudflareError(r)
	switch {
	case got == "" && code != "":
		return edgeResult(r, code, number)
	case got == "":
		return notOurWorker(r)
	case got != build:
		return Result{Code: CodeWorkerOtherBuild, Details: map[string]string{"wanted": build, "got": got, "colo": r.colo()}}
	}
	return Result{}
}

// upstreamCode returns the code for a Cloudflare error that came through the Worker. It comes from the provider's own
// edge, or from Cloudflare as the result of the Worker's request.
func upstreamCode(code, number string) string {
	switch number {
	case "521", "522", "523", "525", "526": // no connection was made, so there may be no server
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

// classifyOverload recognises a provider that was reached but is rate limiting or failing. Code is "" otherwise.
func classifyOverload(r response) Result {
	details := r.details("status", "colo", "placement", "retry_after")
	switch {
	case r.status == 429:
		return Result{Code: CodeProviderRateLimited, Details: details}
	case r.status >= 500:
		return Result{Code: CodeProviderUnavailable, Details: details}
	}
	return Result{}
}
