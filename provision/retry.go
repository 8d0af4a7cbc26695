package provision

import (
	"context"
	"errors"
	"time"

	"github.com/cfproxy/cfproxy/provision/errcode"
)

// Bounds of patience for one call. Nothing is waited for once retryBudget is spent, so a call ends after that, one more wait
// and one more attempt at the latest. Waits that the API asks for are counted by the longest of them, which is bounded too.
const (
	maxAttempts = 6
	firstWait   = 500 * time.Millisecond
	longestWait = 8 * time.Second
	retryBudget = 45 * time.Second
)

// retry repeats a call that is safe to repeat while it fails for the moment, waiting twice as long each time, or as
// long as the API asks. calls is how many requests it makes.
func retry[T any](ctx context.Context, s *session, call string, calls int, do func(context.Context) (T, error)) (T, error) {
	var spent time.Duration // at calls that hang and in waits, but for those that the API asked for
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

// callOnce makes one call when it may go out.
func callOnce[T any](ctx context.Context, s *session, calls int, do func(context.Context) (T, error)) (T, error) {
	if err := s.wait(ctx, calls); err != nil {
		var none T
		return none, err
	}
	return withTimeout(ctx, s, do)
}

// withTimeout makes one call, in bounded time.
func withTimeout[T any](ctx context.Context, s *session, do func(context.Context) (T, error)) (T, error) {
	call, cancel := context.WithTimeout(ctx, s.callTimeout())
	defer cancel()
	return do(call)
}

// detached gives a write its own time, so that it is finished even if the context ends meanwhile: whether a call that was
// cut took effect is the one thing that nobody could say afterwards.
func (s *session) detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), s.callTimeout())
}

// waitBefore says how long to wait before the next attempt, whether the API asked for it, and whether there should be one. What
// the API asks of one call it asks of all.
func (s *session) waitBefore(err error, attempt int) (wait time.Duration, asked, again bool) {
	failure := (*errcode.Error)(nil)
	if !errors.As(err, &failure) || !failure.Temporary || attempt >= maxAttempts {
		return 0, false, false
	}
	if failure.RetryAfter > 0 {
		if failure.RetryAfter > s.maxRetryAfter() {
			return 0, true, false
		}
		s.limiter.pauseUntil(s.now().Add(failure.RetryAfter))
		return failure.RetryAfter, true, true
	}
	wait = min(firstWait<<(attempt-1), longestWait)
	return wait/2 + time.Duration(float64(wait/2)*s.jitter()), false, true
}

func interrupted(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return &errcode.Error{Code: errcode.Interrupted, Err: err}
	}
	return err
}
