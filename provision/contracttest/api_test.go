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

// api makes calls for one test.
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

// in gives an API whose failures are those of t. Every call is held against the API's description too.
func (a *api) in(t *testing.T) *api {
	one := *a
	one.t = t
	checker := &schematest.Checker{Report: func(v schematest.Violation) {
		one.unverified(false, "against the API's description: %v", v)
	}}
	one.client = http.Client{Transport: checker.Transport(a.transport), Timeout: time.Minute}
	return &one
}

// unverified demands what nothing has proved of the API yet: a live account that does otherwise is news, and no failure.
func (a *api) unverified(holds bool, format string, args ...any) {
	a.t.Helper()
	switch {
	case holds:
	case a.live:
		a.t.Logf("NEWS: "+format, args...)
	default:
		a.t.Errorf(format, args...)
	}
}

// problem is one entry of an answer's errors.
type problem struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Source  struct {
		Pointer string `json:"pointer"`
	} `json:"source"`
}

// answer is an answer with its envelope taken apart.
type answer struct {
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

// do sends JSON: a value, or nothing for nil.
func (a *api) do(method, path string, body any) *answer {
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

// send makes a call. In a path $A is the account and $Z the zone. A live account that asks for patience gets it, three times.
func (a *api) send(method, path, kind string, body []byte) *answer {
	a.t.Helper()
	for try := 1; ; try++ {
		got := a.once(method, path, kind, body)
		seconds, err := strconv.Atoi(got.header.Get("Retry-After"))
		if got.status != http.StatusTooManyRequests || !a.live || try == 3 || err != nil || seconds > 60 {
			return got
		}
		a.t.Logf("%s: waiting %d s, as it says", got.what, seconds)
		<-time.After(time.Duration(seconds) * time.Second)
	}
}

func (a *api) once(method, path, kind string, body []byte) *answer {
	a.t.Helper()
	got := &answer{api: a, what: method + " " + path}
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

// ok demands success and reads the result; into may be nil.
func (r *answer) ok(into any) *answer {
	r.api.t.Helper()
	if r.status != http.StatusOK || !r.Success || len(r.Errors) > 0 {
		r.api.t.Fatalf("%s: want success, got %d %s", r.what, r.status, r.raw)
	}
	if into != nil {
		if err := json.Unmarshal(r.Result, into); err != nil {
			r.api.t.Fatalf("%s: %v in %s", r.what, err, r.raw)
		}
	}
	return r
}

// unsettled is a status of which nothing is known but that it refuses.
const unsettled = 0

// refused demands a refusal with one of the codes, since it is codes that the program goes by, and with a status.
func (r *answer) refused(status int, codes ...int) *answer {
	r.api.t.Helper()
	if r.Success || r.status < 400 || r.status > 499 || !r.says(codes...) {
		r.api.t.Fatalf("%s: want code %v, got %d %s", r.what, codes, r.status, r.raw)
	}
	if status != unsettled && r.status != status {
		r.api.t.Errorf("%s: want status %d, got %d %s", r.what, status, r.status, r.raw)
	}
	return r
}

// says tells whether the answer is a refusal with one of the codes.
func (r *answer) says(codes ...int) bool {
	return !r.Success && len(r.Errors) > 0 && slices.Contains(codes, r.Errors[0].Code)
}

// post makes something that goes away with the test, also when it should have been refused and was not.
func (a *api) post(path string, body any) *answer {
	a.t.Helper()
	r := a.do("POST", path, body)
	var made struct{ ID string }
	if r.Success && json.Unmarshal(r.Result, &made) == nil && made.ID != "" {
		a.later(path + "/" + made.ID)
	}
	return r
}

// later deletes what a test has made when the test is over, however it ends. What is gone already is no matter.
func (a *api) later(path string) {
	a.t.Cleanup(func() {
		r := a.send("DELETE", path, "", nil)
		if r.status >= 400 && !r.says(10007, 10009, 81044) {
			a.t.Logf("LEFT BEHIND: %s: %d %s", r.what, r.status, r.raw)
		}
	})
}

// eventually tries until the answer will do: a live account may need some seconds until everything knows of a change. The
// sandbox needs none.
func (a *api) eventually(try func() *answer, done func(*answer) bool) *answer {
	a.t.Helper()
	for left := 10; ; left-- {
		r := try()
		if done(r) || !a.live || left == 0 {
			return r
		}
		<-time.After(time.Second)
	}
}
