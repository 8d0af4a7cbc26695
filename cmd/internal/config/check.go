package config

import (
	"bytes"
	"slices"
	"sort"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/errcode"
)

// check returns the first mistake in the values of the file, with its line.
func (f file) check(path string, text []byte) error {
	if err := f.relayBlock.check(path, text, beforeBlocks); err != nil {
		return err
	}
	for i, block := range f.Relays {
		if len(block.Domains) == 0 {
			return at(problem.Usage("relay-without-domains"), path, lineOf(text, i, KeyDomains, 0))
		}
		if err := block.check(path, text, i); err != nil {
			return err
		}
	}
	return f.checkHosts(path, text)
}

// checkHosts returns an error for the first host that two relays list.
func (f file) checkHosts(path string, text []byte) error {
	blockOf := map[string]int{}
	for i, block := range append([]relayBlock{f.relayBlock}, f.Relays...) {
		for item, domain := range block.Domains {
			host := normalHost(domain)
			if first, taken := blockOf[host]; taken && first != i {
				return at(errcode.New(errcode.HostDuplicate, "host", host), path, lineOf(text, i+beforeBlocks, KeyDomains, item))
			}
			blockOf[host] = i
		}
	}
	return nil
}

func at(err error, path string, line int) error {
	return &problem.PositionError{Err: err, File: path, Line: line}
}

// beforeBlocks is the number of the part of the file before the first [[relays]].
const beforeBlocks = -1

// check returns the first wrong value of the block of that number. Domains come first, since the other settings are tried together
// with them. A list is tried whole. Only where that fails, a binary search finds the shortest prefix that fails, which ends in the
// wrong item: a file may list a thousand hosts.
func (b relayBlock) check(path string, text []byte, number int) error {
	for _, setting := range Table() {
		values := b.values(setting.Key)
		if b.try(setting, values) == nil {
			continue
		}
		i := sort.Search(len(values)-1, func(i int) bool { return b.try(setting, values[:i+1]) != nil })
		return at(b.try(setting, values[:i+1]), path, lineOf(text, number, setting.Key, i))
	}
	return nil
}

// ExampleHost is a host for examples, and takes the place of hosts where a block has none.
const ExampleHost = "gptapi.example.com"

// try returns what is wrong with values of a setting, checked together with the domains of the block.
func (b relayBlock) try(setting Setting, values []string) error {
	if len(values) == 0 {
		return nil
	}
	if setting.Key != KeyDomains && slices.ContainsFunc(values, isBlank) {
		return problem.Usage("config-empty", "key", setting.Key)
	}
	s := Settings{Domains: b.Domains}
	setting.set(&s, values)
	if len(s.Domains) == 0 {
		s.Domains = []string{ExampleHost}
	}
	_, err := NewRelay(s, "")
	return err
}

// lineOf returns the line of a key's value in the [[relays]] block of that number, and in a list that of the item of that number.
// Where the block lacks the key it returns the line of the block.
func lineOf(text []byte, number int, key string, item int) int {
	var parser unstable.Parser
	parser.Reset(text)
	line := func(offset uint32) int { return 1 + bytes.Count(text[:offset], []byte("\n")) }
	here, begins := beforeBlocks, 1
	for parser.NextExpression() {
		e := parser.Expression()
		name := e.Key()
		name.Next()
		if e.Kind != unstable.KeyValue {
			if here == number && number != beforeBlocks {
				break // the next table has begun
			}
			if e.Kind == unstable.ArrayTable && string(name.Node().Data) == relaysBlock {
				here, begins = here+1, line(name.Node().Raw.Offset)
			}
			continue
		}
		if here != number || string(name.Node().Data) != key {
			continue
		}
		offset := name.Node().Raw.Offset
		items := e.Value().Children()
		for i := 0; items.Next(); i++ {
			if i == item {
				offset = items.Node().Raw.Offset
			}
		}
		return line(offset)
	}
	if number == beforeBlocks {
		return 1
	}
	return begins
}
