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

// pace keeps calls below a limit: the call after the last one that fits waits until the first one is long enough ago. Who
// breaks the limit is shut out for the whole stretch, so it is cheaper to wait than to try.
type pace struct {
	mu   sync.Mutex
	made []time.Time // when calls were let go, the oldest first; of those of the last stretch alone
	held time.Time   // until when the API has told us to be quiet
	told time.Time   // the end of the last pause that was told of
}

// take asks for so many calls at once, and gives how long to wait before asking again; zero if they may go now.
func (p *pace) take(limit Rate, now time.Time, calls int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if wait := p.held.Sub(now); wait > 0 {
		return wait
	}
	if limit.Calls <= 0 {
		return 0
	}
	p.forget(limit, now)
	if over := len(p.made) + calls - limit.Calls; over > 0 && len(p.made) > 0 {
		return p.made[min(over, len(p.made))-1].Add(limit.Per).Sub(now)
	}
	for range calls {
		p.made = append(p.made, now)
	}
	return 0
}

func (p *pace) forget(limit Rate, now time.Time) {
	old := 0
	for old < len(p.made) && now.Sub(p.made[old]) >= limit.Per {
		old++
	}
	p.made = p.made[old:]
}

// hold keeps everybody quiet until then.
func (p *pace) hold(until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until.After(p.held) {
		p.held = until
	}
}

// Heed takes what the API says of its limit with every answer: how many calls it will still take, and how long until it counts
// anew. Other runs with the same token may have used it up, so it is believed where it asks for no more than we have patience for.
// https://developers.cloudflare.com/fundamentals/api/reference/limits/
func (e *Engine) Heed(left int, reset time.Duration) {
	if left < parallel && reset <= e.patience() {
		e.pace.hold(e.now().Add(reset))
	}
}

// isNews tells whether a pause until then was not told of yet: many calls stand still together.
func (p *pace) isNews(until time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	isNews := until.Sub(p.told) > time.Second
	if isNews {
		p.told = until
	}
	return isNews
}

// waits gives how long so many calls more will have to stand still, at the least.
func (p *pace) waits(limit Rate, now time.Time, calls int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	wait := max(0, p.held.Sub(now))
	if limit.Calls <= 0 {
		return wait
	}
	p.forget(limit, now)
	over := len(p.made) + calls - limit.Calls
	if over <= 0 || len(p.made) == 0 {
		return wait
	}
	// The calls that do not fit now go in stretches: the first when the oldest calls are forgotten, each next one a stretch later.
	stretches := time.Duration((over - 1) / limit.Calls)
	last := p.made[min((over-1)%limit.Calls, len(p.made)-1)]
	return max(wait, last.Add(limit.Per*(stretches+1)).Sub(now))
}

// turn waits until so many calls may go out.
func (e *Engine) turn(ctx context.Context, calls int) error {
	for {
		wait := e.pace.take(e.Rate, e.now(), calls)
		if wait <= 0 {
			return ctx.Err()
		}
		if e.pace.isNews(e.now().Add(wait)) {
			e.tell(Event{Type: EventPause, Wait: wait})
		}
		if err := e.sleep(ctx, wait); err != nil {
			return err
		}
	}
}
