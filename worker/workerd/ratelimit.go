package workerd

import (
	_ "embed"
	"fmt"
)

// RateLimit is what a binding of type ratelimit allows: Limit calls in Period
// seconds for each key. Bindings of one Namespace count together. The counters
// live in the process and are lost with it.
// https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
type RateLimit struct {
	Namespace string
	Limit     int
	Period    int
}

// workerd has no such binding of its own. An internal module, which no Worker can
// import, takes its place: a binding that wraps nothing but its settings.
// https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp (WrappedBinding)
const rateLimitModule = "cfproxy-internal:ratelimit"

//go:embed ratelimit.js
var rateLimitSource string

func (r RateLimit) text(name string) (string, error) {
	if r.Namespace == "" || r.Limit < 1 || r.Period < 1 {
		return "", fmt.Errorf("binding %q: a rate limit needs a namespace, a limit and a period", name)
	}
	settings := fmt.Sprintf(`{"namespace":%q,"limit":%d,"period":%d}`, r.Namespace, r.Limit, r.Period)
	return fmt.Sprintf("(name = %s, wrapped = (moduleName = %s, innerBindings = [(name = \"settings\", json = %s)]))",
		quote(name), quote(rateLimitModule), quote(settings)), nil
}

// extensionsText adds the module to a config that needs it, and nothing to others.
func (c Config) extensionsText() string {
	for _, w := range c.Workers {
		for _, b := range w.Bindings {
			if b.Type == BindingRateLimit {
				return fmt.Sprintf("  extensions = [(modules = [(name = %s, internal = true, esModule = %s)])],\n",
					quote(rateLimitModule), quote(rateLimitSource))
			}
		}
	}
	return ""
}
