package provision

import (
	"context"
	"errors"
	"time"
)

// Bounds of patience for one call. Nothing is waited for once retryBudget is spent, so a call ends after that, one more wait
// and one more attempt at the latest.
const (
	maxAttempts  = 6
	firstWait    = 500 * time.Millisecond
	longestWait  = 8 * time.Second
	longestAsked = time.Minute // the longest Retry-After that is obeyed; beyond it we say so and stop
	retryBudget  = 45 * time.Second
)

// retrying repeats a call that is safe to repeat while it fails for the moment, waiting twice as long each time, or as
// long as the API asks.
func retrying[T any](ctx context.Context, e *Engine, call string, do func(context.Context) (T, error)) (T, error) {
	start := time.Now()
	var slept time.Duration
	for attempt := 1; ; attempt++ {
		result, err := once(ctx, e, do)
		if err == nil || ctx.Err() != nil {
			return result, interrupted(ctx, err)
		}
		wait, again := e.patience(err, attempt)
		// Real time counts for calls that hang, slept time for tests that do not really sleep.
		if spent := max(time.Since(start), slept); !again || spent > retryBudget {
			return result, err
		}
		e.tell(Event{Type: EventWait, Call: call, Code: CodeOf(err), Attempt: attempt, Wait: wait})
		if err := e.sleep(ctx, wait); err != nil {
			return result, interrupted(ctx, err)
		}
		slept += wait
	}
}

// once makes one call, in bounded time.
func once[T any](ctx context.Context, e *Engine, do func(context.Context) (T, error)) (T, error) {
	call, cancel := context.WithTimeout(ctx, e.callTimeout())
	defer cancel()
	return do(call)
}

// uncut gives a write its own time, so that it is finished even if the context ends meanwhile: whether a call that was
// cut took effect is the one thing that nobody could say afterwards.
func (e *Engine) uncut(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), e.callTimeout())
}

// patience says how long to wait before the next attempt, and whether there should be one.
func (e *Engine) patience(err error, attempt int) (time.Duration, bool) {
	failure := (*Error)(nil)
	if !errors.As(err, &failure) || !failure.Temporary || attempt >= maxAttempts {
		return 0, false
	}
	if failure.RetryAfter > 0 {
		return failure.RetryAfter, failure.RetryAfter <= longestAsked
	}
	wait := min(firstWait<<(attempt-1), longestWait)
	return wait/2 + time.Duration(float64(wait/2)*e.jitter()), true
}

func interrupted(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return &Error{Code: CodeInterrupted, Err: err}
	}
	return err
}
