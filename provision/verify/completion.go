package verify

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// question contains Chinese, English and an emoji, so that a relay that corrupts UTF-8 is noticed.
const question = "天空是什么颜色？用一个词回答 🌤️ What colour is the sky? One word."

// maxTokens limits the length of the answer. The parameter has two names: OpenAI's current models reject max_tokens,
// and some other providers do not know max_completion_tokens (Mistral rejects it; DeepSeek ignores it, and the question
// keeps the answer short). So the current name is tried first, and the old one after a rejection with 400 or 422, which
// costs nothing.
// https://platform.openai.com/docs/api-reference/chat/create#chat_create-max_completion_tokens
const maxTokens = 16

var tokenLimitNames = []string{"max_completion_tokens", "max_tokens"}

// completion sends the question once. It runs only after the provider probe has passed, so the key is sent through our
// Worker and nowhere else.
func (a *attempt) completion(ctx context.Context, u Upstream) Result {
	if u.ChatPath == "" {
		return Result{Code: CodeKeyUnsupported}
	}
	if strings.ContainsFunc(a.target.Key, func(char rune) bool { return char <= ' ' || char > '~' }) {
		return Result{Code: CodeKeyMalformed}
	}
	var first response
	for i, name := range tokenLimitNames {
		start := time.Now()
		resp, err := a.conn.fetch(ctx, a.chatRequest(u, name, false), maxPaidBody)
		if err != nil {
			return classifyNoResponse(err, CodeProviderTimeout)
		}
		if i == 0 {
			first = resp
		}
		if (resp.status == 400 || resp.status == 422) && classifyTransit(resp, u, a.build).Code == "" {
			continue
		}
		a.tokenLimit = name
		return classifyCompletion(resp, u, a.build, name, time.Since(start))
	}
	return classifyCompletion(first, u, a.build, tokenLimitNames[0], 0)
}

// chatRequest returns the question in the format of OpenAI's chat API. Tokens of the relay are always bearer tokens.
func (a *attempt) chatRequest(u Upstream, tokenLimit string, stream bool) request {
	fields := map[string]any{
		"model":    u.Model,
		"messages": []any{map[string]string{"role": "user", "content": question}},
		tokenLimit: maxTokens,
	}
	accept := "application/json"
	if stream {
		fields["stream"] = true
		accept = "text/event-stream"
	}
	body, _ := json.Marshal(fields) // strings, numbers and bools always encode
	authHeader := u.AuthHeader
	if a.managed {
		authHeader = ""
	}
	return request{method: "POST", path: u.relayPath(u.ChatPath), body: string(body), accept: accept, key: a.target.Key, authHeader: authHeader}
}

func classifyCompletion(r response, u Upstream, build, tokenLimit string, elapsed time.Duration) Result {
	if result := classifyPaid(r, u, build); result.Code != "" {
		return result
	}
	document := r.json()
	content, ok := lookup(document, "choices.0.message.content").(string)
	if r.status != 200 || !ok && lookup(document, "choices.0.message") == nil {
		return unexpectedCompletion(r)
	}
	details := map[string]string{"model": modelOf(document, u), "limit": tokenLimit, "ms": milliseconds(elapsed)}
	if strings.TrimSpace(content) == "" {
		details["finish"] = scalarText(lookup(document, "choices.0.finish_reason"))
		return Result{Code: CodeCompletionEmpty, Details: details}
	}
	details["answer"] = content
	return Result{Code: CodeCompletionAnswered, Details: details}
}

// classifyPaid recognises what makes a request with a key fail. Code is "" for a successful response.
func classifyPaid(r response, u Upstream, build string) Result {
	if result := classifyBuild(r, build); result.Code != "" {
		return result
	}
	if result := classifyToken(r); result.Code != "" {
		return result
	}
	if result := classifyTransit(r, u, build); result.Code != "" {
		return result
	}
	if r.status >= 200 && r.status < 300 {
		return Result{}
	}
	details := r.details("status", "error_type", "error_code")
	isError := func(code string) bool {
		return slices.Contains([]string{details["error_code"], details["error_type"]}, code)
	}
	switch {
	case r.status == 402 || isError("insufficient_quota"):
		return Result{Code: CodeKeyNoCredit, Details: details}
	case r.status == 404 || isError("model_not_found"):
		details["model"] = u.Model
		return Result{Code: CodeModelUnknown, Details: details}
	case r.status == 401 || r.status == 403 || isError("invalid_api_key"):
		return Result{Code: CodeKeyRejected, Details: details}
	}
	if result := classifyOverload(r); result.Code != "" {
		return result
	}
	return unexpectedCompletion(r)
}

func unexpectedCompletion(r response) Result {
	return Result{Code: CodeCompletionUnexpected, Details: r.details("status", "error_type", "error_code", "content_type", "excerpt")}
}

// modelOf returns the model that a response names, or the requested one.
func modelOf(document any, u Upstream) string {
	if model := scalarText(lookup(document, "model")); model != "" {
		return model
	}
	return u.Model
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
