package sandbox

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cfproxy/cfproxy/provision/sandbox/schematest"
)

// allResources is an account with all kinds of resources.
const allResources = `{
  "clock": "2026-11-20T12:00:00Z",
  "accounts": [
    {"name": "Acme", "zones": [{"name": "example.com"}, {"name": "example.net", "status": "pending"}, {"name": "example.org", "plan": "pro", "records": [
       {"type": "A", "name": "locked.example.org", "content": "192.0.2.1", "locked": true, "meta": {"email_routing": true}}]}],
     "domains": [{"hostname": "owned.example.com", "service": "relay", "zone": "example.com"}]},
    {"name": "New", "subdomain": ""}
  ],
  "tokens": [
    {"name": "all", "value": "cfut_all", "permissions": ["Workers Scripts Write", "Workers Routes Write", "DNS Write", "Zone Read",
      "Account Settings Read", "API Tokens Read", "Account API Tokens Read", "User Details Read", "Memberships Read", "Workers KV Storage Read"]},
    {"name": "owned", "value": "cfat_owned", "account": "Acme", "permissions": ["Account API Tokens Read"]},
    {"name": "nothing", "value": "cfut_nothing", "permissions": []}
  ]
}`

// withSchemaCheck returns a handler that fails the test if a response does not match the API description. Requests in tests are often wrong on purpose.
func withSchemaCheck(t *testing.T, next http.Handler) http.Handler {
	c := &schematest.Checker{Report: func(v schematest.Violation) {
		if v.Part == schematest.PartResponse {
			t.Errorf("violates the API description: %v", v)
		}
	}}
	return c.Handler(next)
}

// apiTour makes calls to all endpoints and records which ones succeeded and failed.
type apiTour struct {
	*client
	checker *schematest.Checker
	mu      sync.Mutex
	reached []reached
}

// reached is an endpoint and whether the call succeeded.
type reached struct {
	endpoint string
	good     bool
}

// newTour returns a sandbox in which all responses, and all requests that succeed, are checked against the API
// description.
func newTour(t *testing.T) *apiTour {
	t.Helper()
	w := &apiTour{checker: &schematest.Checker{}}
	w.checker.Report = func(v schematest.Violation) {
		if v.Part == schematest.PartResponse || v.Status < 400 {
			t.Error(v)
		}
	}
	w.client = newClientFor(t, parseStore(t, allResources))
	server := httptest.NewServer(w.checker.Handler(w.recordCalls(Handler(w.store))))
	t.Cleanup(server.Close)
	w.base = server.URL
	return w
}

func (w *apiTour) recordCalls(next http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		writer := &statusWriter{ResponseWriter: out}
		next.ServeHTTP(writer, r)
		if e, _, ok := findEndpoint(endpoints(), r.Method, strings.TrimPrefix(r.URL.EscapedPath(), prefix)); ok {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.reached = append(w.reached, reached{e.method + " " + e.path, writer.status < 300})
		}
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// All responses of all endpoints, successful or not, match the API description, and so do all requests that succeed.
func TestResponsesMatchDescription(t *testing.T) {
	t.Parallel()
	w := newTour(t)
	w.run()
	for _, e := range endpoints() {
		name := e.method + " " + e.path
		for _, good := range []bool{true, false} {
			if !slices.Contains(w.reached, reached{name, good}) {
				t.Errorf("%s: no call with success=%v was made: add it to the tour", name, good)
			}
		}
	}
}

// An exception that is not needed is wrong, or the sandbox does not do what the exception is for.
func TestExceptionsAreNeeded(t *testing.T) {
	t.Parallel()
	w := newTour(t)
	w.run()
	for _, e := range w.checker.Unused() {
		t.Errorf("not needed: %s %s %s %s (%s)", e.Operation, e.Part, e.Pointer, e.Rule, e.Why)
	}
}
