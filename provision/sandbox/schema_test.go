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

// described is an account with a little of everything that the API can show.
const described = `{
  "clock": "2026-11-20T12:00:00Z",
  "accounts": [
    {"name": "Acme", "zones": [{"name": "example.com"}, {"name": "example.net", "status": "pending"}, {"name": "example.org", "plan": "pro"}],
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

// judging makes every answer that a test gets an error of the test where it is not as described. What tests send is often wrong
// on purpose.
func judging(t *testing.T, next http.Handler) http.Handler {
	c := &schematest.Checker{Report: func(v schematest.Violation) {
		if v.Part == schematest.PartAnswer {
			t.Errorf("against the API's description: %v", v)
		}
	}}
	return c.Handler(next)
}

// walker makes calls and remembers which endpoints they reached, well and badly.
type walker struct {
	*client
	checker *schematest.Checker
	mu      sync.Mutex
	seen    []judged
}

// judged is an endpoint and whether it did what it was asked.
type judged struct {
	endpoint string
	good     bool
}

// newWalker gives a sandbox whose every answer is judged, and so is every request that it takes.
func newWalker(t *testing.T) *walker {
	t.Helper()
	w := &walker{checker: &schematest.Checker{}}
	w.checker.Report = func(v schematest.Violation) {
		if v.Part == schematest.PartAnswer || v.Status < 400 {
			t.Error(v)
		}
	}
	w.client = serveStore(t, parse(t, described))
	server := httptest.NewServer(w.checker.Handler(w.counted(Handler(w.store))))
	t.Cleanup(server.Close)
	w.base = server.URL
	return w
}

func (w *walker) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		kept := &statusWriter{ResponseWriter: out}
		next.ServeHTTP(kept, r)
		if e, _, ok := find(endpoints(), r.Method, strings.TrimPrefix(r.URL.EscapedPath(), prefix)); ok {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.seen = append(w.seen, judged{e.method + " " + e.path, kept.status < 300})
		}
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Every answer of every endpoint, good and refused, is what the API's description says, and so is every request that is taken.
func TestAnswersAreAsDescribed(t *testing.T) {
	t.Parallel()
	w := newWalker(t)
	w.walk()
	for _, e := range endpoints() {
		name := e.method + " " + e.path
		for _, good := range []bool{true, false} {
			if !slices.Contains(w.seen, judged{name, good}) {
				t.Errorf("%s: no answer was judged that is good=%v: take it into the walk", name, good)
			}
		}
	}
}

// An exception that nothing needs is wrong, or the sandbox does not do what it is for.
func TestExceptionsFromTheDescriptionAreNeeded(t *testing.T) {
	t.Parallel()
	w := newWalker(t)
	w.walk()
	for _, e := range w.checker.Unused() {
		t.Errorf("never needed: %s %s %s %s (%s)", e.Operation, e.Part, e.Pointer, e.Rule, e.Why)
	}
}
