package cloudflare

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/option"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
)

// envelope is the outer object of every response.
// https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/
type envelope struct {
	Success *bool           `json:"success"`
	Errors  []apiError      `json:"errors"`
	Result  json.RawMessage `json:"result"`
}

// hasResult reports whether the response has a result.
func (e envelope) hasResult() bool { return len(e.Result) > 0 && string(e.Result) != "null" }

// isMissingResult reports whether a successful response lacks the result that it must have. Deletions need none, and
// null means that a list is empty.
func (e envelope) isMissingResult(r *http.Request) bool {
	if start := listStart(r); start != "" {
		return string(e.Result) != "null" && !bytes.HasPrefix(e.Result, []byte(start))
	}
	return !e.hasResult() && r.Method != http.MethodDelete
}

// listStart returns the character with which the result of a list begins, "" for a call that reads no list. Versions and
// deployments are in an object.
func listStart(r *http.Request) string {
	if r.Method != http.MethodGet {
		return ""
	}
	for suffix, start := range map[string]string{
		"/zones": "[", "/dns_records": "[", "/workers/routes": "[", "/workers/domains": "[", "/versions": "{", "/deployments": "{",
	} {
		if strings.HasSuffix(r.URL.Path, suffix) {
			return start
		}
	}
	return ""
}

type apiError struct {
	Code    int        `json:"code"`
	Message string     `json:"message"`
	Chain   []apiError `json:"error_chain"`
}

// maxResponse is how many bytes of a response are read. A page of 5,000 records has about 3 million.
const maxResponse = 32 << 20

// checkResponse is a middleware that returns an *errcode.Error for every response that is not a success. The SDK's own
// errors do not suffice: it takes HTTP 200 with "success": false for a success, and cannot handle responses that are
// not JSON.
func checkResponse(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	res, err := next(r)
	if err != nil {
		return nil, noResponse(r, err)
	}
	if isMultipart(res) {
		return res, nil
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxResponse))
	res.Body.Close()
	if err != nil {
		return nil, noResponse(r, err)
	}
	if err := classify(r, res, body); err != nil {
		redactError(err, bearerToken(r))
		return nil, err
	}
	// Some successful deletions have no body and no content type, which the SDK cannot decode.
	if len(body) == 0 {
		body = []byte("{}")
	}
	res.Header.Set("Content-Type", "application/json")
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// classify returns the error that a response means, or nil for a success.
func classify(r *http.Request, res *http.Response, body []byte) error {
	isDeletion := r.Method == http.MethodDelete
	if len(body) == 0 && res.StatusCode < 300 && isDeletion {
		return nil
	}
	var e envelope
	switch {
	case len(body) == 0 && res.StatusCode < 300:
		// Something in between may have dropped the body. Taking this for a success could leave a record without its
		// route.
		return newError(r, res, errcode.ServerError)
	case json.Unmarshal(body, &e) != nil || e.Success == nil:
		return notFromAPI(r, res)
	case *e.Success && res.StatusCode < 300 && e.isMissingResult(r):
		if r.Method == http.MethodGet {
			return newError(r, res, errcode.NoResult)
		}
		// The write may have taken effect.
		return newError(r, res, errcode.ServerError)
	case *e.Success && res.StatusCode < 300:
		return nil
	}
	err := newError(r, res, errorCode(r, res.StatusCode, flatten(e.Errors)))
	if len(e.Errors) > 0 {
		err.Details["api_code"] = strconv.Itoa(e.Errors[0].Code)
		err.Details["message"] = e.message()
	}
	if err.Code == errcode.TokenLocation {
		err.Details["address"] = addressIn(e.message())
	}
	return err
}

// notFromAPI returns the error for a response without an envelope: of a proxy, a challenge page, or an edge that cannot
// reach the API.
func notFromAPI(r *http.Request, res *http.Response) error {
	code := errcode.NotJSON
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		code = errcode.RateLimited
	case res.StatusCode >= 500:
		code = errcode.ServerError
	}
	err := newError(r, res, code)
	err.Details["content_type"] = res.Header.Get("Content-Type")
	return err
}

// newError returns an error with the details that every error of a response has: status, call and ray.
func newError(r *http.Request, res *http.Response, code errcode.Code) *errcode.Error {
	err := &errcode.Error{
		Code:       code,
		Temporary:  slices.Contains(temporary, code),
		RetryAfter: retryAfter(res.Header.Get("Retry-After")),
		Details:    callDetails(r),
	}
	err.Details["status"] = strconv.Itoa(res.StatusCode)
	if ray := rayID(res); ray != "" {
		err.Details["ray"] = ray
	}
	if code == errcode.PermissionMissing {
		err.Details["permission"] = permissionFor(r)
	}
	return err
}

// callDetails returns the detail that every error of a call has.
func callDetails(r *http.Request) map[string]string {
	return map[string]string{"call": r.Method + " " + r.URL.Path}
}

// temporary are the codes after which the same call may succeed.
var temporary = []errcode.Code{errcode.RateLimited, errcode.ServerError, errcode.ScriptNotVisible}

// retryAfter parses a Retry-After header in seconds or as a date (RFC 9110, section 10.2.3). It returns zero for
// anything else.
func retryAfter(value string) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// flatten returns errors and those in their chains, where older endpoints have the cause.
func flatten(errs []apiError) []apiError {
	var all []apiError
	for _, err := range errs {
		all = append(append(all, err), flatten(err.Chain)...)
	}
	return all
}

// message returns the first error and its chain in one line.
func (e envelope) message() string {
	parts := []string{e.Errors[0].Message}
	for _, link := range e.Errors[0].Chain {
		parts = append(parts, link.Message)
	}
	return strings.Join(strings.Fields(strings.Join(parts, ": ")), " ")
}

// redactError removes secrets from the details of an *errcode.Error that come from the API, in case it repeats what it
// was sent.
func redactError(err error, secrets ...string) {
	var e *errcode.Error
	if !errors.As(err, &e) {
		return
	}
	for _, name := range []string{"message", "content_type", "address"} {
		if text, ok := e.Details[name]; ok {
			e.Details[name] = binding.Redact(text, secrets...)
		}
	}
}

// rayPattern matches a ray id, which usually ends in the code of a data center.
// https://developers.cloudflare.com/fundamentals/reference/cloudflare-ray-id/
var rayPattern = lazyRegexp(`^[0-9a-f]{16,20}(-[A-Z]{3})?$`)

// rayID returns the ray id of a response, or "" if the header is not one. Anybody may have written it, so other text is
// not shown.
func rayID(res *http.Response) string {
	if ray := res.Header.Get("Cf-Ray"); rayPattern().MatchString(ray) {
		return ray
	}
	return ""
}

// bearerToken returns the token with which a request was made.
func bearerToken(r *http.Request) string {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return token
}

// codedError returns err as an *errcode.Error. Errors of checkResponse have a code already; the SDK adds others, such
// as those of contexts and of decoding.
func codedError(err error) error {
	if err == nil || errcode.Of(err) != "" {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return temporaryError(err)
	}
	return &errcode.Error{Code: errcode.NotJSON, Err: err}
}
