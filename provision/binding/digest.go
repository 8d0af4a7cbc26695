package binding

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/cfproxy/cfproxy/worker"
)

// CodeDigest is the digest of modules, whatever their order: 16 lower-case hex digits. It tells code that somebody edited
// in the dashboard, which leaves the build's name as it was. Tokens are compared by themselves.
func CodeDigest(modules []worker.Module) string {
	sorted := slices.SortedFunc(slices.Values(modules), func(a, b worker.Module) int { return cmp.Compare(a.Name, b.Name) })
	sorted = slices.DeleteFunc(sorted, func(m worker.Module) bool { return m.Name == worker.TokensModule })
	text, _ := json.Marshal(sorted)
	return Digest(text)[:16]
}

func Digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
