package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/atomicfile"
	"github.com/cfproxy/cfproxy/worker"
)

// tokenFile is a cfproxy.toml whose tokens are to be listed or changed: its bytes as they are, and what they say.
type tokenFile struct {
	path   string
	text   []byte
	relays []settings
	tokens []worker.Token
}

// openTokens reads the file that was named, or that of this folder. Without one there is nothing to write tokens into.
func openTokens(path string) (tokenFile, error) {
	if path == "" {
		path = configName
	}
	f := tokenFile{path: path}
	text, err := readRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, problem.Usage("tokens-need-file", "file", path)
	}
	if err != nil {
		return f, problem.Wrap("config-unreadable", err, "file", path)
	}
	return f.saying(text)
}

// saying is the file as it would be with another text.
func (f tokenFile) saying(text []byte) (tokenFile, error) {
	relays, err := parseConfig(f.path, withoutMark(text))
	if err != nil {
		return f, err
	}
	tokens, err := decodeTokens(relays[0]) // which are those of all
	return tokenFile{path: f.path, text: text, relays: relays, tokens: tokens}, err
}

// names lists the tokens for people.
func (f tokenFile) names() string {
	var names []string
	for _, token := range f.tokens {
		names = append(names, token.Name)
	}
	return orDash(strings.Join(names, ", "))
}

// find gives the place of a name, or -1.
func (f tokenFile) find(name string) int {
	return slices.IndexFunc(f.tokens, func(t worker.Token) bool { return t.Name == name })
}

// with is the file with one token more.
func (f tokenFile) with(token worker.Token) (tokenFile, error) {
	next, err := f.saying(withToken(f.text, token))
	if err != nil || len(next.tokens) != len(f.tokens)+1 || next.find(token.Name) < 0 {
		return f, problem.Usage("tokens-uneditable", "file", f.path)
	}
	return next, nil
}

// without is the file with one token less, all else as it was.
func (f tokenFile) without(name string) (tokenFile, error) {
	text := withoutMark(f.text)
	mark := f.text[:len(f.text)-len(text)]
	blocks := tokenBlocks(text)
	if len(blocks) != len(f.tokens) {
		return f, problem.Usage("tokens-uneditable", "file", f.path)
	}
	next, err := f.saying(slices.Concat(mark, cut(text, blocks[f.find(name)])))
	if err != nil || len(next.tokens) != len(f.tokens)-1 || next.find(name) >= 0 {
		return f, problem.Usage("tokens-uneditable", "file", f.path)
	}
	return next, nil
}

// withToken puts a block behind a text, in the line breaks that the text has.
func withToken(text []byte, token worker.Token) []byte {
	var b strings.Builder
	if len(text) > 0 && text[len(text)-1] != '\n' {
		b.WriteString("\n")
	}
	// %q of a name or an id is how TOML quotes as well.
	fmt.Fprintf(&b, "\n[[tokens]]\nname = %q\nsha256 = %q\n", token.Name, token.SHA256)
	if token.Expires > 0 {
		fmt.Fprintf(&b, "expires = %s\n", lastDay(token))
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

// cut takes a block out, and the blank line before it if another blank line or the end follows: so adding and revoking leaves
// a file as it was.
func cut(text []byte, b block) []byte {
	head, tail := text[:b.start], text[b.end:]
	next, _, _ := bytes.Cut(tail, []byte("\n"))
	if len(bytes.TrimSpace(next)) == 0 {
		start := bytes.LastIndexByte(bytes.TrimSuffix(head, []byte("\n")), '\n') + 1
		if len(head) > 0 && len(bytes.TrimSpace(head[start:])) == 0 {
			head = head[:start]
		}
	}
	return slices.Concat(head, tail)
}

// write replaces the file by next, if it still says what f says: an editor takes no turns.
func (f tokenFile) write(next tokenFile) error {
	path, err := atomicfile.RealPath(f.path)
	if err != nil {
		return problem.Wrap("config-unwritable", err, "file", f.path)
	}
	now, err := os.ReadFile(path)
	if err != nil {
		return problem.Wrap("config-unreadable", err, "file", f.path)
	}
	if !bytes.Equal(now, f.text) {
		return problem.New("config-changed", problem.ExitFailed, "file", f.path)
	}
	if err := atomicfile.Replace(path, next.text); err != nil {
		return problem.Wrap("config-unwritable", err, "file", f.path)
	}
	return nil
}

// writable finds out whether write can do its work, before anything else is done that leans on it.
func (f tokenFile) writable() error {
	path, err := atomicfile.RealPath(f.path)
	if err == nil {
		err = atomicfile.CheckReplaceable(path)
	}
	if err != nil {
		return problem.Wrap("config-unwritable", err, "file", f.path)
	}
	return nil
}
