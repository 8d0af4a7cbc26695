package workerd

import (
	_ "embed"
	"fmt"
)

// RateLimit is a binding of type ratelimit: Limit calls in Period seconds for each key. Bindings with the same Namespace share
// their counters, which are in the memory of the process.
// https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
type RateLimit struct {
	Namespace string
	Limit     int
	Period    int
}

// rateLimitModule implements the binding, which workerd does not have. It is an internal module, which Workers cannot import,
// and gets the settings as the only inner binding.
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

// extensionsText returns the extension with the rate limit module, or "" if no binding of c needs it.
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
