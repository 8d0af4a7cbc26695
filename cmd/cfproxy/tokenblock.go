package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/templates"
	"github.com/cfproxy/cfproxy/worker"
)

// fileToken is a [[tokens]] block of cfproxy.toml. It holds no secret: of the token itself there is a digest alone.
type fileToken struct {
	Name      string          `toml:"name"`
	SHA256    string          `toml:"sha256"`
	Expires   *toml.LocalDate `toml:"expires"`
	Providers []string        `toml:"providers"`
	RPM       *int            `toml:"rpm"`
}

// mostRequests a minute that a token may be given; more is a slip of the keyboard.
const mostRequests = 100_000

var digestPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// checkTokens reads the blocks of a file, or says which line of it is wrong.
func checkTokens(path string, text []byte, list []fileToken) ([]worker.Token, error) {
	providers, err := templates.Providers()
	if err != nil {
		return nil, err
	}
	known := idsOf(providers)
	blocks := tokenBlocks(text)
	var tokens []worker.Token
	for i, entry := range list {
		token := entry.token()
		wrong := wrongWith(entry, token, tokens, known)
		if wrong == nil {
			tokens = append(tokens, token)
			continue
		}
		line := 1
		if len(blocks) == len(list) {
			line += bytes.Count(text[:blocks[i].start], []byte("\n"))
		}
		wrong.Details["file"], wrong.Details["line"] = path, itoa(line)
		return nil, wrong
	}
	return tokens, nil
}

func (f fileToken) token() worker.Token {
	token := worker.Token{Name: f.Name, SHA256: strings.ToLower(f.SHA256), Providers: f.Providers}
	if f.Expires != nil {
		token.Expires = endOfDay(f.Expires.AsTime(time.UTC))
	}
	if f.RPM != nil {
		token.RPM = *f.RPM
	}
	return token
}

// endOfDay is when a token ends that is good until a day, that day included.
func endOfDay(day time.Time) int64 { return day.AddDate(0, 0, 1).Unix() }

// lastDay is the inverse.
func lastDay(token worker.Token) string {
	return time.Unix(token.Expires, 0).UTC().AddDate(0, 0, -1).Format(time.DateOnly)
}

func wrongWith(entry fileToken, token worker.Token, before []worker.Token, known []string) *problem.Error {
	other := slices.IndexFunc(before, func(t worker.Token) bool { return t.SHA256 == token.SHA256 })
	stranger := slices.IndexFunc(token.Providers, func(id string) bool { return !slices.Contains(known, id) })
	switch {
	case !isTokenName(token.Name):
		return problem.Usage("token-name-invalid", "value", token.Name)
	case slices.ContainsFunc(before, func(t worker.Token) bool { return t.Name == token.Name }):
		return problem.Usage("token-name-twice", "name", token.Name)
	case !digestPattern.MatchString(token.SHA256):
		return problem.Usage("token-digest-invalid", "name", token.Name)
	case other >= 0:
		return problem.Usage("token-digest-twice", "name", token.Name, "other", before[other].Name)
	case stranger >= 0:
		return problem.Usage("token-provider-unknown", "name", token.Name, "value", token.Providers[stranger], "known", strings.Join(known, ", "))
	case entry.RPM != nil && !isRPM(token.RPM):
		return problem.Usage("token-rpm-invalid", "name", token.Name, "value", itoa(token.RPM), "most", itoa(mostRequests))
	}
	return nil
}

func isRPM(n int) bool { return n >= 1 && n <= mostRequests }

// isTokenName takes letters and digits of any script, with the marks that some of them need, and . _ @ - within: what fits on
// one line of a list and can be typed on a command line without quotes. It begins with a letter or a digit, so that no name
// looks like a flag.
func isTokenName(name string) bool {
	first, _ := utf8.DecodeRuneInString(name)
	isWrong := func(r rune) bool {
		return r == utf8.RuneError || !unicode.In(r, unicode.Letter, unicode.Mark, unicode.Nd) && !strings.ContainsRune("._@-", r)
	}
	return utf8.RuneCountInString(name) <= 64 && unicode.In(first, unicode.Letter, unicode.Nd) && !strings.ContainsFunc(name, isWrong)
}

// keyShapes are how providers' keys and tokens begin.
var keyShapes = regexp.MustCompile(`(?i)^(sk|rk|pk|xai|gsk|csk|pplx|hf|tgp|nvapi)[-_].{4}|^cf(p|k|at|ut)_.{4}|^aiza.{4}|^eyj.{8}|^bearer\s`)

// keyRun finds what nobody is called: twenty letters and digits in a row.
var keyRun = regexp.MustCompile(`[A-Za-z0-9]{20,}`)

// looksLikeKey tells a secret that was pasted where a name belongs. It must be neither written down nor repeated.
func looksLikeKey(name string) bool {
	mixed := func(run string) bool {
		return strings.ContainsAny(run, "0123456789") && strings.IndexFunc(run, unicode.IsLetter) >= 0
	}
	return keyShapes.MatchString(strings.TrimSpace(name)) || slices.ContainsFunc(keyRun.FindAllString(name, -1), mixed)
}

// encodeTokens puts tokens into the table of settings, which holds texts.
func encodeTokens(tokens []worker.Token) []string {
	texts := []string{}
	for _, token := range tokens {
		// Marshalling plain strings and numbers cannot fail.
		text, _ := json.Marshal(token)
		texts = append(texts, string(text))
	}
	return texts
}

// decodeTokens reads them back; nil where no file said anything of tokens.
func decodeTokens(s settings) ([]worker.Token, error) {
	texts, listed := s[keyTokens]
	if !listed {
		return nil, nil
	}
	tokens := []worker.Token{}
	for _, text := range texts {
		var token worker.Token
		if err := json.Unmarshal([]byte(text), &token); err != nil {
			return nil, err
		}
		tokens = append(tokens, token)
	}
	return tokens, nil
}

// block is the extent of a [[tokens]] block in a file: from the first byte of its header's line to behind its last value's line
// break.
type block struct{ start, end int }

// tokenBlocks finds the blocks in their order, by the library's own parser, so that nothing in a text or a comment can look
// like one. What follows the last value of a block, blank lines and comments, belongs to what comes next.
func tokenBlocks(text []byte) []block {
	var parser unstable.Parser
	parser.Reset(text)
	var blocks []block
	open := false
	closeAt := func(end int) {
		if open {
			blocks[len(blocks)-1].end = trimmedEnd(text, end)
		}
	}
	for parser.NextExpression() {
		e := parser.Expression()
		if e.Kind != unstable.ArrayTable && e.Kind != unstable.Table {
			continue
		}
		key := e.Key()
		key.Next()
		start := bytes.LastIndexByte(text[:key.Node().Raw.Offset], '\n') + 1
		closeAt(start)
		if open = e.Kind == unstable.ArrayTable && string(key.Node().Data) == keyTokens && !key.Next(); open {
			blocks = append(blocks, block{start: start})
		}
	}
	closeAt(len(text))
	return blocks
}

// trimmedEnd steps back from end over lines that are blank or comments. No value can end in such a line.
func trimmedEnd(text []byte, end int) int {
	for end > 0 {
		start := bytes.LastIndexByte(text[:end-1], '\n') + 1
		line := bytes.TrimSpace(text[start:end])
		if len(line) > 0 && line[0] != '#' {
			break
		}
		end = start
	}
	return end
}
