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

// Values of Key.Fingerprint that are not fingerprints.
const (
	keyUnknown = "unknown" // the Worker has a secret without a known fingerprint
	KeyMissing = "missing" // there is no key, neither given nor deployed
)

// Fingerprint returns 8 hex digits that identify a provider's key without revealing it: 32 bits of an HMAC-SHA256 with
// the key as its key. Secrets cannot be read back from Cloudflare, so the Worker carries the fingerprint in a
// plain_text binding. Without it the key could not be compared and would have to be uploaded with every deploy.
// Everybody who can read the Worker's settings sees the fingerprint. That is acceptable:
//   - 32 bits of a random 128-bit key leave about 2^96 candidates, so the key cannot be searched for and a guess cannot be
//     confirmed. A key that is easy to guess can be ruled out, but hardly confirmed.
//   - The account and the Worker's name are part of the message, so the same key in two places has two fingerprints.
func Fingerprint(account, name, provider string, key Secret) string {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	fmt.Fprintf(mac, "cfproxy/%s/%s/%s", account, name, provider)
	return hex.EncodeToString(mac.Sum(nil))[:8]
}

// Key is the API key of one provider in an upload.
type Key struct {
	Provider    string // id of the provider
	Fingerprint string // as returned by Fingerprint, or KeyMissing
	Value       Secret // the key, if it is uploaded with the script
	Inherited   bool   // the deployed version has the key and the upload keeps it
}

// FormatKeys returns the keys' fingerprints, sorted by provider: "anthropic:missing openai:1f2e3d4c".
func FormatKeys(keys []Key) string {
	var parts []string
	for _, key := range keys {
		parts = append(parts, key.Provider+":"+key.Fingerprint)
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// KeysFromBindings returns the same text for a deployed Worker, from the value of its KEYS binding and the names of its
// secrets. A fingerprint without a secret is dropped. A secret without a fingerprint is listed as "unknown", under the
// provider id as it is spelled in the binding's name.
func KeysFromBindings(fingerprints string, secrets []string) string {
	known := ParseKeys(fingerprints)
	var keys []Key
	for _, name := range secrets {
		id, isKey := strings.CutPrefix(name, worker.BindingKey)
		if !isKey {
			continue
		}
		key := Key{Provider: id, Fingerprint: keyUnknown}
		for provider, fingerprint := range known {
			if worker.KeyBinding(provider) == name {
				key = Key{Provider: provider, Fingerprint: fingerprint}
			}
		}
		keys = append(keys, key)
	}
	return FormatKeys(keys)
}

// ParseKeys parses the result of FormatKeys. It returns the fingerprints by provider id.
func ParseKeys(text string) map[string]string {
	keys := map[string]string{}
	for part := range strings.FieldsSeq(text) {
		provider, fingerprint, _ := strings.Cut(part, ":")
		keys[provider] = fingerprint
	}
	return keys
}
