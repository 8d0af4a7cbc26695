package provision

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/worker"
)

// Secret is a provider's key on its way from the owner to the upload. It is held by a function, so that nothing that prints
// or encodes values, however deep it looks, finds the text.
type Secret struct{ reveal func() string }

// NewSecret holds a text.
func NewSecret(text string) Secret { return Secret{func() string { return text }} }

// Reveal gives the text, for the upload alone.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Format prints the same for every secret and every verb.
func (Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, "(secret)") }

// MarshalText does the same for JSON.
func (Secret) MarshalText() ([]byte, error) { return []byte("(secret)"), nil }

// What stands in the place of a fingerprint.
const (
	keyUnknown = "unknown" // the account holds a secret of which we know no more
	keyMissing = "missing" // nobody has one
)

// fingerprint tells one key of a provider from another without telling the key: 32 bits of an HMAC under it. A plain_text
// binding of the Worker carries it, since nothing else of a secret can be read back, and what cannot be compared would have to
// be uploaded at every deploy. Whoever may read the Worker's settings sees it, so:
//   - 32 bits leave some 2^96 candidates of a random key of 128 bits, so that the key cannot be searched for, nor a guess
//     proved right. A key that somebody made up could be excluded by it, hardly ever confirmed.
//   - Account and Worker go in, so that the same key in two places does not look the same.
func fingerprint(account, name, provider string, key Secret) string {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	fmt.Fprintf(mac, "cfproxy/%s/%s/%s", account, name, provider)
	return hex.EncodeToString(mac.Sum(nil))[:8]
}

// Key is where the key of one provider comes from: given now, or inherited from what stands. Mark is its fingerprint, or
// what stands in the place of one.
type Key struct {
	Provider  string
	Mark      string
	Given     Secret
	Inherited bool
}

// keysOf works out, provider by provider, whose key goes up. A key that is not given stays as it is in the account, but only
// for the origin that it was given for: what one firm is trusted with must never reach another.
func keysOf(r Relay) []Key {
	c := r.Config
	if !c.Settings.Managed {
		return nil
	}
	held, served := map[string]string{}, parseProviders(r.Script.Attrs[AttrProviders])
	for provider, mark := range parseKeys(r.Script.Attrs[AttrKeys]) {
		held[worker.KeyBinding(provider)] = mark
	}
	var keys []Key
	for _, p := range c.Providers {
		given, isGiven := c.Keys[p.ID]
		mark, stands := held[worker.KeyBinding(p.ID)]
		stands = stands && slices.ContainsFunc(served, func(was worker.Provider) bool { return was.ID == p.ID && was.Origin == p.Origin })
		switch {
		case isGiven:
			keys = append(keys, Key{Provider: p.ID, Given: given, Mark: fingerprint(r.Account, r.Worker, p.ID, given)})
		case stands:
			keys = append(keys, Key{Provider: p.ID, Inherited: true, Mark: mark})
		default:
			keys = append(keys, Key{Provider: p.ID, Mark: keyMissing})
		}
	}
	return keys
}

// MissingKeys names the providers of managed relays for which neither the Config nor the account has a key, each once.
func MissingKeys(o Observed) []string {
	var missing []string
	for _, relay := range o.Relays {
		for _, key := range keysOf(relay) {
			if key.Mark == keyMissing {
				missing = append(missing, key.Provider)
			}
		}
	}
	return unique(missing)
}

// keysText is how keys are compared and shown: "anthropic:missing openai:1f2e3d4c".
func keysText(keys []Key) string {
	var parts []string
	for _, key := range keys {
		parts = append(parts, key.Provider+":"+key.Mark)
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// KeysText gives the same text for a Worker as it is read back, from the value of its KEYS binding and the names of its
// secrets. A fingerprint without its secret does not count; a secret without a fingerprint is named as its binding is.
func KeysText(fingerprints string, secrets []string) string {
	known := parseKeys(fingerprints)
	var keys []Key
	for _, name := range secrets {
		id, isKey := strings.CutPrefix(name, worker.BindingKey)
		if !isKey {
			continue
		}
		key := Key{Provider: id, Mark: keyUnknown}
		for provider, mark := range known {
			if worker.KeyBinding(provider) == name {
				key = Key{Provider: provider, Mark: mark}
			}
		}
		keys = append(keys, key)
	}
	return keysText(keys)
}

func parseKeys(text string) map[string]string {
	keys := map[string]string{}
	for part := range strings.FieldsSeq(text) {
		provider, mark, _ := strings.Cut(part, ":")
		keys[provider] = mark
	}
	return keys
}
