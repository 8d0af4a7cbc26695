package contracttest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/provision/sandbox/schematest"
)

const base = "https://api.cloudflare.com/client/v4"

// api makes the calls of one test.
type api struct {
	t         *testing.T
	client    http.Client
	transport http.RoundTripper
	token     string
	live      bool
	unique    func() string
	account   string
	zone      string
	zoneName  string
}

// forTest returns an API that reports failures to t. Every call is also checked against the API description.
func (a *api) forTest(t *testing.T) *api {
	out := *a
	out.t = t
	checker := &schematest.Checker{Report: func(v schematest.Violation) {
		out.unverified(false, "violates the API description: %v", v)
	}}
	out.client = http.Client{Transport: checker.Transport(a.transport), Timeout: time.Minute}
	return &out
}

// unverified checks an assumption about the API that is not verified. If a live account behaves differently, this is
// logged and is not a failure.
func (a *api) unverified(ok bool, format string, args ...any) {
	a.t.Helper()
	switch {
	case ok:
	case a.live:
		a.t.Logf("UNEXPECTED: "+format, args...)
	default:
		a.t.Errorf(format, args...)
	}
}

// problem is an entry in the errors of a response.
type problem struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Source  struct {
		Pointer string `json:"pointer"`
	} `json:"source"`
}

// response is a response with a decoded envelope.
type response struct {
	api      *api
	what     string
	status   int
	header   http.Header
	raw      []byte
	Result   json.RawMessage `json:"result"`
	Success  bool            `json:"success"`
	Errors   []problem       `json:"errors"`
	Messages []problem       `json:"messages"`
	Info     struct {
		Page       int `json:"page"`
		PerPage    int `json:"per_page"`
		Count      int `json:"count"`
		TotalCount int `json:"total_count"`
		TotalPages int `json:"total_pages"`
	} `json:"result_info"`
}

// do sends a JSON value, or no body for nil.
func (a *api) do(method, path string, body any) *response {
	a.t.Helper()
	if body == nil {
		return a.send(method, path, "", nil)
	}
	data, err := json.Marshal(body)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.send(method, path, "application/json", data)
}

// send makes a call. In a path $A is the account and $Z the zone. It retries a live account that sends Retry-After,
// twice.
func (a *api) send(method, path, kind string, body []byte) *response {
	a.t.Helper()
	for try := 1; ; try++ {
		got := a.once(method, path, kind, body)
		seconds, err := strconv.Atoi(got.header.Get("Retry-After"))
		if got.status != http.StatusTooManyRequests || !a.live || try == 3 || err != nil || seconds > 60 {
			return got
		}
		a.t.Logf("%s: waiting %d s for Retry-After", got.what, seconds)
		<-time.After(time.Duration(seconds) * time.Second)
	}
}

func (a *api) once(method, path, kind string, body []byte) *response {
	a.t.Helper()
	got := &response{api: a, what: method + " " + path}
	path = strings.NewReplacer("$A", a.account, "$Z", a.zone).Replace(path)
	r, err := http.NewRequestWithContext(context.Background(), method, base+path, bytes.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	r.Header.Set("Authorization", "Bearer "+a.token)
	res, err := a.client.Do(r)
	if err != nil {
		a.t.Fatalf("%s: %v", got.what, err)
	}
	defer res.Body.Close()
	if got.raw, err = io.ReadAll(res.Body); err != nil {
		a.t.Fatalf("%s: %v", got.what, err)
	}
	got.status, got.header = res.StatusCode, res.Header
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(got.raw, got); err != nil {
			a.t.Fatalf("%s: %v in %s", got.what, err, got.raw)
		}
	}
	return got
}

// wantOK fails the test unless the call succeeded, and decodes the result into v, which may be nil.
func (r *response) wantOK(v any) *response {
	r.api.t.Helper()
	if r.status != http.StatusOK || !r.Success || len(r.Errors) > 0 {
		r.api.t.Fatalf("%s: want success, got %d %s", r.what, r.status, r.raw)
	}
	if v != nil {
		if err := json.Unmarshal(r.Result, v); err != nil {
			r.api.t.Fatalf("%s: %v in %s", r.what, err, r.raw)
		}
	}
	return r
}

// anyStatus stands for an error status that is not known.
const anyStatus = 0

// wantError fails the test unless the call failed with this status and one of the codes. The program depends on the
// codes.
func (r *response) wantError(status int, codes ...int) *response {
	r.api.t.Helper()
	if r.Success || r.status < 400 || r.status > 499 || !r.hasCode(codes...) {
		r.api.t.Fatalf("%s: want code %v, got %d %s", r.what, codes, r.status, r.raw)
	}
	if status != anyStatus && r.status != status {
		r.api.t.Errorf("%s: want status %d, got %d %s", r.what, status, r.status, r.raw)
	}
	return r
}

// hasCode reports whether the response is an error with one of the codes.
func (r *response) hasCode(codes ...int) bool {
	return !r.Success && len(r.Errors) > 0 && slices.Contains(codes, r.Errors[0].Code)
}

// create creates a resource that is deleted after the test, also if the API should have rejected it.
func (a *api) create(path string, body any) *response {
	a.t.Helper()
	r := a.do("POST", path, body)
	var created struct{ ID string }
	if r.Success && json.Unmarshal(r.Result, &created) == nil && created.ID != "" {
		a.deleteLater(path + "/" + created.ID)
	}
	return r
}

// deleteLater deletes a resource at the end of the test, however it ends. It may be gone already.
func (a *api) deleteLater(path string) {
	a.t.Cleanup(func() {
		r := a.send("DELETE", path, "", nil)
		if r.status >= 400 && !r.hasCode(10007, 10009, 81044) {
			a.t.Logf("NOT DELETED: %s: %d %s", r.what, r.status, r.raw)
		}
	})
}

// eventually repeats a call until the response is as expected: in a live account changes may take some seconds to be
// visible. In the sandbox they do not.
func (a *api) eventually(try func() *response, done func(*response) bool) *response {
	a.t.Helper()
	for remaining := 10; ; remaining-- {
		r := try()
		if done(r) || !a.live || remaining == 0 {
			return r
		}
		<-time.After(time.Second)
	}
}
