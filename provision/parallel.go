package provision

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// maxParallel is how many calls are made at a time. Cloudflare allows 200 calls per second and IP address; 16 calls of
// 100 ms each stay below that. https://developers.cloudflare.com/fundamentals/api/reference/limits/
const maxParallel = 16

// parallelMap calls read for every key, at most maxParallel at a time, and returns the results in the order of keys.
// All are read even if some fail, so that the error can name all missing permissions.
func parallelMap[K, V any](ctx context.Context, keys []K, read func(context.Context, K) (V, error)) ([]V, error) {
	values, errs := make([]V, len(keys)), make([]error, len(keys))
	var group errgroup.Group
	group.SetLimit(maxParallel)
	for i, key := range keys {
		group.Go(func() error {
			values[i], errs[i] = read(ctx, key)
			return errs[i]
		})
	}
	if group.Wait() != nil {
		return nil, firstError(errs)
	}
	return values, nil
}

// runAll runs all functions in parallel and returns the first error in their order, whichever came first in time.
func runAll(functions ...func() error) error {
	errs := make([]error, len(functions))
	var group errgroup.Group
	for i, f := range functions {
		group.Go(func() error { errs[i] = f(); return nil })
	}
	_ = group.Wait()
	return firstError(errs)
}

// firstError returns the first error that is not nil, or one with all missing permissions if there are several.
func firstError(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 0 {
		return nil
	}
	var missing []string
	for _, err := range errs {
		if e := (*errcode.Error)(nil); errors.As(err, &e) && e.Code == errcode.PermissionMissing {
			missing = append(missing, strings.Split(e.Details["permission"], ",")...)
		}
	}
	if missing = plan.Unique(missing); len(missing) < 2 {
		return errs[0]
	}
	return errcode.New(errcode.PermissionMissing, "permission", strings.Join(missing, ","))
}
