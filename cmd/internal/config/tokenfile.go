package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/atomicfile"
	"github.com/cfproxy/cfproxy/worker"
)

// TokenFile is a cfproxy.toml whose tokens are to be listed or changed. It keeps the bytes of the file, so that an edit leaves
// everything else as it was.
type TokenFile struct {
	Path   string
	Relays []Settings
	Tokens []worker.Token
	text   []byte
}

// OpenTokens reads the file at path, or cfproxy.toml of this folder if path is "". It is a problem if there is no file.
func OpenTokens(path string) (TokenFile, error) {
	if path == "" {
		path = FileName
	}
	f := TokenFile{Path: path}
	text, err := readRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, problem.Usage("tokens-need-file", "file", path)
	}
	if err != nil {
		return f, problem.Wrap("config-unreadable", err, "file", path)
	}
	return f.withText(text)
}

// withText returns the file as it would be with another text.
func (f TokenFile) withText(text []byte) (TokenFile, error) {
	relays, err := parse(f.Path, withoutBOM(text))
	if err != nil {
		return f, err
	}
	return TokenFile{Path: f.Path, text: text, Relays: relays, Tokens: relays[0].Tokens}, nil
}

// Names returns the names of the tokens, separated by commas.
func (f TokenFile) Names() string {
	var names []string
	for _, token := range f.Tokens {
		names = append(names, token.Name)
	}
	return strings.Join(names, ", ")
}

// Find returns the index of the token of that name, or -1.
func (f TokenFile) Find(name string) int {
	return slices.IndexFunc(f.Tokens, func(t worker.Token) bool { return t.Name == name })
}

// With returns the file with one token more.
func (f TokenFile) With(token worker.Token) (TokenFile, error) {
	next, err := f.withText(AppendToken(f.text, token))
	if err != nil || len(next.Tokens) != len(f.Tokens)+1 || next.Find(token.Name) < 0 {
		return f, problem.Usage("tokens-uneditable", "file", f.Path)
	}
	return next, nil
}

// Without returns the file with one token less. Everything else stays as it was, comments included.
func (f TokenFile) Without(name string) (TokenFile, error) {
	text := withoutBOM(f.text)
	bom := f.text[:len(f.text)-len(text)]
	spans := tokenSpans(text)
	if len(spans) != len(f.Tokens) {
		return f, problem.Usage("tokens-uneditable", "file", f.Path)
	}
	next, err := f.withText(slices.Concat(bom, cut(text, spans[f.Find(name)])))
	if err != nil || len(next.Tokens) != len(f.Tokens)-1 || next.Find(name) >= 0 {
		return f, problem.Usage("tokens-uneditable", "file", f.Path)
	}
	return next, nil
}

// Write replaces the file by next, if its content is still that of f: an editor does not take the lock.
func (f TokenFile) Write(next TokenFile) error {
	path, err := atomicfile.RealPath(f.Path)
	if err != nil {
		return problem.Wrap("config-unwritable", err, "file", f.Path)
	}
	now, err := os.ReadFile(path)
	if err != nil {
		return problem.Wrap("config-unreadable", err, "file", f.Path)
	}
	if !bytes.Equal(now, f.text) {
		return problem.New("config-changed", problem.ExitFailed, "file", f.Path)
	}
	if err := atomicfile.Replace(path, next.text); err != nil {
		return problem.Wrap("config-unwritable", err, "file", f.Path)
	}
	return nil
}

// CheckWritable returns the error that Write would return, so that it is found before anything else is changed.
func (f TokenFile) CheckWritable() error {
	path, err := atomicfile.RealPath(f.Path)
	if err == nil {
		err = atomicfile.CheckReplaceable(path)
	}
	if err != nil {
		return problem.Wrap("config-unwritable", err, "file", f.Path)
	}
	return nil
}

// AppendToken adds a block at the end of a text, with the line breaks that the text has.
func AppendToken(text []byte, token worker.Token) []byte {
	var b strings.Builder
	if len(text) > 0 && text[len(text)-1] != '\n' {
		b.WriteString("\n")
	}
	// %q of a name or an id is a TOML string as well.
	fmt.Fprintf(&b, "\n[[tokens]]\nname = %q\nsha256 = %q\n", token.Name, token.SHA256)
	if token.Expires > 0 {
		fmt.Fprintf(&b, "expires = %s\n", LastDay(token))
	}
	if len(token.Providers) > 0 {
		fmt.Fprintf(&b, "providers = [%s]\n", quoted(token.Providers))
	}
	if token.RPM > 0 {
		fmt.Fprintf(&b, "rpm = %d\n", token.RPM)
	}
	added := b.String()
	if bytes.Contains(text, []byte("\r\n")) {
		added = strings.ReplaceAll(added, "\n", "\r\n")
	}
	return append(bytes.Clone(text), added...)
}

func quoted(values []string) string {
	var all []string
	for _, value := range values {
		all = append(all, fmt.Sprintf("%q", value))
	}
	return strings.Join(all, ", ")
}

// span is the extent of a [[tokens]] block in a file, in bytes: from the start of the header's line to the end of the line of its
// last value.
type span struct{ start, end int }

// tokenSpans returns the blocks in their order. It uses the library's parser, so that a text or a comment that looks like a block is
// none. Blank lines and comments after the last value of a block belong to what follows.
func tokenSpans(text []byte) []span {
	var parser unstable.Parser
	parser.Reset(text)
	var spans []span
	open := false
	closeAt := func(end int) {
		if open {
			spans[len(spans)-1].end = trimEnd(text, end)
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
		if open = e.Kind == unstable.ArrayTable && string(key.Node().Data) == tokensBlock && !key.Next(); open {
			spans = append(spans, span{start: start})
		}
	}
	closeAt(len(text))
	return spans
}

// trimEnd moves end back over lines that are blank or comments. No value can end in such a line.
func trimEnd(text []byte, end int) int {
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

// cut removes a block, and the blank line before it if another blank line or the end follows, so that adding and revoking a token
// leaves the file as it was.
func cut(text []byte, s span) []byte {
	head, tail := text[:s.start], text[s.end:]
	next, _, _ := bytes.Cut(tail, []byte("\n"))
	if len(bytes.TrimSpace(next)) == 0 {
		start := bytes.LastIndexByte(bytes.TrimSuffix(head, []byte("\n")), '\n') + 1
		if len(head) > 0 && len(bytes.TrimSpace(head[start:])) == 0 {
			head = head[:start]
		}
	}
	return slices.Concat(head, tail)
}
