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

// call is a request to an endpoint. If the endpoint writes, state is a draft, and account, zone and the script in the
// path are mutable.
type call struct {
	state        *state
	endpoint     *endpoint
	method       string
	path         string // as the client sent it
	header       http.Header
	query        url.Values
	params       map[string]string
	body         []byte
	token        *token
	account      *account
	zone         *zone
	commitAnyway bool     // write the state although the call fails
	written      []string // the resources that it writes to
}

type api struct {
	store     *Store
	endpoints []endpoint
	lag       lagTracker
	throttle  throttle
}

// Handler returns a handler for the API below /client/v4/, as strict as https://developers.cloudflare.com/api/ describes
// it. All responses are JSON envelopes, except for those of faults in the state.
func Handler(s *Store) http.Handler { return HandlerAt(s, time.Now) }

// HandlerAt is [Handler] with a clock for the rate limit, so that tests need not wait. IDs and dates depend on the clock
// of the state and not on this one. now may be called by multiple goroutines.
func HandlerAt(s *Store, now func() time.Time) http.Handler {
	return &api{
		store: s, endpoints: endpoints(), lag: lagTracker{resources: map[string]*lagResource{}},
		throttle: throttle{now: now, usage: map[string]*tokenUsage{}},
	}
}

// ServeHTTP panics with http.ErrAbortHandler, which closes the connection, for a fault with "drop" and when the client is
// gone before there is a response.
func (h *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setCommonHeaders(w.Header())
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			internalError(nil).write(w)
		}
	}()
	path, ok := strings.CutPrefix(r.URL.Path, prefix)
	if !ok {
		unknownPath(r.URL.Path).write(w)
		return
	}
	st, err := h.store.state()
	if err != nil {
		internalError(err).write(w)
		return
	}
	if apiErr := h.throttle.admit(st.RateLimit, r.Header.Get("Authorization"), w.Header()); apiErr != nil {
		apiErr.write(w)
		return
	}
	f, err := h.store.TakeFault(FaultAtAPI, r.Method, path)
	if err != nil {
		internalError(err).write(w)
		return
	}
	h.serveWithFault(w, r, f)
}

// serveWithFault serves a request to which the fault applies, if it is not nil.
func (h *api) serveWithFault(w http.ResponseWriter, r *http.Request, f *Fault) {
	if f.failsBefore() {
		f.drain(r)
	}
	if !f.Wait(r.Context()) {
		panic(http.ErrAbortHandler) // the client is gone
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
	var apiErr *apiError
	switch {
	case err == nil:
		result.write(w)
	case errors.As(err, &apiErr):
		apiErr.write(w)
	default:
		internalError(err).write(w)
	}
}

// serve finds the endpoint, reads the body and runs the endpoint.
func (h *api) serve(r *http.Request) (*apiResponse, error) {
	e, params, ok := findEndpoint(h.endpoints, r.Method, strings.TrimPrefix(r.URL.EscapedPath(), prefix))
	if e == nil {
		return nil, unknownPath(r.URL.Path)
	}
	c := &call{endpoint: e, method: r.Method, path: r.URL.Path, header: r.Header, query: r.URL.Query(), params: params}
	if !ok {
		return nil, h.checkMethod(c)
	}
	if e.writes() {
		body, err := readBody(r, e.bodyLimit()) // before taking the lock, so that a slow client does not block others
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

// change runs an endpoint that writes. The state is written if the endpoint succeeds or asks for it.
func (h *api) change(c *call) (result *apiResponse, apiErr error) {
	c.written = resourcesOf(strings.TrimPrefix(c.path, prefix))
	var before *state
	err := h.store.update(func(st *state) error {
		before = st.base
		result, apiErr = c.run(st)
		if apiErr != nil && !c.commitAnyway {
			return apiErr
		}
		return nil
	})
	if apiErr == nil {
		apiErr = err
	}
	if apiErr == nil {
		h.lag.recordWrite(c.written, before)
	}
	return result, apiErr
}

// checkMethod returns the error for a known path with a wrong method. Errors in the credentials take precedence.
func (h *api) checkMethod(c *call) error {
	st, err := h.store.state()
	if err != nil {
		return err
	}
	if _, apiErr := st.authenticate(c.header, c.endpoint.family(), c.path); apiErr != nil {
		return apiErr
	}
	return wrongMethod(c.method, c.endpoint.workers())
}

func (c *call) run(st *state) (*apiResponse, error) {
	c.state = st
	t, apiErr := st.authenticate(c.header, c.endpoint.family(), c.path)
	if apiErr != nil {
		return nil, apiErr
	}
	c.token = t
	if apiErr := c.resolve(); apiErr != nil {
		return nil, apiErr
	}
	if !t.hasPermission(c.endpoint.groups) {
		if c.isObject() {
			return nil, unreachable()
		}
		return nil, forbidden()
	}
	if c.endpoint.writes() {
		c.makeMutable()
	}
	return c.endpoint.run(c)
}

// isObject reports whether the call is for an account or zone itself, which has different errors.
func (c *call) isObject() bool {
	return c.endpoint.path == "/accounts/{account}" || c.endpoint.path == "/zones/{zone}"
}

// resolve looks up {account} and {zone} and checks the format of all other IDs in the path.
func (c *call) resolve() *apiError {
	for _, name := range []string{"account", "zone", "record", "route"} {
		if id, ok := c.params[name]; ok && !idPattern().MatchString(id) {
			return unroutable(c.path)
		}
	}
	if id, ok := c.params["account"]; ok {
		c.account = c.state.account(id)
		if c.account == nil || !c.token.canAccess(c.account) {
			return c.notAccessible()
		}
	}
	if id, ok := c.params["zone"]; ok {
		c.account, c.zone = c.state.zone(id)
		if c.zone == nil || !c.token.canAccessZone(c.account, c.zone) {
			return c.notAccessible()
		}
	}
	return nil
}

// notAccessible returns the error for a resource that does not exist or that the token has no access to. The API does not
// distinguish the two.
func (c *call) notAccessible() *apiError {
	switch {
	case c.isObject():
		return unreachable()
	case c.endpoint.family() == familyVerify:
		return unknownToken(familyVerify)
	}
	return forbidden()
}

// decode decodes a JSON object from the body. Unknown fields are ignored, as in the API.
func (c *call) decode(into any) *apiError {
	kind, _, err := mime.ParseMediaType(c.header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		if c.endpoint.workers() {
			return newError(http.StatusBadRequest, 10001, "Content-Type must be one of: application/json")
		}
		return newError(http.StatusBadRequest, 9207, "Content-type must be application/json.")
	}
	if !json.Valid(c.body) {
		return malformedJSON(c.endpoint.workers())
	}
	if err := json.Unmarshal(c.body, into); err != nil {
		if c.endpoint.workers() {
			return malformedJSON(true)
		}
		return newError(http.StatusBadRequest, 9207, fmt.Sprintf("Failed to parse request body: %s", describeJSONError(err)))
	}
	return nil
}

func describeJSONError(err error) string {
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("%s cannot be a %s", describeField(kind.Field), kind.Value)
	}
	return "not the expected shape"
}

func readBody(r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, newError(http.StatusBadRequest, 10026, "The request body could not be read.")
	}
	if int64(len(body)) > limit {
		return nil, newError(http.StatusRequestEntityTooLarge, 10026, "The request body is too large.")
	}
	return body, nil
}
