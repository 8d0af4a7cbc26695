package provision

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Engine reads and changes accounts through its API. The zero value of every other field is ready for use. An Engine
// may be used by several goroutines, which then share its rate limit.
type Engine struct {
	API API
	// Sleep waits for d, or returns the error of ctx if that ends first. nil: real time.
	Sleep func(ctx context.Context, d time.Duration) error
	// Now is the clock. nil: the real one, plus what Sleep was asked to wait if it is not nil.
	Now func() time.Time
	// Jitter returns a number in [0, 1) that spreads waits. nil: a random one.
	Jitter func() float64
	// CallTimeout limits one call. Zero: 15 seconds.
	CallTimeout time.Duration
	// Rate is the rate limit that calls stay below. The zero value is no limit.
	Rate Rate
	// MaxRetryAfter is the longest wait that the API may ask for; a call that would have to wait longer fails. Zero:
	// one minute.
	MaxRetryAfter time.Duration

	limiter limiter
	slept   atomic.Int64 // nanoseconds, if Sleep is not nil
}

// operation is one call of an exported method of Engine, with the function that its caller passed for events.
type operation struct {
	*Engine
	onEvent func(Event) // nil for none
	emitMu  sync.Mutex  // one event at a time
}

func (e *Engine) begin(onEvent func(Event)) *operation {
	return &operation{Engine: e, onEvent: onEvent}
}

func (op *operation) emit(event Event) {
	if op.onEvent == nil {
		return
	}
	op.emitMu.Lock()
	defer op.emitMu.Unlock()
	op.onEvent(event)
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
