package binding

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/worker"
)

// SortTokens returns the tokens sorted by name, so that their order in the configuration does not matter. It returns
// nil for nil, which means that no tokens were configured, and an empty slice for an empty one, which means that there
// are to be none.
func SortTokens(tokens []worker.Token) []worker.Token {
	if tokens == nil {
		return nil
	}
	sorted := append([]worker.Token{}, tokens...)
	slices.SortFunc(sorted, func(a, b worker.Token) int { return cmp.Compare(a.Name+" "+a.SHA256, b.Name+" "+b.SHA256) })
	return sorted
}

// RevokedTokens returns the names of the tokens in before whose digest is not in after. Other changes to a token do not
// count.
func RevokedTokens(before, after []worker.Token) []string {
	var names []string
	for _, token := range before {
		if !slices.ContainsFunc(after, func(t worker.Token) bool { return t.SHA256 == token.SHA256 }) {
			names = append(names, token.Name)
		}
	}
	return names
}

// MissingTokens returns the names of the deployed tokens that listed does not have, or has with other properties.
func MissingTokens(deployed, listed []worker.Token) []string {
	isListed := map[string]bool{}
	for _, token := range listed {
		isListed[encodeToken(token)] = true
	}
	var names []string
	for _, token := range SortTokens(deployed) {
		if !isListed[encodeToken(token)] {
			names = append(names, token.Name)
		}
	}
	return names
}

// encodeToken returns the token as it is uploaded. An empty list of providers equals a nil one.
func encodeToken(token worker.Token) string {
	text, _ := json.Marshal(token) // plain strings and numbers: cannot fail
	return string(text)
}

// maxTokenNames is how many names FormatTokens lists before it returns their number instead.
const maxTokenNames = 4

// FormatTokens returns the names of the tokens, or their number if there are many, with a digest of everything in them:
// "alice, bob (1f2e3d4c)" or "500 (1f2e3d4c)". It returns "" for no tokens.
func FormatTokens(tokens []worker.Token) string {
	if len(tokens) == 0 {
		return ""
	}
	tokens = SortTokens(tokens)
	text, _ := json.Marshal(tokens)
	names := strconv.Itoa(len(tokens))
	if len(tokens) <= maxTokenNames {
		names = strings.Join(tokenNames(tokens), ", ")
	}
	return names + " (" + Digest(text)[:8] + ")"
}

func tokenNames(tokens []worker.Token) []string {
	var names []string
	for _, token := range tokens {
		names = append(names, token.Name)
	}
	return names
}

// ParseTokensModule parses the source of a Worker's tokens module. It returns nil if it is not a list of tokens.
func ParseTokensModule(source []byte) []worker.Token {
	var tokens []worker.Token
	if json.Unmarshal(source, &tokens) != nil {
		return nil
	}
	return tokens
}
