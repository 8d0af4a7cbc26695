package cloudflare

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/option"
)

// rateLimitMiddleware reports the rate limit in the header of each response to report, which may be nil.
func rateLimitMiddleware(report func(remaining int, reset time.Duration)) option.Middleware {
	return func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		res, err := next(r)
		if err == nil && report != nil {
			if remaining, reset, ok := parseRateLimit(res.Header.Get("Ratelimit")); ok {
				report(remaining, reset)
			}
		}
		return res, err
	}
}

// parseRateLimit parses a header such as `"default";r=50;t=30`: 50 calls remain, and the limit is reset in 30 seconds. It
// reports false for any other form.
// https://developers.cloudflare.com/fundamentals/api/reference/limits/
func parseRateLimit(header string) (remaining int, reset time.Duration, ok bool) {
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
