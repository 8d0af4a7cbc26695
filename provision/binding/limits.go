package binding

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/worker"
)

// Limit is one rate limit of a Worker, so many requests a minute for each token that has it.
type RateLimit struct {
	Requests  int
	Namespace string
}

// LimitsFor gives a limit for each number that any token has.
func LimitsFor(name string, tokens []worker.Token) []RateLimit {
	var limits []RateLimit
	for _, n := range Rates(tokens) {
		limits = append(limits, RateLimit{Requests: n, Namespace: limitNamespace(name, n)})
	}
	return limits
}

// Rates lists the numbers, each once and in their order.
func Rates(tokens []worker.Token) []int {
	var numbers []int
	for _, token := range tokens {
		if token.RPM > 0 {
			numbers = append(numbers, token.RPM)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// limitNamespace makes the positive integer under which Cloudflare counts. It counts across the whole account, so the number comes
// from the Worker's name and the limit: always the same, so that a deploy does not begin the count anew, and different for
// another relay or another limit. What is counted is a token's digest, so that even two equal numbers would disturb nobody.
func limitNamespace(name string, requests int) string {
	sum := sha256.Sum256([]byte("cfproxy/" + name + "/" + strconv.Itoa(requests)))
	return strconv.FormatUint(uint64(binary.BigEndian.Uint32(sum[:])>>1|1), 10)
}

// FormatLimits is how limits are compared: "30 60".
func FormatLimits(numbers []int) string {
	var texts []string
	for _, n := range numbers {
		texts = append(texts, strconv.Itoa(n))
	}
	return strings.Join(texts, " ")
}

// LimitsFromBindings gives the same text for a Worker as it is read back, from the names of its rate limits.
func LimitsFromBindings(bindings []string) string {
	var numbers []int
	for _, name := range bindings {
		if n, err := strconv.Atoi(strings.TrimPrefix(name, worker.BindingRate)); err == nil {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return FormatLimits(numbers)
}
