package provision

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Engine observes and changes accounts through its Provider. The zero value of every other field is ready for use.
type Engine struct {
	API API
	// Sleep waits, or gives the context's error if it ends first; nil for real time.
	Sleep func(ctx context.Context, d time.Duration) error
	// Now is the clock; nil for the real one, to which a Sleep that does not really sleep adds what was slept.
	Now func() time.Time
	// Jitter gives a number in [0, 1) by which waits are spread; nil for random.
	Jitter func() float64
	// CallTimeout bounds one call; zero for 15 seconds.
	CallTimeout time.Duration
	// Rate is how many calls the API takes; the engine keeps below it by itself. The zero value is no limit.
	Rate Rate
	// MaxRetryAfter is the longest Retry-After that is obeyed; zero for a minute.
	MaxRetryAfter time.Duration

	limiter limiter
	slept   atomic.Int64 // nanoseconds, where Sleep is somebody else's
}

// parallel is how many calls go out together. Cloudflare allows an address 200 calls a second, which 16 calls of 100 ms
// each stay below. https://developers.cloudflare.com/fundamentals/api/reference/limits/
const parallel = 16

// session is one call of an exported method of Engine, with the observer that its caller passed.
type session struct {
	*Engine
	observer func(Event) // nil for none
	emitMu   sync.Mutex  // one event at a time
}

func (e *Engine) session(observer func(Event)) *session {
	return &session{Engine: e, observer: observer}
}

func (s *session) emit(event Event) {
	if s.observer == nil {
		return
	}
	s.emitMu.Lock()
	defer s.emitMu.Unlock()
	s.observer(event)
}

func (e *Engine) sleep(ctx context.Context, d time.Duration) error {
	if e.Sleep != nil {
		e.slept.Add(int64(d))
		return e.Sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (e *Engine) now() time.Time {
	if e.Now != nil {
		return e.Now()
	}
	return time.Now().Add(time.Duration(e.slept.Load()))
}

func (e *Engine) jitter() float64 {
	if e.Jitter != nil {
		return e.Jitter()
	}
	return rand.Float64()
}

func (e *Engine) callTimeout() time.Duration {
	if e.CallTimeout > 0 {
		return e.CallTimeout
	}
	return 15 * time.Second
}

func (e *Engine) maxRetryAfter() time.Duration {
	if e.MaxRetryAfter > 0 {
		return e.MaxRetryAfter
	}
	return time.Minute
}
