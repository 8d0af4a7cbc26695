package sandbox

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// callLimit bounds the calls of one token, https://developers.cloudflare.com/fundamentals/api/reference/limits/: after so many
// within so many seconds, all are refused for as long again.
type callLimit struct {
	Calls   int `json:"calls"`
	Seconds int `json:"seconds"`
}

// realLimit is what the API publishes. Without a limit in the state the headers speak of it, and nothing is counted.
func realLimit() callLimit { return callLimit{Calls: 1200, Seconds: 300} }

func (l callLimit) window() time.Duration { return time.Duration(l.Seconds) * time.Second }

// throttle counts calls by credential, in the memory of a handler and by a clock of its own.
type throttle struct {
	now    func() time.Time
	mu     sync.Mutex
	meters map[string]*meter
}

// meter is what one token has used up.
type meter struct {
	calls   []time.Time // within the window, oldest first; refused calls are not among them
	blocked time.Time   // until then
}

// admit counts a call, sets the headers that tell how many are left and until when, and refuses it if there is none.
func (t *throttle) admit(limit *callLimit, credential string, h http.Header) *apiError {
	if limit == nil {
		real := realLimit()
		announce(h, real, real.Calls-1, real.window())
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now, window := t.now(), limit.window()
	m := t.meters[credential]
	if m == nil {
		m = new(meter)
		t.meters[credential] = m
	}
	for len(m.calls) > 0 && !m.calls[0].Add(window).After(now) {
		m.calls = m.calls[1:]
	}
	if !now.Before(m.blocked) && len(m.calls) >= limit.Calls {
		m.blocked = now.Add(window)
	}
	if now.Before(m.blocked) {
		left := m.blocked.Sub(now)
		announce(h, *limit, 0, left)
		h.Set("Retry-After", fmt.Sprint(seconds(left)))
		return tooMany(*limit)
	}
	m.calls = append(m.calls, now)
	announce(h, *limit, limit.Calls-len(m.calls), m.calls[0].Add(window).Sub(now))
	return nil
}

// announce writes the two headers that every answer has, https://developers.cloudflare.com/fundamentals/api/reference/limits/.
func announce(h http.Header, l callLimit, left int, reset time.Duration) {
	h.Set("Ratelimit", fmt.Sprintf(`"default";r=%d;t=%d`, left, seconds(reset)))
	h.Set("Ratelimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, l.Calls, l.Seconds))
}

// seconds are whole ones, rounded up: who waits so long has waited enough.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

func tooMany(l callLimit) *apiError {
	return refuse(http.StatusTooManyRequests, 10100, fmt.Sprintf(
		"More than %d requests per %d seconds reached. Please wait and consider throttling your request speed", l.Calls, l.Seconds))
}

func (s *state) validateLimit() error {
	if l := s.RateLimit; l != nil && (l.Calls < 1 || l.Seconds < 1) {
		return fmt.Errorf("rate_limit: calls and seconds are at least 1")
	}
	return nil
}
