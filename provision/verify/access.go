package verify

import "context"

// ErrorHeader names the code of an error that the relay made itself.
const ErrorHeader = "X-Cfproxy-Error"

// access asks as a stranger would. A relay whose owner hands out tokens must not let that through.
func (p *pass) access(ctx context.Context, u Upstream) verdict {
	a, err := p.link.ask(ctx, request{method: u.Method, path: u.at(u.Path), body: u.Body}, maxBody)
	if err != nil {
		return judgeSilence(err, CodeEdgeTimeout)
	}
	return judgeAccess(a, p.build)
}

func judgeAccess(a answer, build string) verdict {
	if v := judgeMark(a, build); v.code != "" {
		return v
	}
	code, is := relayError(a)
	switch {
	case is && code == "token_missing" && a.status == 401:
		return verdict{CodeAccessRefused, a.describe("status", "colo", "placement")}
	case is:
		return relayVerdict(a, code)
	}
	return verdict{CodeAccessOpen, a.describe("status", "content_type", "excerpt")}
}

// relayError recognises the Worker's own errors, by their header, or by the type that they have in OpenAI's shape.
func relayError(a answer) (code string, is bool) {
	if code = a.header.Get(ErrorHeader); code != "" {
		return code, true
	}
	document := a.json()
	return text(at(document, "error.code")), at(document, "error.type") == "cfproxy_error"
}

func relayVerdict(a answer, code string) verdict {
	details := a.describe("status", "colo", "placement")
	details["error_code"] = code
	return verdict{CodeRelayError, details}
}

// judgeToken finds what a relay with managed access holds against a token, or against itself. An empty code means that it
// let the request through.
func judgeToken(a answer) verdict {
	code, is := relayError(a)
	if !is {
		return verdict{}
	}
	for _, known := range tokenCodes {
		if known.says == code {
			return verdict{known.code, a.describe("status")}
		}
	}
	return verdict{}
}

var tokenCodes = []struct{ says, code string }{
	{"token_missing", CodeKeyNotToken}, {"token_unknown", CodeKeyTokenUnknown}, {"token_expired", CodeKeyTokenExpired},
	{"token_provider", CodeKeyTokenProvider}, {"token_rate", CodeKeyTokenRate}, {"key_missing", CodeKeyOwnerMissing},
}
