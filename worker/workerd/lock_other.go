//go:build !unix

package workerd

import "context"

// lock does nothing: two installs at once are safe without it, if wasteful.
func lock(context.Context, string) (unlock func(), err error) { return func() {}, nil }
