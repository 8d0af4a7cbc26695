package main

import (
	"bytes"
	"errors"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/errcode"
)

// checkFile finds the first value that no relay can be made of, and its line.
func checkFile(path string, text []byte, file configFile) error {
	if err := checkValues(path, text, beforeBlocks, file.settings()); err != nil {
		return err
	}
	for i, relay := range file.Relays {
		if len(relay.Domains) == 0 {
			return &problem.PositionError{File: path, Line: lineOf(text, i, keyDomains, 0), Err: problem.Usage("relay-without-domains")}
		}
		if err := checkValues(path, text, i, relay.settings()); err != nil {
			return err
		}
	}
	return checkHosts(path, text, file)
}

// checkHosts finds the first host that two relays list.
func checkHosts(path string, text []byte, file configFile) error {
	block := map[string]int{}
	for i, relay := range append([]configRelay{file.configRelay}, file.Relays...) {
		for item, domain := range relay.Domains {
			host := lookedUp(domain)
			if first, claimed := block[host]; claimed && first != i {
				err := &errcode.Error{Code: errcode.HostDuplicate, Details: map[string]string{"host": host}}
				return &problem.PositionError{File: path, Line: lineOf(text, i+beforeBlocks, keyDomains, item), Err: err}
			}
			block[host] = i
		}
	}
	return nil
}

// beforeBlocks is where what stands before the first block is looked for.
const beforeBlocks = -1

// checkValues does so for the block of that number. The hostnames come first, since all else is tried together with them. A list
// is tried whole, and only where that fails are its beginnings, of which the shortest that fails ends in the wrong value: a file
// may list a thousand hosts.
func checkValues(path string, text []byte, block int, s settings) error {
	for _, setting := range settingTable() {
		values := s[setting.key]
		if tryValues(s, setting.key, len(values)) == nil {
			continue
		}
		i := sort.Search(len(values)-1, func(i int) bool { return tryValues(s, setting.key, i+1) != nil })
		return &problem.PositionError{File: path, Line: lineOf(text, block, setting.key, i), Err: tryValues(s, setting.key, i+1)}
	}
	return nil
}

// tryValues tells what is wrong with the first values of a setting, so many of them.
func tryValues(s settings, key string, count int) error {
	if count == 0 {
		return nil
	}
	values := s[key][:count]
	if key != keyDomains && slices.ContainsFunc(values, isBlank) {
		return problem.Usage("config-empty", "key", key)
	}
	trial := settings{keyDomains: s[keyDomains], key: values}
	if len(trial[keyDomains]) == 0 {
		trial[keyDomains] = []string{demoHost}
	}
	providers, err := chooseProviders(trial[keyProviders])
	if err == nil {
		_, err = relayTo(providers, trial)
	}
	return err
}

// lineOf finds the line of a key's value in the [[relays]] block of that number, of a list its item of that number. Where the
// block lacks the key, it is the line of the block.
func lineOf(text []byte, block int, key string, item int) int {
	var parser unstable.Parser
	parser.Reset(text)
	line := func(at uint32) int { return 1 + bytes.Count(text[:at], []byte("\n")) }
	here, begins := beforeBlocks, 1
	for parser.NextExpression() {
		e := parser.Expression()
		name := e.Key()
		name.Next()
		if e.Kind != unstable.KeyValue {
			if here == block && block != beforeBlocks {
				break // the next table has begun
			}
			if e.Kind == unstable.ArrayTable && string(name.Node().Data) == keyRelays {
				here, begins = here+1, line(name.Node().Raw.Offset)
			}
			continue
		}
		if here != block || string(name.Node().Data) != key {
			continue
		}
		at := name.Node().Raw.Offset
		items := e.Value().Children()
		for i := 0; items.Next(); i++ {
			if i == item {
				at = items.Node().Raw.Offset
			}
		}
		return line(at)
	}
	if block == beforeBlocks {
		return 1
	}
	return begins
}

// configError says where in the file the mistake is, and for an unknown key which ones there are.
func configError(path string, text []byte, err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
		return unknownKey(path, &unknown.Errors[0])
	}
	var wrong *toml.DecodeError
	if !errors.As(err, &wrong) {
		return problem.Wrap("config-unreadable", err, "file", path)
	}
	line, column := wrong.Position()
	at := []string{"file", path, "line", strconv.Itoa(line)}
	key := strings.Join(wrong.Key(), ".")
	char, place := foreignMark(text, line)
	switch {
	// The library's errors have no types. One of other words would be taken for a wrong kind, and its line is still right.
	case key != "" && strings.HasSuffix(wrong.Error(), "already defined"):
		return problem.Usage("config-twice", append(at, "key", key)...)
	case key != "":
		return problem.Usage("config-kind", append(at, "key", key)...)
	case char != "":
		return problem.Usage("config-mark", append(at, "column", strconv.Itoa(place), "value", char)...)
	}
	e := problem.Usage("config-invalid", append(at, "column", strconv.Itoa(column))...)
	e.Err = err
	return e
}

func unknownKey(path string, wrong *toml.DecodeError) error {
	line, _ := wrong.Position()
	key := wrong.Key()
	if len(key) > 1 && key[0] == keyTokens {
		return problem.Usage("token-unknown-key", "file", path, "line", strconv.Itoa(line),
			"key", strings.Join(key[1:], "."), "known", "name, sha256, expires, providers, rpm")
	}
	var known []string
	for _, s := range settingTable() {
		known = append(known, s.key)
	}
	if len(key) > 1 && key[0] == keyRelays {
		key = key[1:]
	} else {
		known = append(known, keyTokens, keyRelays)
	}
	return problem.Usage("config-unknown-key", "file", path, "line", strconv.Itoa(line),
		"key", strings.Join(key, "."), "known", strings.Join(known, ", "))
}

// foreignMarks are quotes and punctuation that keyboards and word processors put where TOML wants those of ASCII.
const foreignMarks = "“”„‘’«»「」『』＂＇，、＝［］【】"

// foreignMark finds the first of them in a line, outside of quotes, and its column. One within quotes that are never closed
// stands where they should have been.
func foreignMark(text []byte, line int) (mark string, column int) {
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
