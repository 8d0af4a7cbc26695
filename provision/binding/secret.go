package binding

import (
	"fmt"
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
