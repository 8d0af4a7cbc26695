package sandbox

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// callLimit is a limit on the calls of one token, https://developers.cloudflare.com/fundamentals/api/reference/limits/.
// Once it is exceeded within the period, all calls are rejected for the same time.
type callLimit struct {
	Calls   int `json:"calls"`
	Seconds int `json:"seconds"`
}

// documentedLimit is the limit of the API. Without a limit in the state the headers describe this one, but calls are not
// counted.
func documentedLimit() callLimit { return callLimit{Calls: 1200, Seconds: 300} }

func (l callLimit) window() time.Duration { return time.Duration(l.Seconds) * time.Second }

// throttle counts the calls of each token, in the memory of a handler and with a clock of its own.
type throttle struct {
	now   func() time.Time
	mu    sync.Mutex
	usage map[string]*tokenUsage
}

// tokenUsage has the calls of one token.
type tokenUsage struct {
	calls   []time.Time // within the window, oldest first; rejected calls are not included
	blocked time.Time   // until this time
}

// admit counts a call, sets the headers with the remaining calls, and returns an error if there are none.
func (t *throttle) admit(limit *callLimit, credential string, h http.Header) *apiError {
	if limit == nil {
		documented := documentedLimit()
		setLimitHeaders(h, documented, documented.Calls-1, documented.window())
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now, window := t.now(), limit.window()
	m := t.usage[credential]
	if m == nil {
		m = new(tokenUsage)
		t.usage[credential] = m
	}
	for len(m.calls) > 0 && !m.calls[0].Add(window).After(now) {
		m.calls = m.calls[1:]
	}
	if !now.Before(m.blocked) && len(m.calls) >= limit.Calls {
		m.blocked = now.Add(window)
	}
	if now.Before(m.blocked) {
		remaining := m.blocked.Sub(now)
		setLimitHeaders(h, *limit, 0, remaining)
		h.Set("Retry-After", fmt.Sprint(ceilSeconds(remaining)))
		return rateLimitError(*limit)
	}
	m.calls = append(m.calls, now)
	setLimitHeaders(h, *limit, limit.Calls-len(m.calls), m.calls[0].Add(window).Sub(now))
	return nil
}

// setLimitHeaders sets the two headers of all responses,
// https://developers.cloudflare.com/fundamentals/api/reference/limits/.
func setLimitHeaders(h http.Header, l callLimit, remaining int, reset time.Duration) {
	h.Set("Ratelimit", fmt.Sprintf(`"default";r=%d;t=%d`, remaining, ceilSeconds(reset)))
	h.Set("Ratelimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, l.Calls, l.Seconds))
}

// ceilSeconds returns whole seconds, rounded up, so that waiting this long is enough.
func ceilSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

func rateLimitError(l callLimit) *apiError {
	return newError(http.StatusTooManyRequests, 10100, fmt.Sprintf(
		"More than %d requests per %d seconds reached. Please wait and consider throttling your request speed", l.Calls, l.Seconds))
}

func (s *state) validateLimit() error {
	if l := s.RateLimit; l != nil && (l.Calls < 1 || l.Seconds < 1) {
		return fmt.Errorf("rate_limit: calls and seconds are at least 1")
	}
	return nil
}
