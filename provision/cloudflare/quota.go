package cloudflare

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/option"
)

// quotaMiddleware reports the rate limit in the headers of each response to observe, which may be nil.
func quotaMiddleware(observe func(remaining int, reset time.Duration)) option.Middleware {
	return func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		res, err := next(r)
		if err == nil && observe != nil {
			if remaining, reset, ok := parseQuota(res.Header.Get("Ratelimit")); ok {
				observe(remaining, reset)
			}
		}
		return res, err
	}
}

// parseQuota parses a header such as `"default";r=50;t=30`: 50 calls remain, and the limit is reset in 30 seconds. It
// reports false for any other form.
// https://developers.cloudflare.com/fundamentals/api/reference/limits/
func parseQuota(header string) (remaining int, reset time.Duration, ok bool) {
	values := map[string]int{}
	for part := range strings.SplitSeq(header, ";") {
		name, text, _ := strings.Cut(strings.TrimSpace(part), "=")
		if n, err := strconv.Atoi(text); err == nil && n >= 0 {
			values[name] = n
		}
	}
	remaining, hasRemaining := values["r"]
	seconds, hasReset := values["t"]
	return remaining, time.Duration(seconds) * time.Second, hasRemaining && hasReset
}
