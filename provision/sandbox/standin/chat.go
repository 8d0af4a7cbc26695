package standin

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// chunkPause is the time between two chunks of a stream. It is long enough to tell a stream from a buffered response.
const chunkPause = 10 * time.Millisecond

type chatRequest struct {
	Model         string        `json:"model"`
	Messages      []chatMessage `json:"messages"`
	Stream        bool          `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
}

type chatMessage struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
}

// text returns the text of a message, which is a string or a list of parts.
func (m chatMessage) text() string {
	var s string
	if json.Unmarshal(m.Content, &s) == nil {
		return s
	}
	var parts []struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(m.Content, &parts) != nil {
		return ""
	}
	for _, p := range parts {
		s += p.Text
	}
	return s
}

type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
}

// createChatCompletion repeats the question in its answer, so that a client notices text that was corrupted in transit,
// https://platform.openai.com/docs/api-reference/chat.
func createChatCompletion(w http.ResponseWriter, r *http.Request) {
	var in chatRequest
	if !readJSON(w, r, &in) {
		return
	}
	switch {
	case in.Model == "":
		writeOpenAIError(w, r, http.StatusBadRequest, invalidRequest, "you must provide a model parameter", "", "")
		return
	case !strings.HasPrefix(in.Model, "gpt-"):
		modelNotFound(w, r, in.Model)
		return
	case len(in.Messages) == 0:
		writeOpenAIError(w, r, http.StatusBadRequest, invalidRequest, "Missing required parameter: 'messages'.", "messages", "missing_required_parameter")
		return
	}
	setRateLimitHeaders(w.Header())
	question := in.Messages[len(in.Messages)-1].text()
	answer := "You said: " + question
	tokens := usage{Prompt: 1 + len(question)/4, Completion: 1 + len(answer)/4}
	tokens.Total = tokens.Prompt + tokens.Completion
	id, now := fmt.Sprintf("chatcmpl-%016x", rand.Uint64()), time.Now().Unix()
	if in.Stream {
		streamChat(w, r, in, id, now, answer, tokens)
		return
	}
	writeJSON(w, r, http.StatusOK, map[string]any{
		"id": id, "object": "chat.completion", "created": now, "model": in.Model,
		"choices": []any{map[string]any{
			"index": 0, "logprobs": nil, "finish_reason": "stop",
			"message": map[string]any{"role": "assistant", "content": answer, "refusal": nil, "annotations": []any{}},
		}},
		"usage": tokens, "service_tier": "default", "system_fingerprint": "fp_sandbox",
	})
}

func setRateLimitHeaders(h http.Header) {
	h.Set("X-Ratelimit-Limit-Requests", "10000")
	h.Set("X-Ratelimit-Limit-Tokens", "200000")
	h.Set("X-Ratelimit-Remaining-Requests", "9999")
	h.Set("X-Ratelimit-Remaining-Tokens", "199990")
	h.Set("X-Ratelimit-Reset-Requests", "8.64s")
	h.Set("X-Ratelimit-Reset-Tokens", "3ms")
}

// streamChat writes the answer as server-sent events of a few characters each,
// https://platform.openai.com/docs/api-reference/chat-streaming.
func streamChat(w http.ResponseWriter, r *http.Request, in chatRequest, id string, now int64, answer string, tokens usage) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	controller := http.NewResponseController(w)
	send := func(choices []any, tokens any) bool {
		event := map[string]any{"id": id, "object": "chat.completion.chunk", "created": now, "model": in.Model,
			"service_tier": "default", "system_fingerprint": "fp_sandbox", "choices": choices}
		if in.StreamOptions.IncludeUsage {
			event["usage"] = tokens
		}
		data, err := json.Marshal(event)
		if err != nil {
			return false
		}
		fmt.Fprintf(w, "data: %s\n\n", data)
		return controller.Flush() == nil && pause(r, chunkPause)
	}
	choice := func(delta map[string]any, finish any) []any {
		return []any{map[string]any{"index": 0, "delta": delta, "logprobs": nil, "finish_reason": finish}}
	}
	ok := send(choice(map[string]any{"role": "assistant", "content": "", "refusal": nil}, nil), nil)
	for runes := []rune(answer); ok && len(runes) > 0; {
		n := min(max(4, len(answer)/16), len(runes))
		ok = send(choice(map[string]any{"content": string(runes[:n])}, nil), nil)
		runes = runes[n:]
	}
	ok = ok && send(choice(map[string]any{}, "stop"), nil)
	if ok && in.StreamOptions.IncludeUsage {
		ok = send([]any{}, tokens)
	}
	if ok {
		fmt.Fprint(w, "data: [DONE]\n\n")
	}
}

// pause waits for d and reports whether the client is still connected.
func pause(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// createResponse emulates the Responses API, without streaming,
// https://platform.openai.com/docs/api-reference/responses.
func createResponse(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Model string          `json:"model"`
		Input json.RawMessage `json:"input"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	if in.Model == "" {
		writeOpenAIError(w, r, http.StatusBadRequest, invalidRequest, "Missing required parameter: 'model'.", "model", "missing_required_parameter")
		return
	}
	setRateLimitHeaders(w.Header())
	answer := "You said: " + chatMessage{Content: in.Input}.text()
	writeJSON(w, r, http.StatusOK, map[string]any{
		"id": fmt.Sprintf("resp_%016x", rand.Uint64()), "object": "response", "created_at": time.Now().Unix(),
		"status": "completed", "error": nil, "model": in.Model,
		"output": []any{map[string]any{
			"type": "message", "id": fmt.Sprintf("msg_%016x", rand.Uint64()), "status": "completed", "role": "assistant",
			"content": []any{map[string]any{"type": "output_text", "text": answer, "annotations": []any{}}},
		}},
	})
}
