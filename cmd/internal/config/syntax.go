package config

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

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
	char, charColumn := foreignPunctuation(text, line)
	switch {
	// The library's errors have no types. If its words change, this mistake is reported as a wrong kind, still with its line.
	case key != "" && strings.HasSuffix(wrong.Error(), "already defined"):
		return problem.Usage("config-twice", append(place, "key", key)...)
	case key != "":
		return problem.Usage("config-kind", append(place, "key", key)...)
	case char != "":
		return problem.Usage("config-mark", append(place, "column", strconv.Itoa(charColumn), "value", char)...)
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

// foreignPunctuation returns the first foreign mark of a line outside of quotes, and its column in characters from 1. Within quotes
// that are never closed, it is where they should have been closed.
func foreignPunctuation(text []byte, line int) (mark string, column int) {
	lines := strings.Split(string(text), "\n")
	if line > len(lines) {
		return "", 0
	}
	var open rune
	for i, char := range []rune(lines[line-1]) {
		isForeign := strings.ContainsRune(foreignMarks, char)
		switch {
		case open == 0 && char == '#':
			return "", 0
		case open == 0 && isForeign:
			return string(char), i + 1
		case open == 0 && slices.Contains([]rune{'"', '\''}, char):
			open, mark = char, ""
		case open == char:
			open, mark = 0, ""
		case open != 0 && isForeign && mark == "":
			mark, column = string(char), i+1
		}
	}
	return mark, column
}
