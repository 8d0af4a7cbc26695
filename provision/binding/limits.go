package binding

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/worker"
)

// RateLimit is one ratelimit binding of a Worker. Tokens with the same limit share a binding; requests are counted per
// token.
// https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
type RateLimit struct {
	Requests  int    // requests per minute and token
	Namespace string // positive integer, unique for this Worker and limit within the account
}

// LimitsFor returns one limit for each distinct rate of the tokens, for the Worker with the given name.
func LimitsFor(name string, tokens []worker.Token) []RateLimit {
	var limits []RateLimit
	for _, rate := range Rates(tokens) {
		limits = append(limits, RateLimit{Requests: rate, Namespace: limitNamespace(name, rate)})
	}
	return limits
}

// Rates returns the distinct rates of the tokens in requests per minute, in ascending order. Tokens without a limit are
// skipped.
func Rates(tokens []worker.Token) []int {
	var rates []int
	for _, token := range tokens {
		if token.RPM > 0 {
			rates = append(rates, token.RPM)
		}
	}
	slices.Sort(rates)
	return slices.Compact(rates)
}

// limitNamespace returns the namespace under which Cloudflare counts requests. Namespaces are shared by the whole
// account, so the number is derived from the Worker's name and the limit: a deploy does not reset the counters, and
// other relays and limits get other numbers. A collision would do no harm, because the counted key is the digest of a
// token.
func limitNamespace(name string, requests int) string {
	sum := sha256.Sum256([]byte("cfproxy/" + name + "/" + strconv.Itoa(requests)))
	return strconv.FormatUint(uint64(binary.BigEndian.Uint32(sum[:])>>1|1), 10)
}

// FormatLimits returns the rates as text: "30 60".
func FormatLimits(rates []int) string {
	var texts []string
	for _, rate := range rates {
		texts = append(texts, strconv.Itoa(rate))
	}
	return strings.Join(texts, " ")
}

// LimitsFromBindings returns the same text for a deployed Worker, from the names of its ratelimit bindings. Names that
// are not ours are skipped.
func LimitsFromBindings(names []string) string {
	var rates []int
	for _, name := range names {
		if rate, err := strconv.Atoi(strings.TrimPrefix(name, worker.BindingRate)); err == nil {
			rates = append(rates, rate)
		}
	}
	slices.Sort(rates)
	return FormatLimits(rates)
}
