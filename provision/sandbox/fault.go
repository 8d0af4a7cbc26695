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

// Where a fault can strike.
const (
	atAPI      = "api"
	atDNS      = "dns"
	atTLS      = "tls"
	atEdge     = "edge"
	atProvider = "provider"
)

// fault is one scripted failure. The format is documented in doc.go.
type fault struct {
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
			return fmt.Errorf("%s: null is no fault", at)
		case !slices.Contains([]string{"", atAPI, atDNS, atTLS, atEdge, atProvider}, f.At):
			return fmt.Errorf("%s.at: %q is none of api, dns, tls, edge, provider", at, f.At)
		case f.Status != 0 && (f.Status < 200 || f.Status > 599):
			return fmt.Errorf("%s.status: %d is no HTTP status of an answer", at, f.Status)
		case f.Skip < 0 || f.Times < -1 || f.DelayMS < 0:
			return fmt.Errorf("%s: negative count", at)
		case f.Hang && f.At == atTLS:
			return fmt.Errorf("%s.hang: a handshake does not notice that the client left", at)
		}
	}
	return nil
}

// takeFault finds the fault that strikes here and counts it down in the state; nil for none. It costs nothing while
// no fault fits.
func (s *Store) takeFault(at, method, path string) (*fault, error) {
	st, err := s.state()
	if err != nil {
		return nil, err
	}
	fits := func(f *fault) bool { return f.fits(at, method, path) }
	if !slices.ContainsFunc(st.Faults, fits) {
		return nil, nil
	}
	var struck *fault
	err = s.update(func(st *state) error {
		for i, f := range st.Faults {
			if !fits(f) {
				continue
			}
			if f.Skip > 0 {
				f.Skip--
				continue
			}
			hit := *f
			struck = &hit
			if f.Times--; f.Times <= 0 && hit.Times >= 0 {
				st.Faults = slices.Delete(st.Faults, i, i+1)
			} else if hit.Times < 0 {
				f.Times = hit.Times
			}
			break
		}
		return nil
	})
	return struck, err
}

func (f *fault) place() string { return cmp.Or(f.At, atAPI) }

func (f *fault) fits(at, method, path string) bool {
	return f.place() == at && (f.Method == "" || strings.EqualFold(f.Method, method)) && (f.Path == "" || glob(f.Path, path))
}

// glob matches a path: * stands for any run of characters without a slash, ** for any run at all.
func glob(pattern, s string) bool {
	before, after, ok := strings.Cut(pattern, "*")
	if !strings.HasPrefix(s, before) {
		return false
	}
	s = s[len(before):]
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

// answers tells whether the fault takes the place of the answer; a mere delay does not.
func (f *fault) answers() bool {
	return f != nil && (f.Drop || f.Hang || f.Status != 0 || f.Code != 0 || f.Body != "" || f.RetryAfter != "" || f.DelayMS == 0)
}

// early tells whether it also takes the place of the work.
func (f *fault) early() bool { return f.answers() && !f.After }

// wait sits out the delay; false when the client left. A fault that hangs waits for just that, unless it first lets the API
// do the work.
func (f *fault) wait(ctx context.Context) bool {
	if f == nil {
		return true
	}
	if f.Hang && !(f.After && f.place() == atAPI) {
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

// drain reads a request that is not going to be answered: net/http notices that a client left only once its body is read.
func (f *fault) drain(r *http.Request) {
	if f != nil && f.Hang && r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body) // an error means that the client left
	}
}

// write answers with the fault, in the envelope of the API unless it brings a body of its own.
func (f *fault) write(w http.ResponseWriter) {
	if f.Body != "" || f.ContentType != "" {
		// Who judges answers should know that this one says what somebody wrote, and not what the sandbox thinks.
		w.Header().Set("Sandbox-Fault", "body")
	}
	if status := f.status(); !f.custom(w) {
		refuse(status, f.code(status), f.text(status)).write(w)
	}
}

// custom does what is the same everywhere: it cuts the connection (net/http's own way to do that is this panic), sets
// Retry-After, and sends the fault's own body. False means that the place has to word the refusal.
func (f *fault) custom(w http.ResponseWriter) bool {
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
	w.WriteHeader(f.status())
	w.Write([]byte(f.Body))
	return true
}

func (f *fault) status() int {
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

func (f *fault) code(status int) int {
	switch {
	case f.Code != 0:
		return f.Code
	case status == http.StatusTooManyRequests:
		return 10100
	}
	return 10013
}

func (f *fault) text(status int) string {
	switch {
	case f.Message != "":
		return f.Message
	case f.code(status) == 10100:
		return tooMany(realLimit()).problems[0].Message
	}
	return textUnknown
}
