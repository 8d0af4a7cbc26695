package binding

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/cfproxy/cfproxy/worker"
)

// FormatProviders is how providers are compared and shown: "openai=https://api.openai.com".
func FormatProviders(providers []worker.Provider) string {
	var parts []string
	for _, p := range providers {
		parts = append(parts, fmt.Sprintf("%s=%s", p.ID, p.Origin))
	}
	return strings.Join(parts, " ")
}

// ProvidersFromBinding gives the same text for the value of a PROVIDERS binding as it is read back, or "" for anything else.
func ProvidersFromBinding(binding []byte) string {
	var providers []worker.Provider
	if json.Unmarshal(binding, &providers) != nil {
		return ""
	}
	return FormatProviders(providers)
}

// ParseProviders reads providersText back.
func ParseProviders(text string) []worker.Provider {
	var providers []worker.Provider
	for pair := range strings.FieldsSeq(text) {
		id, origin, _ := strings.Cut(pair, "=")
		providers = append(providers, worker.Provider{ID: id, Origin: origin})
	}
	return providers
}
