package provision

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Engine observes and changes an account through its Provider. The zero value of every other field is ready for use.
type Engine struct {
	Provider Provider
	// Observer is told of every event; nil for none.
	Observer func(Event)
	// Sleep waits, or gives the context's error if it ends first; nil for real time.
	Sleep func(ctx context.Context, d time.Duration) error
	// Jitter gives a number in [0, 1) by which waits are spread; nil for random.
	Jitter func() float64
	// CallTimeout bounds one call; zero for 15 seconds.
	CallTimeout time.Duration

	mu sync.Mutex
}

// parallel is how many calls go out together. Cloudflare allows a token 1,200 calls in five minutes.
const parallel = 8

func (e *Engine) tell(event Event) {
	if e.Observer == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.Observer(event)
}

func (e *Engine) sleep(ctx context.Context, d time.Duration) error {
	if e.Sleep != nil {
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

// inEach reads from every zone at once, a bounded number of them together, and joins what comes back in their order.
func inEach[T any](ctx context.Context, zones []Zone, read func(context.Context, Zone) ([]T, error)) ([]T, error) {
	found := make([][]T, len(zones))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, zone := range zones {
		group.Go(func() (err error) {
			found[i], err = read(ctx, zone)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var all []T
	for _, some := range found {
		all = append(all, some...)
	}
	return all, nil
}
