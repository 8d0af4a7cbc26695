package workerd

import (
	"os"
	"slices"
	"strings"
)

// environWithoutKeys returns the environment without API tokens and provider keys, which neither npm nor workerd needs.
func environWithoutKeys() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return strings.HasPrefix(name, "CFPROXY_KEY_") || strings.HasPrefix(name, "CLOUDFLARE_API_")
	})
}
