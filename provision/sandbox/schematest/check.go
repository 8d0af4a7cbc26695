// Package schematest judges calls of Cloudflare's API by its published description, for tests: method and path, the values in
// path and query, the JSON that is sent, and the JSON that comes back. It is stricter than the description in one point: what
// the description does not name is a violation too, since that is how a mistyped name shows. Where the API itself departs
// from its description, [Exceptions] says so.
//
//	client := http.Client{Transport: schematest.Transport(t, http.DefaultTransport)}
package schematest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Checker judges the calls that pass. It may be used by many goroutines. The zero value reports to nobody.
type Checker struct {
	// Report is told of each violation that no exception covers, one at a time.
	Report func(Violation)

	mu   sync.Mutex
	used map[int]bool
}

// Transport judges what a test sends and receives: every violation is an error of t, and must therefore come before t ends.
func Transport(t testing.TB, next http.RoundTripper) http.RoundTripper {
	c := &Checker{Report: func(v Violation) { t.Helper(); t.Errorf("against the API's description: %v", v) }}
	return c.Transport(next)
}

// Transport judges what passes through next. Calls and answers are the same as without it, but that both are read whole. A call
// without an answer is judged too.
func (c *Checker) Transport(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		asked, err := readRequest(r)
		if err != nil {
			return nil, err
		}
		res, err := next.RoundTrip(r)
		if err != nil {
			return nil, errorOr(c.judge(r, asked, 0, half{}), err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			return nil, errorOr(c.judge(r, asked, 0, half{}), err)
		}
		res.Body = io.NopCloser(bytes.NewReader(body))
		return res, c.judge(r, asked, res.StatusCode, half{res.Header, body})
	})
}

// Handler judges what passes through next on a server. The answer is held back until it is whole.
func (c *Checker) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, err := readRequest(r)
		if err != nil {
			panic(http.ErrAbortHandler) // as a server does with a request that breaks off
		}
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, r)
		if err := c.judge(r, asked, recorder.Code, half{recorder.Header(), recorder.Body.Bytes()}); err != nil {
			panic(err)
		}
		for name, values := range recorder.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(recorder.Code)
		w.Write(recorder.Body.Bytes())
	})
}

// judge reports what no exception covers. Its error means that the description itself cannot be read.
func (c *Checker) judge(r *http.Request, asked half, status int, answered half) error {
	d, err := load()
	if err != nil {
		return err
	}
	found := d.judge(r, asked, status, answered)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range found {
		if at, ok := exceptionFor(v); ok {
			if c.used == nil {
				c.used = map[int]bool{}
			}
			c.used[at] = true
			continue
		}
		if c.Report != nil {
			c.Report(v)
		}
	}
	return nil
}

// Unused lists the exceptions that covered nothing so far.
func (c *Checker) Unused() []Exception {
	c.mu.Lock()
	defer c.mu.Unlock()
	var unused []Exception
	for i, e := range Exceptions() {
		if !c.used[i] {
			unused = append(unused, e)
		}
	}
	return unused
}

// readRequest reads the body, and gives the request one that is as good as before.
func readRequest(r *http.Request) (half, error) {
	if r.Body == nil {
		return half{header: r.Header}, nil
	}
	body, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil {
		return half{}, fmt.Errorf("read request body: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return half{r.Header, body}, nil
}

func errorOr(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
