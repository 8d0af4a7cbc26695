package workerd

import (
	"os"
	"slices"
	"strings"
)

// environ is our environment without tokens and keys: neither npm nor the runtime has any use for them.
func environ() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return strings.HasPrefix(name, "CFPROXY_KEY_") || strings.HasPrefix(name, "CLOUDFLARE_API_")
	})
}
