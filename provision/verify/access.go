package verify

import "context"

// ErrorHeader is the response header with the code of an error that the Worker itself returns.
const ErrorHeader = "X-Cfproxy-Error"

// access sends a request without a token. A relay with managed access must reject it.
func (a *attempt) access(ctx context.Context, u Upstream) Result {
	resp, err := a.conn.fetch(ctx, request{method: u.Method, path: u.relayPath(u.Path), body: u.Body}, maxBody)
	if err != nil {
		return classifyNoResponse(err, CodeEdgeTimeout)
	}
	return classifyAccess(resp, a.build)
}

func classifyAccess(r response, build string) Result {
	if result := classifyBuild(r, build); result.Code != "" {
		return result
	}
	code, ok := relayError(r)
	switch {
	case ok && code == "token_missing" && r.status == 401:
		return Result{Code: CodeAccessRefused, Details: r.details("status", "colo", "placement")}
	case ok:
		return relayResult(r, code)
	}
	return Result{Code: CodeAccessOpen, Details: r.details("status", "content_type", "excerpt")}
}

// relayError recognises an error of the Worker itself by its header, or by its type in OpenAI's error format.
func relayError(r response) (code string, ok bool) {
	if code = r.header.Get(ErrorHeader); code != "" {
		return code, true
	}
	document := r.json()
	return scalarText(lookup(document, "error.code")), lookup(document, "error.type") == "cfproxy_error"
}

func relayResult(r response, code string) Result {
	details := r.details("status", "colo", "placement")
	details["error_code"] = code
	return Result{Code: CodeRelayError, Details: details}
}

// classifyToken recognises the Worker's errors about a token or a missing provider key. Code is "" for any other
// response.
func classifyToken(r response) Result {
	code, ok := relayError(r)
	if !ok {
		return Result{}
	}
	for _, e := range tokenErrors {
		if e.worker == code {
			return Result{Code: e.code, Details: r.details("status")}
		}
	}
	return Result{}
}

// tokenErrors maps the Worker's error codes to ours.
var tokenErrors = []struct{ worker, code string }{
	{"token_missing", CodeKeyNotToken}, {"token_unknown", CodeKeyTokenUnknown}, {"token_expired", CodeKeyTokenExpired},
	{"token_provider", CodeKeyTokenProvider}, {"token_rate", CodeKeyTokenRate}, {"key_missing", CodeKeyOwnerMissing},
}
