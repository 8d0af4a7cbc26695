package provision

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/worker"
)

// Who may use a relay, as settings and plans say it.
const (
	AccessOpen    = "pass-through" // everybody, each with a key of the provider's
	AccessManaged = "managed"      // holders of the owner's tokens, with the owner's key
)

// settingsAttrs gives the owner's choices as they are compared and shown.
func settingsAttrs(s worker.Settings) Attrs {
	access := AccessOpen
	if s.Managed {
		access = AccessManaged
	}
	return Attrs{AttrAccess: access, AttrPage: strconv.FormatBool(s.Page), AttrOrigins: strings.Join(s.Origins, " ")}
}

// SettingsAttrs gives the same for the value of a SETTINGS binding as it is read back; empty ones for anything else, such as
// a Worker of the time before there were any.
func SettingsAttrs(binding []byte) Attrs {
	var s worker.Settings
	if json.Unmarshal(binding, &s) != nil {
		return Attrs{AttrAccess: "", AttrPage: "", AttrOrigins: ""}
	}
	return settingsAttrs(s)
}

// parseSettings reads them back.
func parseSettings(attrs Attrs) worker.Settings {
	s := worker.Settings{Managed: attrs[AttrAccess] == AccessManaged, Page: attrs[AttrPage] != "false"}
	for origin := range strings.FieldsSeq(attrs[AttrOrigins]) {
		s.Origins = append(s.Origins, origin)
	}
	return s
}

// sortTokens gives tokens by name, so that their order in a file changes nothing; nil stays nil.
func sortTokens(tokens []worker.Token) []worker.Token {
	if tokens == nil {
		return nil
	}
	// None at all stays different from nobody having said.
	sorted := append([]worker.Token{}, tokens...)
	slices.SortFunc(sorted, func(a, b worker.Token) int { return cmp.Compare(a.Name+" "+a.SHA256, b.Name+" "+b.SHA256) })
	return sorted
}

// losing names those who hold a token of before that is not among after, whatever else is said of it there.
func losing(before, after []worker.Token) []string {
	var names []string
	for _, token := range before {
		if !slices.ContainsFunc(after, func(t worker.Token) bool { return t.SHA256 == token.SHA256 }) {
			names = append(names, token.Name)
		}
	}
	return names
}

// Unlisted names the tokens of standing that listed has not, or has otherwise.
func Unlisted(standing, listed []worker.Token) []string {
	isListed := map[string]bool{}
	for _, token := range listed {
		isListed[tokenText(token)] = true
	}
	var names []string
	for _, token := range sortTokens(standing) {
		if !isListed[tokenText(token)] {
			names = append(names, token.Name)
		}
	}
	return names
}

// tokenText is a token as it is uploaded: an empty list of providers is none.
func tokenText(token worker.Token) string {
	// Marshalling plain strings and numbers cannot fail.
	text, _ := json.Marshal(token)
	return string(text)
}

// mostNames of tokens are shown; of more the number says enough.
const mostNames = 4

// TokensText is how tokens are compared and shown: "alice, bob (1f2e3d4c)" or "500 (1f2e3d4c)", with a digest of all that is
// in them. "" where there are none.
func TokensText(tokens []worker.Token) string {
	if len(tokens) == 0 {
		return ""
	}
	tokens = sortTokens(tokens)
	text, _ := json.Marshal(tokens)
	who := strconv.Itoa(len(tokens))
	if len(tokens) <= mostNames {
		who = strings.Join(namesOf(tokens), ", ")
	}
	return who + " (" + digest(text)[:8] + ")"
}

func namesOf(tokens []worker.Token) []string {
	var names []string
	for _, token := range tokens {
		names = append(names, token.Name)
	}
	return names
}

// ParseTokens reads the tokens module of a Worker, nil for what is none.
func ParseTokens(module []byte) []worker.Token {
	var tokens []worker.Token
	if json.Unmarshal(module, &tokens) != nil {
		return nil
	}
	return tokens
}

// Limit is one rate limit of a Worker, so many requests a minute for each token that has it.
type Limit struct {
	Requests  int
	Namespace string
}

// limitsOf gives a limit for each number that any token has.
func limitsOf(name string, tokens []worker.Token) []Limit {
	var limits []Limit
	for _, n := range ratesOf(tokens) {
		limits = append(limits, Limit{Requests: n, Namespace: namespaceOf(name, n)})
	}
	return limits
}

// ratesOf lists the numbers, each once and in their order.
func ratesOf(tokens []worker.Token) []int {
	var numbers []int
	for _, token := range tokens {
		if token.RPM > 0 {
			numbers = append(numbers, token.RPM)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// namespaceOf makes the positive integer under which Cloudflare counts. It counts across the whole account, so the number comes
// from the Worker's name and the limit: always the same, so that a deploy does not begin the count anew, and different for
// another relay or another limit. What is counted is a token's digest, so that even two equal numbers would disturb nobody.
func namespaceOf(name string, requests int) string {
	sum := sha256.Sum256([]byte("cfproxy/" + name + "/" + strconv.Itoa(requests)))
	return strconv.FormatUint(uint64(binary.BigEndian.Uint32(sum[:])>>1|1), 10)
}

// limitsText is how limits are compared: "30 60".
func limitsText(numbers []int) string {
	var texts []string
	for _, n := range numbers {
		texts = append(texts, strconv.Itoa(n))
	}
	return strings.Join(texts, " ")
}

// LimitsText gives the same text for a Worker as it is read back, from the names of its rate limits.
func LimitsText(bindings []string) string {
	var numbers []int
	for _, name := range bindings {
		if n, err := strconv.Atoi(strings.TrimPrefix(name, worker.BindingRate)); err == nil {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return limitsText(numbers)
}

// Complete takes what the owner has not said from what stands: without a file that lists them, the tokens that the Worker
// lets in go on. It is an *Error if they cannot be read, since to go on would lock everybody out.
func (r Relay) Complete() (Config, error) {
	c := r.Config
	if !c.Settings.Managed || c.Tokens != nil {
		return c, nil
	}
	if r.Script.Tokens == nil && r.Script.Attrs[AttrAccess] == AccessManaged {
		return c, newError(CodeTokensUnread, "worker", r.Worker)
	}
	c.Tokens = sortTokens(r.Script.Tokens)
	return c, nil
}
