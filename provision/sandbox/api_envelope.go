package sandbox

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
)

// envelope is what wraps every JSON answer, https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/.
type envelope struct {
	Result     any         `json:"result"`
	Success    bool        `json:"success"`
	Errors     []problem   `json:"errors"`
	Messages   []notice    `json:"messages"`
	ResultInfo *resultInfo `json:"result_info,omitempty"`
}

type problem struct {
	Code             int       `json:"code"`
	Message          string    `json:"message"`
	DocumentationURL string    `json:"documentation_url,omitempty"`
	Source           *source   `json:"source,omitempty"`
	Chain            []problem `json:"error_chain,omitempty"`
}

type source struct {
	Pointer string `json:"pointer"`
}

type notice struct {
	Code    int     `json:"code"`
	Message string  `json:"message"`
	Type    *string `json:"type"`
}

type resultInfo struct {
	Page       int `json:"page"`
	PerPage    int `json:"per_page"`
	Count      int `json:"count"`
	TotalCount int `json:"total_count"`
	TotalPages int `json:"total_pages"`
}

// apiError is a refusal as the API words it.
type apiError struct {
	status   int
	problems []problem
}

// Error gives the status, the code and the text.
func (e *apiError) Error() string {
	return fmt.Sprintf("%d: %d %s", e.status, e.problems[0].Code, e.problems[0].Message)
}

func refuse(status, code int, message string) *apiError {
	return &apiError{status: status, problems: []problem{{Code: code, Message: message}}}
}

// chained is a refusal in the form of a general code with the real one beneath it.
func chained(status, code int, message string, inner int, why string) *apiError {
	return &apiError{status: status, problems: []problem{{
		Code: code, Message: message, Chain: []problem{{Code: inner, Message: why}}}}}
}

// at names the item of a batch that an error is about.
func (e *apiError) at(pointer string) *apiError {
	for i := range e.problems {
		e.problems[i].Source = &source{Pointer: pointer}
	}
	return e
}

// answer is what an endpoint gives back: a result for the envelope, raw bytes with their own content type, or nothing.
type answer struct {
	empty    bool
	result   any
	messages []notice
	info     *resultInfo
	raw      []byte
	kind     string
	header   map[string]string
}

func (a *answer) write(w http.ResponseWriter) {
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	if a.empty {
		w.WriteHeader(http.StatusOK)
		return
	}
	if a.kind != "" {
		w.Header().Set("Content-Type", a.kind)
		w.WriteHeader(http.StatusOK)
		w.Write(a.raw)
		return
	}
	writeJSON(w, http.StatusOK, envelope{Result: a.result, Success: true, Messages: a.messages, ResultInfo: a.info})
}

func (e *apiError) write(w http.ResponseWriter) {
	writeJSON(w, e.status, envelope{Errors: e.problems})
}

func writeJSON(w http.ResponseWriter, status int, e envelope) {
	if e.Errors == nil {
		e.Errors = []problem{}
	}
	if e.Messages == nil {
		e.Messages = []notice{}
	}
	data, err := json.Marshal(e)
	if err != nil {
		status = http.StatusInternalServerError
		data = []byte(`{"result":null,"success":false,"errors":[{"code":10013,"message":"` + textUnknown + `"}],"messages":[]}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(data)
}

// dress sets the headers that every answer of the API carries, but for those of the rate limit.
func dress(h http.Header) {
	h.Set("Server", "cloudflare")
	h.Set("Cf-Ray", newRay())
	h.Set("Cache-Control", "no-store, no-cache, must-revalidate, post-check=0, pre-check=0")
}

// newRay returns a request ID in the form of Cloudflare's; SBX, in place of a data centre, is the sandbox.
func newRay() string { return fmt.Sprintf("%016x-SBX", rand.Uint64()) }
