package provision

import (
	"context"
	"sync"
	"time"
)

// Rate is so many calls in any stretch of time of that length.
type Rate struct {
	Calls int
	Per   time.Duration
}

// APIRate is Cloudflare's for one token, less what keeps us clear of it: a list of zones may have more than one page, and the
// owner may have the dashboard open. https://developers.cloudflare.com/fundamentals/api/reference/limits/
var APIRate = Rate{Calls: 1100, Per: 5 * time.Minute}

// limiter keeps calls below a limit: the call after the last one that fits waits until the first one is long enough ago. Who
// breaks the limit is shut out for the whole stretch, so it is cheaper to wait than to try.
type limiter struct {
	mu            sync.Mutex
	calls         []time.Time // when calls were let go, the oldest first; of those of the last stretch alone
	pausedUntil   time.Time   // until when the API has told us to be quiet
	reportedUntil time.Time   // the end of the last pause that was told of
}

// reserve asks for so many calls at once, and gives how long to wait before asking again; zero if they may go now.
func (p *limiter) reserve(limit Rate, now time.Time, calls int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if wait := p.pausedUntil.Sub(now); wait > 0 {
		return wait
	}
	if limit.Calls <= 0 {
		return 0
	}
	p.forget(limit, now)
	if over := len(p.calls) + calls - limit.Calls; over > 0 && len(p.calls) > 0 {
		return p.calls[min(over, len(p.calls))-1].Add(limit.Per).Sub(now)
	}
	for range calls {
		p.calls = append(p.calls, now)
	}
	return 0
}

func (p *limiter) forget(limit Rate, now time.Time) {
	old := 0
	for old < len(p.calls) && now.Sub(p.calls[old]) >= limit.Per {
		old++
	}
	p.calls = p.calls[old:]
}

// pauseUntil keeps everybody quiet until then.
func (p *limiter) pauseUntil(until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until.After(p.pausedUntil) {
		p.pausedUntil = until
	}
}

// ObserveQuota takes what the API says of its limit with every answer: how many calls it will still take, and how long until it counts
// anew. Other runs with the same token may have used it up, so it is believed where it asks for no more than we have patience for.
// https://developers.cloudflare.com/fundamentals/api/reference/limits/
func (e *Engine) ObserveQuota(left int, reset time.Duration) {
	if left < parallel && reset <= e.maxRetryAfter() {
		e.limiter.pauseUntil(e.now().Add(reset))
	}
}

// firstReport tells whether a pause until then was not told of yet: many calls stand still together.
func (p *limiter) firstReport(until time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	isNews := until.Sub(p.reportedUntil) > time.Second
	if isNews {
		p.reportedUntil = until
	}
	return isNews
}

// delay gives how long so many calls more will have to stand still, at the least.
func (p *limiter) delay(limit Rate, now time.Time, calls int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	wait := max(0, p.pausedUntil.Sub(now))
	if limit.Calls <= 0 {
		return wait
	}
	p.forget(limit, now)
	over := len(p.calls) + calls - limit.Calls
	if over <= 0 || len(p.calls) == 0 {
		return wait
	}
	// The calls that do not fit now go in stretches: the first when the oldest calls are forgotten, each next one a stretch later.
	stretches := time.Duration((over - 1) / limit.Calls)
	last := p.calls[min((over-1)%limit.Calls, len(p.calls)-1)]
	return max(wait, last.Add(limit.Per*(stretches+1)).Sub(now))
}

// wait waits until so many calls may go out.
func (s *session) wait(ctx context.Context, calls int) error {
	for {
		wait := s.limiter.reserve(s.Rate, s.now(), calls)
		if wait <= 0 {
			return ctx.Err()
		}
		if s.limiter.firstReport(s.now().Add(wait)) {
			s.emit(Event{Type: EventPause, Wait: wait})
		}
		if err := s.sleep(ctx, wait); err != nil {
			return err
		}
	}
}
