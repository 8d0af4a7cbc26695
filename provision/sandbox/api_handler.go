package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// call is one request on its way through an endpoint. state is a draft when it writes; account, zone, and the script that
// the path names are the endpoint's own copies then.
type call struct {
	state    *state
	endpoint *endpoint
	method   string
	path     string // as the client sent it
	header   http.Header
	query    url.Values
	params   map[string]string
	body     []byte
	token    *token
	account  *account
	zone     *zone
	keep     bool     // write the state although the call is refused
	subjects []string // what it writes to
}

type api struct {
	store     *Store
	endpoints []endpoint
	lag       lagging
	throttle  throttle
}

// Handler serves the API below /client/v4/ as https://developers.cloudflare.com/api/ describes it, and as strictly.
// It answers JSON envelopes only, unless a fault in the state says otherwise.
func Handler(s *Store) http.Handler { return HandlerAt(s, time.Now) }

// HandlerAt is Handler with a clock for the rate limit, so that whoever tries a client against it need not wait. Ids and
// dates go by the clock of the state, not by this one. now may be called by many goroutines.
func HandlerAt(s *Store, now func() time.Time) http.Handler {
	return &api{
		store: s, endpoints: endpoints(), lag: lagging{subjects: map[string]*subject{}},
		throttle: throttle{now: now, meters: map[string]*meter{}},
	}
}

// ServeHTTP may panic with http.ErrAbortHandler, as net/http asks of a handler that cuts the connection: for a
// fault that says "drop", and when the client left before there was an answer.
func (h *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	dress(w.Header())
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			internal(nil).write(w)
		}
	}()
	path, under := strings.CutPrefix(r.URL.Path, prefix)
	if !under {
		unknownPath(r.URL.Path).write(w)
		return
	}
	st, err := h.store.state()
	if err != nil {
		internal(err).write(w)
		return
	}
	if refused := h.throttle.admit(st.RateLimit, r.Header.Get("Authorization"), w.Header()); refused != nil {
		refused.write(w)
		return
	}
	f, err := h.store.TakeFault(FaultAtAPI, r.Method, path)
	if err != nil {
		internal(err).write(w)
		return
	}
	if f.failsBefore() {
		f.drain(r)
	}
	if !f.Wait(r.Context()) {
		panic(http.ErrAbortHandler) // nobody is there to answer
	}
	if f.failsBefore() {
		f.write(w)
		return
	}
	result, err := h.serve(r)
	if f.Fails() {
		if f.Hang {
			f.drain(r)
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}
		f.write(w)
		return
	}
	var refused *apiError
	switch {
	case err == nil:
		result.write(w)
	case errors.As(err, &refused):
		refused.write(w)
	default:
		internal(err).write(w)
	}
}

// serve finds the endpoint, reads the body, and runs the endpoint on the state.
func (h *api) serve(r *http.Request) (*answer, error) {
	e, params, ok := find(h.endpoints, r.Method, strings.TrimPrefix(r.URL.EscapedPath(), prefix))
	if e == nil {
		return nil, unknownPath(r.URL.Path)
	}
	c := &call{endpoint: e, method: r.Method, path: r.URL.Path, header: r.Header, query: r.URL.Query(), params: params}
	if !ok {
		return nil, h.misdirected(c)
	}
	if e.writes() {
		body, err := readBody(r, e.bodyLimit()) // before the lock: a slow client must not hold up others
		if err != nil {
			return nil, err
		}
		c.body = body
		return h.change(c)
	}
	st, err := h.store.state()
	if err != nil {
		return nil, err
	}
	return c.run(h.lag.read(strings.TrimPrefix(c.path, prefix), r.URL.RequestURI(), st))
}

// change runs a writing endpoint; what it did is kept if it succeeds or asks for it.
func (h *api) change(c *call) (result *answer, refused error) {
	c.subjects = subjectsOf(strings.TrimPrefix(c.path, prefix))
	var before *state
	err := h.store.update(func(st *state) error {
		before = st.from
		result, refused = c.run(st)
		if refused != nil && !c.keep {
			return refused
		}
		return nil
	})
	if refused == nil {
		refused = err
	}
	if refused == nil {
		h.lag.wrote(c.subjects, before)
	}
	return result, refused
}

// misdirected answers a known path with a wrong method; bad credentials are found out first.
func (h *api) misdirected(c *call) error {
	st, err := h.store.state()
	if err != nil {
		return err
	}
	if _, refused := st.authenticate(c.header, c.endpoint.family(), c.path); refused != nil {
		return refused
	}
	return wrongMethod(c.method, c.endpoint.workers())
}

func (c *call) run(st *state) (*answer, error) {
	c.state = st
	t, refused := st.authenticate(c.header, c.endpoint.family(), c.path)
	if refused != nil {
		return nil, refused
	}
	c.token = t
	if refused := c.resolve(); refused != nil {
		return nil, refused
	}
	if !t.holds(c.endpoint.groups) {
		if c.object() {
			return nil, unreachable()
		}
		return nil, forbidden()
	}
	if c.endpoint.writes() {
		c.own()
	}
	return c.endpoint.run(c)
}

// object tells whether the call is about an account or zone as such, where a refusal is worded differently.
func (c *call) object() bool {
	return c.endpoint.path == "/accounts/{account}" || c.endpoint.path == "/zones/{zone}"
}

// resolve looks up {account} and {zone} and checks every other id in the path for its form.
func (c *call) resolve() *apiError {
	for _, name := range []string{"account", "zone", "record", "route"} {
		if id, ok := c.params[name]; ok && !idPattern.MatchString(id) {
			return unroutable(c.path)
		}
	}
	if id, ok := c.params["account"]; ok {
		c.account = c.state.account(id)
		if c.account == nil || !c.token.reaches(c.account) {
			return c.out()
		}
	}
	if id, ok := c.params["zone"]; ok {
		c.account, c.zone = c.state.zone(id)
		if c.zone == nil || !c.token.reachesZone(c.account, c.zone) {
			return c.out()
		}
	}
	return nil
}

// out refuses a resource that does not exist or that the token may not see: the API does not tell which.
func (c *call) out() *apiError {
	switch {
	case c.object():
		return unreachable()
	case c.endpoint.family() == familyVerify:
		return unknownToken(familyVerify)
	}
	return forbidden()
}

// decode reads a JSON object from the body. Unknown fields are ignored, as the API ignores them.
func (c *call) decode(into any) *apiError {
	kind, _, err := mime.ParseMediaType(c.header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		if c.endpoint.workers() {
			return refuse(http.StatusBadRequest, 10001, "Content-Type must be one of: application/json")
		}
		return refuse(http.StatusBadRequest, 9207, "Content-type must be application/json.")
	}
	if !json.Valid(c.body) {
		return malformed(c.endpoint.workers())
	}
	if err := json.Unmarshal(c.body, into); err != nil {
		if c.endpoint.workers() {
			return malformed(true)
		}
		return refuse(http.StatusBadRequest, 9207, fmt.Sprintf("Failed to parse request body: %s", jsonSlip(err)))
	}
	return nil
}

func jsonSlip(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Sprintf("%s cannot be a %s", field(kind.Field), kind.Value)
	}
	return "not the expected shape"
}

func readBody(r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, 10026, "The request body could not be read.")
	}
	if int64(len(body)) > limit {
		return nil, refuse(http.StatusRequestEntityTooLarge, 10026, "The request body is too large.")
	}
	return body, nil
}
