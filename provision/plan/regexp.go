package plan

import (
	"regexp"
	"sync"
)

// lazyRegexp returns a function that compiles a regular expression at its first call. Most commands need none of them.
func lazyRegexp(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
