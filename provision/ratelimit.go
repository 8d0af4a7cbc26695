package provision

import (
	"context"
	"sync"
	"time"
)

// Rate is a limit of Calls in every window of length Per.
type Rate struct {
	Calls int
	Per   time.Duration
}

// APIRate is below Cloudflare's limit of 1200 calls in five minutes per token, since a list of zones may have several
// pages and the owner may use the dashboard. https://developers.cloudflare.com/fundamentals/api/reference/limits/
var APIRate = Rate{Calls: 1100, Per: 5 * time.Minute}

// limiter is a sliding log: a call that would exceed the limit waits until the oldest call leaves the window. The API
// blocks all calls for a whole window after the limit is exceeded, so waiting takes less time than retrying. A token
// bucket would allow up to twice the limit in one window.
type limiter struct {
	mu            sync.Mutex
	calls         []time.Time // the times of the calls in the last window, the oldest first
	pausedUntil   time.Time   // when the API will accept calls again
	reportedUntil time.Time   // the end of the last pause that was reported
}

// reserve reserves calls, which are made together, and returns zero, or it returns how long to wait before trying
// again.
func (l *limiter) reserve(limit Rate, now time.Time, calls int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if wait := l.pausedUntil.Sub(now); wait > 0 {
		return wait
	}
	if limit.Calls <= 0 {
		return 0
	}
	l.forget(limit, now)
	if over := len(l.calls) + calls - limit.Calls; over > 0 && len(l.calls) > 0 {
		return l.calls[min(over, len(l.calls))-1].Add(limit.Per).Sub(now)
	}
	for range calls {
		l.calls = append(l.calls, now)
	}
	return 0
}

// forget drops the calls that have left the window.
func (l *limiter) forget(limit Rate, now time.Time) {
	old := 0
	for old < len(l.calls) && now.Sub(l.calls[old]) >= limit.Per {
		old++
	}
	l.calls = l.calls[old:]
}

// pauseUntil delays all calls.
func (l *limiter) pauseUntil(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until.After(l.pausedUntil) {
		l.pausedUntil = until
	}
}

// NoteRateLimit records what the API reports about its rate limit in every response: how many calls are left, and the
// time until it is reset. Other programs may have used it up. A reset later than MaxRetryAfter is ignored.
// https://developers.cloudflare.com/fundamentals/api/reference/limits/
func (e *Engine) NoteRateLimit(left int, reset time.Duration) {
	if left < maxParallel && reset <= e.maxRetryAfter() {
		e.limiter.pauseUntil(e.now().Add(reset))
	}
}

// firstReport reports whether a pause was not reported yet. Many calls wait for the same one.
func (l *limiter) firstReport(until time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	isFirst := until.Sub(l.reportedUntil) > time.Second
	if isFirst {
		l.reportedUntil = until
	}
	return isFirst
}

// delay returns how long, at least, it takes until that many more calls have been made.
func (l *limiter) delay(limit Rate, now time.Time, calls int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := max(0, l.pausedUntil.Sub(now))
	if limit.Calls <= 0 {
		return wait
	}
	l.forget(limit, now)
	over := len(l.calls) + calls - limit.Calls
	if over <= 0 || len(l.calls) == 0 {
		return wait
	}
	// The first calls over the limit are made when the oldest ones leave the window, and in each window after that as many
	// as the limit allows.
	windows := time.Duration((over - 1) / limit.Calls)
	last := l.calls[min((over-1)%limit.Calls, len(l.calls)-1)]
	return max(wait, last.Add(limit.Per*(windows+1)).Sub(now))
}

// wait waits until that many calls may be made.
func (op *operation) wait(ctx context.Context, calls int) error {
	for {
		wait := op.limiter.reserve(op.Rate, op.now(), calls)
		if wait <= 0 {
			return ctx.Err()
		}
		if op.limiter.firstReport(op.now().Add(wait)) {
			op.emit(Event{Type: EventPause, Wait: wait})
		}
		if err := op.sleep(ctx, wait); err != nil {
			return err
		}
	}
}
