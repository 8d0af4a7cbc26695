package provision

import (
	"context"
	"errors"
	"time"

	"github.com/cfproxy/cfproxy/provision/errcode"
)

// Limits of retrying one call. After retryBudget no attempt follows, so a call takes at most that long plus one wait
// and one attempt. Waits that the API asks for do not count; Engine.MaxRetryAfter limits each of them.
const (
	maxAttempts = 6
	firstWait   = 500 * time.Millisecond
	maxWait     = 8 * time.Second
	retryBudget = 45 * time.Second
)

// retry repeats a call while it fails with a temporary error. The wait doubles each time, or is what the API asks for.
// calls is how many requests the call makes.
func retry[T any](ctx context.Context, s *operation, call string, calls int, do func(context.Context) (T, error)) (T, error) {
	var spent time.Duration // in calls and in waits, except those that the API asked for
	for attempt := 1; ; attempt++ {
		var none T
		if err := s.wait(ctx, calls); err != nil {
			return none, interrupted(ctx, err)
		}
		start := s.now()
		result, err := withTimeout(ctx, s, do)
		if err == nil || ctx.Err() != nil {
			return result, interrupted(ctx, err)
		}
		spent += s.now().Sub(start)
		wait, asked, again := s.waitBefore(err, attempt)
		if !again || spent > retryBudget {
			return result, err
		}
		s.emit(Event{Type: EventWait, Call: call, Code: errcode.Of(err), Attempt: attempt, Wait: wait})
		if err := s.sleep(ctx, wait); err != nil {
			return result, interrupted(ctx, err)
		}
		if !asked {
			spent += wait
		}
	}
}

// callOnce makes one call, without retries.
func callOnce[T any](ctx context.Context, s *operation, calls int, do func(context.Context) (T, error)) (T, error) {
	if err := s.wait(ctx, calls); err != nil {
		var none T
		return none, err
	}
	return withTimeout(ctx, s, do)
}

// withTimeout calls do with a context that ends after the timeout of a call.
func withTimeout[T any](ctx context.Context, s *operation, do func(context.Context) (T, error)) (T, error) {
	call, cancel := context.WithTimeout(ctx, s.callTimeout())
	defer cancel()
	return do(call)
}

// detached returns a context for a write that outlives the cancellation of ctx, so that the write can finish: nobody
// could know whether a write that was cut off took effect.
func (op *operation) detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), op.callTimeout())
}

// waitBefore returns how long to wait before the next attempt, whether the API asked for that, and whether there is
// one. A wait that the API asks for delays all calls.
func (op *operation) waitBefore(err error, attempt int) (wait time.Duration, asked, again bool) {
	failure := (*errcode.Error)(nil)
	if !errors.As(err, &failure) || !failure.Temporary || attempt >= maxAttempts {
		return 0, false, false
	}
	if failure.RetryAfter > 0 {
		if failure.RetryAfter > op.maxRetryAfter() {
			return 0, true, false
		}
		op.limiter.pauseUntil(op.now().Add(failure.RetryAfter))
		return failure.RetryAfter, true, true
	}
	wait = min(firstWait<<(attempt-1), maxWait)
	return wait/2 + time.Duration(float64(wait/2)*op.jitter()), false, true
}

// interrupted returns err with errcode.Interrupted if ctx has ended.
func interrupted(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return &errcode.Error{Code: errcode.Interrupted, Err: err}
	}
	return err
}
