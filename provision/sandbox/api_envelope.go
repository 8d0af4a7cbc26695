package sandbox

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
)

// envelope is the form of every JSON response, https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/.
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

// apiError is an error response of the API.
type apiError struct {
	status   int
	problems []problem
}

// Error implements error.
func (e *apiError) Error() string {
	return fmt.Sprintf("%d: %d %s", e.status, e.problems[0].Code, e.problems[0].Message)
}

func newError(status, code int, message string) *apiError {
	return &apiError{status: status, problems: []problem{{Code: code, Message: message}}}
}

// chained returns an error with a general code and the specific error in its chain.
func chained(code int, message string, inner int, why string) *apiError {
	return &apiError{status: http.StatusBadRequest, problems: []problem{{
		Code: code, Message: message, Chain: []problem{{Code: inner, Message: why}}}}}
}

// at sets the item of a batch that caused the error.
func (e *apiError) at(pointer string) *apiError {
	for i := range e.problems {
		e.problems[i].Source = &source{Pointer: pointer}
	}
	return e
}

// apiResponse is the result of an endpoint: a value for the envelope, raw bytes with a content type, or an empty
// response.
type apiResponse struct {
	empty    bool
	result   any
	messages []notice
	info     *resultInfo
	raw      []byte
	kind     string
	header   map[string]string
}

func (a *apiResponse) write(w http.ResponseWriter) {
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

// setCommonHeaders sets the headers of all responses, except for those of the rate limit.
func setCommonHeaders(h http.Header) {
	h.Set("Server", "cloudflare")
	h.Set("Cf-Ray", newRay())
	h.Set("Cache-Control", "no-store, no-cache, must-revalidate, post-check=0, pre-check=0")
}

// newRay returns a request ID in Cloudflare's form, with SBX in place of a data centre.
func newRay() string { return fmt.Sprintf("%016x-SBX", rand.Uint64()) }
