package sandbox

import (
	"encoding/json"

	"github.com/cfproxy/cfproxy/worker/workerd"
)

// simpleLimit is the only kind of rate limit in the API,
// https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/.
type simpleLimit struct {
	Limit      int  `json:"limit"`
	Period     int  `json:"period"`
	Mitigation *int `json:"mitigation_timeout"`
}

var namespacePattern = lazyRegexp(`^[1-9][0-9]*$`)

// rateLimit returns the settings of a binding of type ratelimit, or an error if they are invalid.
func (b binding) rateLimit() (workerd.RateLimit, *apiError) {
	wrong := func(what string) (workerd.RateLimit, *apiError) {
		return workerd.RateLimit{}, validationError("binding %s of type ratelimit must have a valid `%s` specified", b.name(), what)
	}
	var simple simpleLimit
	namespace, _ := b.string("namespace_id")
	switch {
	case !namespacePattern().MatchString(namespace):
		return wrong("namespace_id")
	case b["simple"] == nil || json.Unmarshal(b["simple"], &simple) != nil || simple.Limit < 1:
		return wrong("simple.limit")
	case simple.Period != 10 && simple.Period != 60:
		return wrong("simple.period")
	case simple.Mitigation != nil && !simple.validMitigation():
		return wrong("simple.mitigation_timeout")
	}
	return workerd.RateLimit{Namespace: namespace, Limit: simple.Limit, Period: simple.Period}, nil
}

// validMitigation reports whether the schema allows the timeout: 0, 10 seconds, or whole minutes up to a day, and not
// less than the period.
func (s simpleLimit) validMitigation() bool {
	t := *s.Mitigation
	return t == 0 || t >= s.Period && t <= 86400 && (t == 10 || t%60 == 0)
}
