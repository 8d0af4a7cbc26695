package binding

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/cfproxy/cfproxy/worker"
)

// CodeDigest returns a digest of the modules that does not depend on their order: 16 lower-case hex digits. It detects
// code that was edited in the dashboard, which leaves the build binding unchanged. The tokens module is left out,
// because tokens are compared separately.
func CodeDigest(modules []worker.Module) string {
	sorted := slices.SortedFunc(slices.Values(modules), func(a, b worker.Module) int { return cmp.Compare(a.Name, b.Name) })
	sorted = slices.DeleteFunc(sorted, func(m worker.Module) bool { return m.Name == worker.TokensModule })
	text, _ := json.Marshal(sorted) // plain strings and bytes: cannot fail
	return Digest(text)[:16]
}

// Digest returns the SHA-256 digest of text in lower-case hex.
func Digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
