package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/input"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

// decodeError returns a problem that says where in the file the mistake is and, for an unknown key, which keys exist.
func decodeError(path string, text []byte, err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
		return unknownKey(path, &unknown.Errors[0])
	}
	var wrong *toml.DecodeError
	if !errors.As(err, &wrong) {
		return problem.Wrap("config-unreadable", err, "file", path)
	}
	line, column := wrong.Position()
	place := []string{"file", path, "line", strconv.Itoa(line)}
	key := strings.Join(wrong.Key(), ".")
	char, charColumn := foreignCharacter(text, line)
	switch {
	// The library's errors have no types. If its words change, this mistake is reported as a wrong kind, still with its line.
	case key != "" && strings.HasSuffix(wrong.Error(), "already defined"):
		return problem.Usage("config-twice", append(place, "key", key)...)
	case key != "":
		return problem.Usage("config-kind", append(place, "key", key)...)
	case isUnseen(char):
		return problem.Usage("config-unseen", append(place, "column", strconv.Itoa(charColumn), "value", input.CodePoint(char))...)
	case char != 0:
		return problem.Usage("config-mark", append(place, "column", strconv.Itoa(charColumn), "value", string(char))...)
	}
	e := problem.Usage("config-invalid", append(place, "column", strconv.Itoa(column))...)
	e.Err = err
	return e
}

func unknownKey(path string, wrong *toml.DecodeError) error {
	line, _ := wrong.Position()
	key := wrong.Key()
	if len(key) > 1 && key[0] == tokensBlock {
		return problem.Usage("token-unknown-key", "file", path, "line", strconv.Itoa(line),
			"key", strings.Join(key[1:], "."), "known", "name, sha256, expires, providers, rpm")
	}
	var known []string
	for _, setting := range Table() {
		known = append(known, setting.Key)
	}
	if len(key) > 1 && key[0] == relaysBlock {
		key = key[1:]
	} else {
		known = append(known, tokensBlock, relaysBlock)
	}
	return problem.Usage("config-unknown-key", "file", path, "line", strconv.Itoa(line),
		"key", strings.Join(key, "."), "known", strings.Join(known, ", "))
}

// foreignMarks are quotes and punctuation that word processors and Chinese input methods produce where TOML wants ASCII.
const foreignMarks = "“”„‘’«»「」『』＂＇，、＝［］【】"

// isUnseen reports whether a character cannot be seen or looks like a space, and is not allowed outside of strings and comments.
func isUnseen(char rune) bool {
	isASCIISpace := strings.ContainsRune(" \t\r", char)
	return char != 0 && !isASCIISpace && (input.IsInvisible(char) || input.IsBlank(char) || unicode.IsControl(char))
}

// foreignCharacter returns the first foreign mark or unseen character of a line outside of quotes, and its column in characters from 1;
// 0 if there is none. Within quotes that are never closed, it is where they should have been closed.
func foreignCharacter(text []byte, line int) (mark rune, column int) {
	lines := strings.Split(string(text), "\n")
	if line > len(lines) {
		return 0, 0
	}
	var open rune
	for i, char := range []rune(lines[line-1]) {
		isForeign := strings.ContainsRune(foreignMarks, char)
		switch {
		case open == 0 && char == '#':
			return 0, 0
		case open == 0 && (isForeign || isUnseen(char)):
			return char, i + 1
		case open == 0 && slices.Contains([]rune{'"', '\''}, char):
			open, mark = char, 0
		case open == char:
			open, mark = 0, 0
		case open != 0 && isForeign && mark == 0:
			mark, column = char, i+1
		}
	}
	return mark, column
}

// checkEncoding returns a problem for a file that is not UTF-8, which the decoder would describe by its bytes.
func checkEncoding(path string, text []byte) error {
	if encoding := input.Encoding(text); encoding != "" {
		return problem.Usage("config-encoding", "file", path, "encoding", encoding)
	}
	if utf8.Valid(text) {
		return nil
	}
	valid := 0
	for {
		r, size := utf8.DecodeRune(text[valid:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		valid += size
	}
	before := text[:valid]
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return problem.Usage("config-byte", "file", path, "line", strconv.Itoa(1+bytes.Count(before, []byte("\n"))),
		"column", strconv.Itoa(column), "value", fmt.Sprintf("0x%02X", text[valid]))
}
