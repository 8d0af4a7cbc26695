package binding

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/worker"
)

// SortTokens gives tokens by name, so that their order in a file changes nothing; nil stays nil.
func SortTokens(tokens []worker.Token) []worker.Token {
	if tokens == nil {
		return nil
	}
	// None at all stays different from nobody having said.
	sorted := append([]worker.Token{}, tokens...)
	slices.SortFunc(sorted, func(a, b worker.Token) int { return cmp.Compare(a.Name+" "+a.SHA256, b.Name+" "+b.SHA256) })
	return sorted
}

// RevokedTokens names those who hold a token of before that is not among after, whatever else is said of it there.
func RevokedTokens(before, after []worker.Token) []string {
	var names []string
	for _, token := range before {
		if !slices.ContainsFunc(after, func(t worker.Token) bool { return t.SHA256 == token.SHA256 }) {
			names = append(names, token.Name)
		}
	}
	return names
}

// MissingTokens names the tokens of standing that listed has not, or has otherwise.
func MissingTokens(standing, listed []worker.Token) []string {
	isListed := map[string]bool{}
	for _, token := range listed {
		isListed[encodeToken(token)] = true
	}
	var names []string
	for _, token := range SortTokens(standing) {
		if !isListed[encodeToken(token)] {
			names = append(names, token.Name)
		}
	}
	return names
}

// tokenText is a token as it is uploaded: an empty list of providers is none.
func encodeToken(token worker.Token) string {
	// Marshalling plain strings and numbers cannot fail.
	text, _ := json.Marshal(token)
	return string(text)
}

// maxTokenNames of tokens are shown; of more the number says enough.
const maxTokenNames = 4

// FormatTokens is how tokens are compared and shown: "alice, bob (1f2e3d4c)" or "500 (1f2e3d4c)", with a digest of all that is
// in them. "" where there are none.
func FormatTokens(tokens []worker.Token) string {
	if len(tokens) == 0 {
		return ""
	}
	tokens = SortTokens(tokens)
	text, _ := json.Marshal(tokens)
	who := strconv.Itoa(len(tokens))
	if len(tokens) <= maxTokenNames {
		who = strings.Join(tokenNames(tokens), ", ")
	}
	return who + " (" + Digest(text)[:8] + ")"
}

func tokenNames(tokens []worker.Token) []string {
	var names []string
	for _, token := range tokens {
		names = append(names, token.Name)
	}
	return names
}

// TokensFromModule reads the tokens module of a Worker, nil for what is none.
func ParseTokensModule(module []byte) []worker.Token {
	var tokens []worker.Token
	if json.Unmarshal(module, &tokens) != nil {
		return nil
	}
	return tokens
}
