package binding

import "fmt"

// Secret holds a provider's key between the configuration and the upload. The text is in a closure, so that no
// formatter and no encoder can reach it, not even through reflection on an enclosing struct.
type Secret struct{ reveal func() string }

// NewSecret returns a Secret that holds text.
func NewSecret(text string) Secret { return Secret{func() string { return text }} }

// Reveal returns the text, or "" for the zero Secret. Only the upload should need it.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Format implements fmt.Formatter. It prints "(secret)" for every verb.
func (Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, "(secret)") }

// MarshalText implements encoding.TextMarshaler. It returns "(secret)".
func (Secret) MarshalText() ([]byte, error) { return []byte("(secret)"), nil }
