package cloudflare

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/option"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
)

// envelope is what every answer of the API has around it. https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/
type envelope struct {
	Success *bool           `json:"success"`
	Errors  []apiError      `json:"errors"`
	Result  json.RawMessage `json:"result"`
}

// hasResult tells whether there is what every call but a deletion is made for.
func (e envelope) hasResult() bool { return len(e.Result) > 0 && string(e.Result) != "null" }

type apiError struct {
	Code    int        `json:"code"`
	Message string     `json:"message"`
	Chain   []apiError `json:"error_chain"`
}

// maxAnswer bounds what is read of one answer, in bytes; five thousand records take about three million.
const maxAnswer = 32 << 20

// judging turns every answer that is not a success into an *provision.Error. The SDK cannot be left to it: it takes
// HTTP 200 with "success": false for a success, and stumbles over answers that are not JSON.
func judging(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	res, err := next(r)
	if err != nil {
		return nil, unanswered(err)
	}
	if isForm(res) {
		return res, nil
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	res.Body.Close()
	if err != nil {
		return nil, unanswered(err)
	}
	if err := judge(r, res, body); err != nil {
		conceal(err, tokenOf(r))
		return nil, err
	}
	// Some deletions succeed without a body or its type, on which the SDK would stumble.
	if len(body) == 0 {
		body = []byte("{}")
	}
	res.Header.Set("Content-Type", "application/json")
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// unanswered is a call of which nobody knows whether it took effect.
func unanswered(err error) error {
	code := errcode.Unreachable
	if errors.Is(err, context.DeadlineExceeded) {
		code = errcode.Timeout
	}
	return &errcode.Error{Code: code, Temporary: true, Err: err}
}

func judge(r *http.Request, res *http.Response, body []byte) error {
	isDeletion := r.Method == http.MethodDelete
	if len(body) == 0 && res.StatusCode < 300 && isDeletion {
		return nil
	}
	var e envelope
	switch {
	case len(body) == 0 && res.StatusCode < 300:
		// A success that says nothing is no proof of one: to believe it could leave a record without its route.
		return newError(r, res, errcode.ServerError)
	case json.Unmarshal(body, &e) != nil || e.Success == nil:
		return unenveloped(r, res)
	case *e.Success && res.StatusCode < 300 && !isDeletion && !e.hasResult():
		return newError(r, res, errcode.ServerError)
	case *e.Success && res.StatusCode < 300:
		return nil
	}
	failure := newError(r, res, codeOf(r, res.StatusCode, e.codes()))
	if len(e.Errors) > 0 {
		failure.Details["api_code"] = strconv.Itoa(e.Errors[0].Code)
		failure.Details["message"] = e.message()
	}
	return failure
}

// unenveloped is an answer of something else: a proxy, a challenge page, an edge that cannot reach the API.
func unenveloped(r *http.Request, res *http.Response) error {
	code := errcode.NotJSON
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		code = errcode.RateLimited
	case res.StatusCode >= 500:
		code = errcode.ServerError
	}
	failure := newError(r, res, code)
	failure.Details["content_type"] = res.Header.Get("Content-Type")
	return failure
}

func newError(r *http.Request, res *http.Response, code errcode.Code) *errcode.Error {
	failure := &errcode.Error{
		Code:       code,
		Temporary:  slices.Contains(temporary, code),
		RetryAfter: retryAfter(res.Header.Get("Retry-After")),
		Details:    map[string]string{"status": strconv.Itoa(res.StatusCode), "call": r.Method + " " + r.URL.Path},
	}
	if ray := rayOf(res); ray != "" {
		failure.Details["ray"] = ray
	}
	if code == errcode.PermissionMissing {
		failure.Details["permission"] = permissionFor(r)
	}
	return failure
}

var temporary = []errcode.Code{
	errcode.RateLimited, errcode.ServerError, errcode.ScriptNotVisible,
}

// retryAfter reads the header in seconds or as a date, RFC 9110 section 10.2.3; zero for none or nonsense.
func retryAfter(value string) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// codes lists the error codes of an answer, those of chains included: older ones hide the cause there.
func (e envelope) codes() []int {
	var codes []int
	for _, err := range e.Errors {
		codes = append(codes, err.Code)
		codes = append(codes, envelope{Errors: err.Chain}.codes()...)
	}
	return codes
}

// message joins the first error and its chain in one line.
func (e envelope) message() string {
	parts := []string{e.Errors[0].Message}
	for _, link := range e.Errors[0].Chain {
		parts = append(parts, link.Message)
	}
	return strings.Join(strings.Fields(strings.Join(parts, ": ")), " ")
}

// conceal takes secrets out of what the API says, should it ever repeat what it was sent.
func conceal(err error, secrets ...string) {
	var e *errcode.Error
	if !errors.As(err, &e) {
		return
	}
	for _, name := range []string{"message", "content_type"} {
		if text, said := e.Details[name]; said {
			e.Details[name] = binding.Redact(text, secrets...)
		}
	}
}

// rayForm is an id, mostly followed by the place of the edge. https://developers.cloudflare.com/fundamentals/reference/cloudflare-ray-id/
var rayForm = regexp.MustCompile(`^[0-9a-f]{16,20}(-[A-Z]{3})?$`)

// rayOf gives the ray id of an answer, "" for none: what does not look like one, anybody may have written.
func rayOf(res *http.Response) string {
	if ray := res.Header.Get("Cf-Ray"); rayForm.MatchString(ray) {
		return ray
	}
	return ""
}

func tokenOf(r *http.Request) string {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return token
}

// failure makes sure that what leaves the package is an *provision.Error: the SDK gives a context's error as it is.
func failure(err error) error {
	if err == nil || errcode.Of(err) != "" {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return unanswered(err)
	}
	return &errcode.Error{Code: errcode.NotJSON, Err: err}
}
