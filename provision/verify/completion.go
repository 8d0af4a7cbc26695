package verify

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// question is in Chinese, English and emoji, so that a relay which breaks UTF-8 on the way is found out.
const question = "天空是什么颜色？用一个词回答 🌤️ What colour is the sky? One word."

// The provider may spend this many tokens on an answer. OpenAI's current models refuse max_tokens, some of the others do
// not know max_completion_tokens (Mistral refuses it, DeepSeek ignores it, and the question bounds the answer). So the
// current name goes first; if it is refused with 400 or 422, which costs nothing, the other one follows.
// https://platform.openai.com/docs/api-reference/chat/create#chat_create-max_completion_tokens
const maxTokens = 16

var limitNames = []string{"max_completion_tokens", "max_tokens"}

// completion asks the question once. It runs only after the provider probe has seen our Worker answer for this host,
// so the key goes nowhere else.
func (p *pass) completion(ctx context.Context, u Upstream) verdict {
	if u.Chat == "" {
		return verdict{code: CodeKeyUnsupported}
	}
	if strings.ContainsFunc(p.target.Key, func(char rune) bool { return char <= ' ' || char > '~' }) {
		return verdict{code: CodeKeyMalformed}
	}
	var first answer
	for i, limit := range limitNames {
		begun := time.Now()
		a, err := p.link.ask(ctx, p.paid(u, limit, false), maxPaid)
		if err != nil {
			return judgeSilence(err, CodeProviderTimeout)
		}
		if i == 0 {
			first = a
		}
		if (a.status == 400 || a.status == 422) && judgeWay(a, u, p.build).code == "" {
			continue
		}
		p.limit = limit
		return judgeCompletion(a, u, p.build, limit, time.Since(begun))
	}
	return judgeCompletion(first, u, p.build, limitNames[0], 0)
}

// paid is the question as OpenAI's chat API takes it. The relay's own tokens always go as a bearer's.
func (p *pass) paid(u Upstream, limit string, stream bool) request {
	fields := map[string]any{
		"model":    u.Model,
		"messages": []any{map[string]string{"role": "user", "content": question}},
		limit:      maxTokens,
	}
	accept := "application/json"
	if stream {
		fields["stream"] = true
		accept = "text/event-stream"
	}
	body, _ := json.Marshal(fields) // strings, numbers and bools always encode
	auth := u.Auth
	if p.managed {
		auth = ""
	}
	return request{method: "POST", path: u.at(u.Chat), body: string(body), accept: accept, key: p.target.Key, auth: auth}
}

func judgeCompletion(a answer, u Upstream, build, limit string, took time.Duration) verdict {
	if v := judgePaid(a, u, build); v.code != "" {
		return v
	}
	document := a.json()
	content, is := at(document, "choices.0.message.content").(string)
	if a.status != 200 || !is && at(document, "choices.0.message") == nil {
		return unexpected(a)
	}
	details := map[string]string{"model": modelOf(document, u), "limit": limit, "ms": milliseconds(took)}
	if strings.TrimSpace(content) == "" {
		details["finish"] = text(at(document, "choices.0.finish_reason"))
		return verdict{CodeCompletionEmpty, details}
	}
	details["answer"] = content
	return verdict{CodeCompletionAnswered, details}
}

// judgePaid looks for what stops a request with a key. An empty code leaves the answer to the caller.
func judgePaid(a answer, u Upstream, build string) verdict {
	if v := judgeMark(a, build); v.code != "" {
		return v
	}
	if v := judgeToken(a); v.code != "" {
		return v
	}
	if v := judgeWay(a, u, build); v.code != "" {
		return v
	}
	if a.status >= 200 && a.status < 300 {
		return verdict{}
	}
	details := a.describe("status", "error_type", "error_code")
	is := func(codes ...string) bool {
		return slices.Contains(codes, details["error_code"]) || slices.Contains(codes, details["error_type"])
	}
	switch {
	case a.status == 402 || is("insufficient_quota"):
		return verdict{CodeKeyNoCredit, details}
	case a.status == 404 || is("model_not_found"):
		details["model"] = u.Model
		return verdict{CodeModelUnknown, details}
	case a.status == 401 || a.status == 403 || is("invalid_api_key"):
		return verdict{CodeKeyRejected, details}
	}
	if v := judgeBusy(a); v.code != "" {
		return v
	}
	return unexpected(a)
}

func unexpected(a answer) verdict {
	return verdict{CodeCompletionUnexpected, a.describe("status", "error_type", "error_code", "content_type", "excerpt")}
}

func modelOf(document any, u Upstream) string {
	if model := text(at(document, "model")); model != "" {
		return model
	}
	return u.Model
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
