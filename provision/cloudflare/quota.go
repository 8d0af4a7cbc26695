package cloudflare

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/option"
)

// counting passes on what an answer says of the limit of calls.
func counting(tell func(left int, reset time.Duration)) option.Middleware {
	return func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		res, err := next(r)
		if err == nil && tell != nil {
			if left, reset, said := quota(res.Header.Get("Ratelimit")); said {
				tell(left, reset)
			}
		}
		return res, err
	}
}

// quota reads a header such as `"default";r=50;t=30`: 50 calls more, and 30 seconds until all of them are free again. What is
// written otherwise says nothing.
// https://developers.cloudflare.com/fundamentals/api/reference/limits/
func quota(header string) (left int, reset time.Duration, said bool) {
	values := map[string]int{}
	for part := range strings.SplitSeq(header, ";") {
		name, text, _ := strings.Cut(strings.TrimSpace(part), "=")
		if n, err := strconv.Atoi(text); err == nil && n >= 0 {
			values[name] = n
		}
	}
	left, hasLeft := values["r"]
	seconds, hasReset := values["t"]
	return left, time.Duration(seconds) * time.Second, hasLeft && hasReset
}
