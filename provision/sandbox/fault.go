package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Places of faults, the values of "at" in the state.
const (
	FaultAtAPI      = "api"
	FaultAtDNS      = "dns"
	FaultAtTLS      = "tls"
	FaultAtEdge     = "edge"
	FaultAtProvider = "provider"
)

// Fault is an injected failure. The package documentation describes its fields. A nil Fault is none: its methods may be called.
type Fault struct {
	At          string `json:"at,omitempty"`
	Method      string `json:"method,omitempty"`
	Path        string `json:"path,omitempty"`
	Skip        int    `json:"skip,omitempty"`
	Times       int    `json:"times,omitempty"`
	After       bool   `json:"after,omitempty"`
	DelayMS     int    `json:"delay_ms,omitempty"`
	Drop        bool   `json:"drop,omitempty"`
	Hang        bool   `json:"hang,omitempty"`
	Status      int    `json:"status,omitempty"`
	Code        int    `json:"code,omitempty"`
	Message     string `json:"message,omitempty"`
	RetryAfter  string `json:"retry_after,omitempty"`
	ContentType string `json:"content_type,omitempty"`
	Body        string `json:"body,omitempty"`
}

func (s *state) validateFaults() error {
	for i, f := range s.Faults {
		at := fmt.Sprintf("faults[%d]", i)
		switch {
		case f == nil:
			return fmt.Errorf("%s: must not be null", at)
		case !slices.Contains([]string{"", FaultAtAPI, FaultAtDNS, FaultAtTLS, FaultAtEdge, FaultAtProvider}, f.At):
			return fmt.Errorf("%s.at: %q is none of api, dns, tls, edge, provider", at, f.At)
		case f.Status != 0 && (f.Status < 200 || f.Status > 599):
			return fmt.Errorf("%s.status: %d is not an HTTP status of a response", at, f.Status)
		case f.Skip < 0 || f.Times < -1 || f.DelayMS < 0:
			return fmt.Errorf("%s: negative count", at)
		case f.Hang && f.At == FaultAtTLS:
			return fmt.Errorf("%s.hang: a TLS handshake cannot detect that the client is gone", at)
		}
	}
	return nil
}

// TakeFault returns the fault that applies to a request and counts it down in the state. The result is nil if there is none,
// and then nothing is written. method is empty for DNS and TLS.
func (s *Store) TakeFault(at, method, path string) (*Fault, error) {
	st, err := s.state()
	if err != nil {
		return nil, err
	}
	matches := func(f *Fault) bool { return f.matches(at, method, path) }
	if !slices.ContainsFunc(st.Faults, matches) {
		return nil, nil
	}
	var taken *Fault
	err = s.update(func(st *state) error {
		for i, f := range st.Faults {
			if !matches(f) {
				continue
			}
			if f.Skip > 0 {
				f.Skip--
				continue
			}
			copied := *f
			taken = &copied
			if f.Times--; f.Times <= 0 && copied.Times >= 0 {
				st.Faults = slices.Delete(st.Faults, i, i+1)
			} else if copied.Times < 0 {
				f.Times = copied.Times
			}
			break
		}
		return nil
	})
	return taken, err
}

func (f *Fault) place() string { return cmp.Or(f.At, FaultAtAPI) }

func (f *Fault) matches(at, method, path string) bool {
	return f.place() == at && (f.Method == "" || strings.EqualFold(f.Method, method)) && (f.Path == "" || glob(f.Path, path))
}

// glob reports whether a path matches a pattern: * matches any characters but a slash, ** any characters.
func glob(pattern, s string) bool {
	literal, after, ok := strings.Cut(pattern, "*")
	if !strings.HasPrefix(s, literal) {
		return false
	}
	s = s[len(literal):]
	if !ok {
		return s == ""
	}
	rest, deep := strings.CutPrefix(after, "*")
	for i := 0; i <= len(s); i++ {
		if glob(rest, s[i:]) {
			return true
		}
		if !deep && i < len(s) && s[i] == '/' {
			return false
		}
	}
	return false
}

// Fails reports whether the fault replaces the response, which a mere delay does not.
func (f *Fault) Fails() bool {
	return f != nil && (f.Drop || f.Hang || f.Status != 0 || f.Code != 0 || f.Body != "" || f.RetryAfter != "" || f.DelayMS == 0)
}

// failsBefore reports whether the fault also prevents the call from having an effect.
func (f *Fault) failsBefore() bool { return f.Fails() && !f.After }

// Wait waits for the delay of the fault, or, if the fault hangs, until the client gives up. An API call that hangs after it
// took effect does not wait here. Wait returns false if ctx ended.
func (f *Fault) Wait(ctx context.Context) bool {
	if f == nil {
		return true
	}
	if f.Hang && !(f.After && f.place() == FaultAtAPI) {
		<-ctx.Done()
		return false
	}
	if f.DelayMS == 0 {
		return true
	}
	t := time.NewTimer(time.Duration(f.DelayMS) * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// WaitForRequest is [Fault.Wait] for an HTTP request.
func (f *Fault) WaitForRequest(r *http.Request) bool {
	f.drain(r)
	return f.Wait(r.Context())
}

// drain reads the body of a request that gets no response: net/http detects that a client is gone only after that.
func (f *Fault) drain(r *http.Request) {
	if f != nil && f.Hang && r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body) // an error means that the client is gone
	}
}

// write writes the fault as a response of the API, in its envelope unless the fault has a body.
func (f *Fault) write(w http.ResponseWriter) {
	if f.Body != "" || f.ContentType != "" {
		// Tests that check responses against the API description skip this one.
		w.Header().Set("Sandbox-Fault", "body")
	}
	if status := f.StatusCode(); !f.WriteBody(w) {
		newError(status, f.code(status), f.message(status)).write(w)
	}
}

// WriteBody closes the connection if the fault drops it, by a panic with [http.ErrAbortHandler]. Otherwise it sets Retry-After,
// writes the body of the fault and reports whether there is one. If not, the caller has to write the response.
func (f *Fault) WriteBody(w http.ResponseWriter) bool {
	if f.Drop {
		panic(http.ErrAbortHandler)
	}
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	if f.Body == "" && f.ContentType == "" {
		return false
	}
	kind := f.ContentType
	if kind == "" {
		kind = "text/html; charset=UTF-8"
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(f.StatusCode())
	w.Write([]byte(f.Body))
	return true
}

// StatusCode returns the HTTP status of the response.
func (f *Fault) StatusCode() int {
	switch {
	case f.Status != 0:
		return f.Status
	case f.RetryAfter != "":
		return http.StatusTooManyRequests
	case f.Code != 0:
		return http.StatusBadRequest
	case f.Body != "":
		return http.StatusOK
	}
	return http.StatusInternalServerError
}

func (f *Fault) code(status int) int {
	switch {
	case f.Code != 0:
		return f.Code
	case status == http.StatusTooManyRequests:
		return 10100
	}
	return 10013
}

func (f *Fault) message(status int) string {
	switch {
	case f.Message != "":
		return f.Message
	case f.code(status) == 10100:
		return rateLimitError(documentedLimit()).problems[0].Message
	}
	return textUnknown
}
