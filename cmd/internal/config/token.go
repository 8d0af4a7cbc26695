package config

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/templates"
	"github.com/cfproxy/cfproxy/worker"
)

// tokenBlock is a [[tokens]] block of cfproxy.toml. It holds no secret, only a digest of the token.
type tokenBlock struct {
	Name      string          `toml:"name"`
	SHA256    string          `toml:"sha256"`
	Expires   *toml.LocalDate `toml:"expires"`
	Providers []string        `toml:"providers"`
	RPM       *int            `toml:"rpm"`
}

// MaxRPM is the largest number of requests a minute that a token may have; more is a typing error.
const MaxRPM = 100_000

// IsRPM reports whether n can be a token's number of requests a minute.
func IsRPM(n int) bool { return n >= 1 && n <= MaxRPM }

// parseTokens returns the tokens of a file, never nil, or an error with the line of the first wrong block.
func parseTokens(path string, text []byte, blocks []tokenBlock) ([]worker.Token, error) {
	providers, err := templates.Providers()
	if err != nil {
		return nil, err
	}
	known := ProviderIDs(providers)
	spans := tokenSpans(text)
	tokens := []worker.Token{}
	for i, block := range blocks {
		token := block.token()
		wrong := block.check(token, tokens, known)
		if wrong == nil {
			tokens = append(tokens, token)
			continue
		}
		line := 1
		if len(spans) == len(blocks) {
			line += bytes.Count(text[:spans[i].start], []byte("\n"))
		}
		wrong.Details["file"], wrong.Details["line"] = path, strconv.Itoa(line)
		return nil, wrong
	}
	return tokens, nil
}

func (b tokenBlock) token() worker.Token {
	token := worker.Token{Name: b.Name, SHA256: strings.ToLower(b.SHA256), Providers: b.Providers}
	if b.Expires != nil {
		token.Expires = endOfDay(b.Expires.AsTime(time.UTC))
	}
	if b.RPM != nil {
		token.RPM = *b.RPM
	}
	return token
}

// endOfDay returns the Unix time at which a token expires whose last day is day, in UTC.
func endOfDay(day time.Time) int64 { return day.AddDate(0, 0, 1).Unix() }

// LastDay returns the last day on which a token is valid, as YYYY-MM-DD in UTC.
func LastDay(token worker.Token) string {
	return time.Unix(token.Expires, 0).UTC().AddDate(0, 0, -1).Format(time.DateOnly)
}

// check returns what is wrong with a block, given the tokens of the blocks before it and the ids of all providers.
func (b tokenBlock) check(token worker.Token, before []worker.Token, known []string) *problem.Error {
	same := slices.IndexFunc(before, func(t worker.Token) bool { return t.SHA256 == token.SHA256 })
	unknown := slices.IndexFunc(token.Providers, func(id string) bool { return !slices.Contains(known, id) })
	switch {
	case !isTokenName(token.Name):
		return problem.Usage("token-name-invalid", "value", token.Name)
	case slices.ContainsFunc(before, func(t worker.Token) bool { return t.Name == token.Name }):
		return problem.Usage("token-name-twice", "name", token.Name)
	case !isDigest(token.SHA256):
		return problem.Usage("token-digest-invalid", "name", token.Name)
	case same >= 0:
		return problem.Usage("token-digest-twice", "name", token.Name, "other", before[same].Name)
	case unknown >= 0:
		return problem.Usage("token-provider-unknown", "name", token.Name, "value", token.Providers[unknown], "known", strings.Join(known, ", "))
	case b.RPM != nil && !IsRPM(token.RPM):
		return problem.Usage("token-rpm-invalid", "name", token.Name, "value", strconv.Itoa(token.RPM), "most", strconv.Itoa(MaxRPM))
	}
	return nil
}

// isDigest reports whether s is a SHA-256 in lower-case hex.
func isDigest(s string) bool {
	return len(s) == hex.EncodedLen(sha256.Size) && strings.Trim(s, "0123456789abcdef") == ""
}

// CheckTokenName returns an error for a name that no token can have. A secret that was pasted in its place is not repeated.
func CheckTokenName(name string) error {
	if LooksLikeKey(name) {
		return problem.Usage("name-is-key")
	}
	if !isTokenName(name) {
		return problem.Usage("name-invalid", "value", name)
	}
	return nil
}

// maxTokenName is the length of the longest name, in characters.
const maxTokenName = 64

// isTokenName accepts letters and digits of any script, with the marks that some of them need, and . _ @ - within. Such a name fits
// on one line of a list and needs no quotes on a command line. It begins with a letter or a digit, so that it does not look like
// a flag.
func isTokenName(name string) bool {
	first, _ := utf8.DecodeRuneInString(name)
	isWrong := func(r rune) bool {
		return r == utf8.RuneError || !unicode.In(r, unicode.Letter, unicode.Mark, unicode.Nd) && !strings.ContainsRune("._@-", r)
	}
	return utf8.RuneCountInString(name) <= maxTokenName && unicode.In(first, unicode.Letter, unicode.Nd) && !strings.ContainsFunc(name, isWrong)
}

// NewToken is a token that was made in this run. Its secret is shown once; after that only its holder knows it.
type NewToken struct {
	Token  worker.Token
	Secret string
}

// GenerateToken returns token with the digest of a new secret of 256 random bits.
func GenerateToken(token worker.Token) NewToken {
	var bits [32]byte
	// It never fails: https://pkg.go.dev/crypto/rand#Read
	_, _ = rand.Read(bits[:])
	secret := worker.TokenPrefix + base64.RawURLEncoding.EncodeToString(bits[:])
	token.SHA256 = SHA256(secret)
	return NewToken{token, secret}
}

// SHA256 returns the digest of a text in lower-case hex.
func SHA256(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// maxDays bounds how far in the future a token may expire.
const maxDays = 36500

// ParseExpiry reads a last day, 2027-01-31, or a number of days from now, 30d, and returns the Unix time at which that day ends
// in UTC.
func ParseExpiry(value string, now time.Time) (int64, error) {
	value = strings.TrimSpace(value)
	today := now.UTC().Truncate(24 * time.Hour)
	day, err := time.Parse(time.DateOnly, value)
	if days, isSpan := strings.CutSuffix(strings.ToLower(value), "d"); err != nil && isSpan {
		n, wrong := strconv.Atoi(days)
		if wrong == nil && n > 0 && n <= maxDays {
			day, err = today.AddDate(0, 0, n), nil
		}
	}
	if err != nil {
		return 0, problem.Usage("expires-invalid", "value", value)
	}
	if day.Before(today) {
		return 0, problem.Usage("expires-past", "value", value)
	}
	return endOfDay(day), nil
}
