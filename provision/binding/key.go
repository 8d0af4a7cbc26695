package binding

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/worker"
)

// What stands in the place of a fingerprint.
const (
	keyUnknown = "unknown" // the account holds a secret of which we know no more
	KeyMissing = "missing" // nobody has one
)

// Fingerprint tells one key of a provider from another without telling the key: 32 bits of an HMAC under it. A plain_text
// binding of the Worker carries it, since nothing else of a secret can be read back, and what cannot be compared would have to
// be uploaded at every deploy. Whoever may read the Worker's settings sees it, so:
//   - 32 bits leave some 2^96 candidates of a random key of 128 bits, so that the key cannot be searched for, nor a guess
//     proved right. A key that somebody made up could be excluded by it, hardly ever confirmed.
//   - Account and Worker go in, so that the same key in two places does not look the same.
func Fingerprint(account, name, provider string, key Secret) string {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	fmt.Fprintf(mac, "cfproxy/%s/%s/%s", account, name, provider)
	return hex.EncodeToString(mac.Sum(nil))[:8]
}

// Key is where the key of one provider comes from: given now, or inherited from what stands. Mark is its fingerprint, or
// what stands in the place of one.
type Key struct {
	Provider    string
	Fingerprint string
	Value       Secret
	Inherited   bool
}

// FormatKeys is how keys are compared and shown: "anthropic:missing openai:1f2e3d4c".
func FormatKeys(keys []Key) string {
	var parts []string
	for _, key := range keys {
		parts = append(parts, key.Provider+":"+key.Fingerprint)
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// KeysFromBindings gives the same text for a Worker as it is read back, from the value of its KEYS binding and the names of its
// secrets. A fingerprint without its secret does not count; a secret without a fingerprint is named as its binding is.
func KeysFromBindings(fingerprints string, secrets []string) string {
	known := ParseKeys(fingerprints)
	var keys []Key
	for _, name := range secrets {
		id, isKey := strings.CutPrefix(name, worker.BindingKey)
		if !isKey {
			continue
		}
		key := Key{Provider: id, Fingerprint: keyUnknown}
		for provider, mark := range known {
			if worker.KeyBinding(provider) == name {
				key = Key{Provider: provider, Fingerprint: mark}
			}
		}
		keys = append(keys, key)
	}
	return FormatKeys(keys)
}

func ParseKeys(text string) map[string]string {
	keys := map[string]string{}
	for part := range strings.FieldsSeq(text) {
		provider, mark, _ := strings.Cut(part, ":")
		keys[provider] = mark
	}
	return keys
}
