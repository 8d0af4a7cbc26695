// Package schematest checks calls of Cloudflare's API against a description of it, for tests: the method and path, the
// values in path and query, and the JSON of request and response. The description is an OpenAPI document that was
// assembled from public schemas; it is not an official one (see testdata/README.md). The checks are stricter than it in
// one point: properties and parameters that it does not have are violations too, which finds misspelled names.
// [Exceptions] lists where the API differs from the description.
//
//	client := http.Client{Transport: schematest.Transport(t, http.DefaultTransport)}
package schematest

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Checker checks calls. It may be used by multiple goroutines.
type Checker struct {
	// Report is called for each violation that is not an exception, by one goroutine at a time. It may be nil.
	Report func(Violation)

	mu   sync.Mutex
	used map[int]bool
}

// Transport returns a RoundTripper that checks the calls through next and reports every violation as an error of t. The
// calls must end before t ends.
func Transport(t testing.TB, next http.RoundTripper) http.RoundTripper {
	c := &Checker{Report: func(v Violation) { t.Helper(); t.Errorf("violates the API description: %v", v) }}
	return c.Transport(next)
}

// Transport returns a RoundTripper that checks the calls through next. It buffers requests and responses but does not
// change them. A request without a response is checked too.
func (c *Checker) Transport(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		sent, err := readRequest(r)
		if err != nil {
			return nil, err
		}
		res, err := next.RoundTrip(r)
		if err != nil {
			return nil, errorOr(c.check(r, sent, 0, message{}), err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			return nil, errorOr(c.check(r, sent, 0, message{}), err)
		}
		res.Body = io.NopCloser(bytes.NewReader(body))
		return res, c.check(r, sent, res.StatusCode, message{res.Header, body})
	})
}

// Handler returns a handler that checks the calls of next. It buffers the response.
func (c *Checker) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, err := readRequest(r)
		if err != nil {
			panic(http.ErrAbortHandler) // as a server does with an incomplete request
		}
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, r)
		if err := c.check(r, sent, recorder.Code, message{recorder.Header(), recorder.Body.Bytes()}); err != nil {
			panic(err)
		}
		maps.Copy(w.Header(), recorder.Header())
		w.WriteHeader(recorder.Code)
		w.Write(recorder.Body.Bytes())
	})
}

// check reports the violations that are not exceptions. It returns an error if the description cannot be read.
func (c *Checker) check(r *http.Request, sent message, status int, received message) error {
	d, err := load()
	if err != nil {
		return err
	}
	found := d.check(r, sent, status, received)
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

// Unused returns the exceptions that have not matched a violation so far.
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

// readRequest reads the body and replaces it by an equal one.
func readRequest(r *http.Request) (message, error) {
	if r.Body == nil {
		return message{header: r.Header}, nil
	}
	body, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil {
		return message{}, fmt.Errorf("read request body: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return message{r.Header, body}, nil
}

func errorOr(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
