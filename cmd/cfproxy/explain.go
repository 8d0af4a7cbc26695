package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/verify"
)

func (p *program) explainCommand() *cli.Command {
	command := p.command("explain", func(c *cli.Context, s *session) error {
		if c.NArg() > 1 {
			return problem.Usage("argument-unexpected", "value", redactArg(c.Args().Get(1)))
		}
		return runExplain(s, c.Args().First())
	}, p.boolFlag("json"))
	command.ArgsUsage = "CODE"
	return command
}

// explanation is what --json prints.
type explanation struct {
	Code     string        `json:"code"`
	Meanings []codeMeaning `json:"meanings"`
}

// codeMeaning is what one of our codes means and what to do about it.
type codeMeaning struct {
	Code     string   `json:"code"`
	Message  string   `json:"message"`
	Hints    []string `json:"hints"`
	APICodes []int    `json:"api_codes,omitempty"` // Cloudflare's numbers that lead to the code
}

// runExplain prints what a code means: one of ours, or a number of Cloudflare's API. It reads the tables from which errors
// are made.
func runExplain(s *session, value string) error {
	name := strings.ToLower(strings.TrimSpace(value))
	if name == "" {
		return problem.Usage("explain-missing")
	}
	number, err := strconv.Atoi(name)
	codes := []string{name}
	if err == nil {
		name, codes = strconv.Itoa(number), nil
		for _, code := range cloudflare.CodesOf(number) {
			codes = append(codes, string(code))
		}
	}
	out := explanation{Code: name}
	for _, code := range codes {
		if meaning, ok := s.explain(code); ok {
			out.Meanings = append(out.Meanings, meaning)
		}
	}
	if len(out.Meanings) == 0 {
		return problem.Usage("explain-unknown", "value", redactArg(value), "suggestion", errcode.Suggest(name, s.knownCodes()))
	}
	if s.json {
		return s.writeJSON(out)
	}
	switch count := len(out.Meanings); {
	case err == nil && count == 1:
		s.outf("explain.number", "code", name)
	case err == nil:
		s.outf("explain.numbers", "code", name, "count", strconv.Itoa(count))
	}
	for _, meaning := range out.Meanings {
		s.printMeaning(meaning)
	}
	return nil
}

// printMeaning prints a meaning and its hints.
func (c *console) printMeaning(meaning codeMeaning) {
	c.outf("explain.meaning", "code", meaning.Code, "text", meaning.Message)
	for _, hint := range meaning.Hints {
		for line := range strings.SplitSeq(hint, "\n") {
			fmt.Fprintln(c.stdout, "  "+c.text.T("hint.prefix")+line)
		}
	}
	if len(meaning.APICodes) > 0 {
		var numbers []string
		for _, number := range meaning.APICodes {
			numbers = append(numbers, strconv.Itoa(number))
		}
		fmt.Fprintln(c.stdout, "  "+c.text.T("explain.api-codes", "codes", strings.Join(numbers, ", ")))
	}
}

// explain returns what one of our codes means. ok is false if there is no such code.
func (c *console) explain(code string) (meaning codeMeaning, ok bool) {
	if !slices.Contains(c.knownCodes(), code) {
		return codeMeaning{}, false
	}
	meaning = codeMeaning{Code: code, Hints: []string{}, APICodes: cloudflare.NumbersOf(errcode.Code(code))}
	if key := "error." + code; c.text.Has(key) {
		meaning.Message = c.withoutBraces(key)
		for i := 1; c.text.Has("hint." + code + "." + strconv.Itoa(i)); i++ {
			meaning.Hints = append(meaning.Hints, c.withoutBraces("hint."+code+"."+strconv.Itoa(i)))
		}
		return meaning, true
	}
	meaning.Message = c.withoutBraces("check." + code)
	if key := "fix." + code; c.text.Has(key) {
		meaning.Hints = append(meaning.Hints, c.withoutBraces(key))
	}
	return meaning, true
}

// knownCodes returns the codes of errors and of failed checks, sorted.
func (c *console) knownCodes() []string {
	var codes []string
	for _, key := range c.text.Keys() {
		if code, ok := strings.CutPrefix(key, "error."); ok && code != "prefix" && code != "place" {
			codes = append(codes, code)
		}
	}
	for _, code := range verify.Codes() {
		if code.Status != verify.Pass && c.text.Has("check."+code.Name) {
			codes = append(codes, code.Name)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// withoutBraces returns a text with its placeholders filled in: commands as far as they are known, and a word in capital
// letters for each detail of an error that has not happened.
func (c *console) withoutBraces(key string) string {
	known := map[string]string{
		"link": tokenLink(), "zone_permission": c.text.T("permission." + cloudflare.PermissionZone),
		"command": "cfproxy COMMAND", "run_self": "cfproxy COMMAND",
	}
	text := c.text.T(key, i18n.Pairs(known)...)
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			return b.String() + rest
		}
		if command, isRun := strings.CutPrefix(name, "run_"); isRun {
			name = c.inv.newCommand(cmp.Or(map[string]string{"add": "key add"}[command], command))
		} else {
			name = strings.ToUpper(name)
		}
		b.WriteString(name)
		text = after
	}
}
