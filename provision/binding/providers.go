package binding

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/cfproxy/cfproxy/worker"
)

// FormatProviders returns ids and origins of providers in their order: "openai=https://api.openai.com".
func FormatProviders(providers []worker.Provider) string {
	var parts []string
	for _, p := range providers {
		parts = append(parts, fmt.Sprintf("%s=%s", p.ID, p.Origin))
	}
	return strings.Join(parts, " ")
}

// ProvidersFromBinding returns the same text for a deployed Worker, from the value of its PROVIDERS binding, or "" if
// the value is not a list of providers.
func ProvidersFromBinding(value []byte) string {
	var providers []worker.Provider
	if json.Unmarshal(value, &providers) != nil {
		return ""
	}
	return FormatProviders(providers)
}

// ParseProviders parses the result of FormatProviders. The returned providers have no more than ID and Origin.
func ParseProviders(text string) []worker.Provider {
	var providers []worker.Provider
	for pair := range strings.FieldsSeq(text) {
		id, origin, _ := strings.Cut(pair, "=")
		providers = append(providers, worker.Provider{ID: id, Origin: origin})
	}
	return providers
}
