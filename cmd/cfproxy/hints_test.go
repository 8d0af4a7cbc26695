package main

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/provision/verify"
)

// sessionOf returns the session of a run with these arguments, which does nothing else. Its test must not be parallel:
// see englishProgram.
func sessionOf(t *testing.T, language string, args ...string) (*program, *session) {
	t.Helper()
	p, err := newProgram([]string{"--lang", language}, environment{getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	app := p.app()
	var s *session
	var all []*cli.Command
	for _, command := range app.Commands {
		all = append(append(all, command), command.Subcommands...)
	}
	for _, command := range all {
		command.Action = p.action(command, func(_ *cli.Context, running *session) error { s = running; return nil })
	}
	if err := app.RunContext(context.Background(), flagsFirst(app, append([]string{"cfproxy"}, args...))); err != nil || s == nil {
		t.Fatalf("%v: %v", args, err)
	}
	s.inv.hosts = []string{"gptapi.example.com"}
	return p, s
}

// Every command in a message can be run as it is printed: its flags exist, it has its argument, and it uses the
// account, the relay and the file of the run that prints it.
func TestSuggestedCommandsAreComplete(t *testing.T) {
	network := []string{"--connect-to", "::127.0.0.1:8443", "--cacert", "ca.pem"}
	for _, language := range []string{"en", "zh"} {
		for _, args := range [][]string{
			append([]string{"--sandbox", "a.json", "deploy", "--domain", "gptapi.example.com", "--provider", "groq", "--adopt"}, network...),
			append([]string{"verify", "--domain", "gptapi.example.com", "--provider", "groq", "--timeout", "5m"}, network...),
			{"status", "--config", "relay.toml", "--sandbox", "a.json", "--region", "aws:us-east-1"},
			append([]string{"--sandbox", "a.json", "key", "add", "alice", "--config", "relay.toml", "--rpm", "6"}, network...),
			{"key", "revoke", "alice"},
		} {
			p, s := sessionOf(t, language, args...)
			texts := textsOf(s)
			if len(texts) < 300 {
				t.Fatalf("only %d texts", len(texts))
			}
			found := 0
			for key, text := range texts {
				if key == "hint.name-missing.1" && !s.inv.isKeyCommand() {
					continue // no other command takes a name
				}
				for _, words := range commandsIn(text) {
					found++
					if mistake := p.mistakeIn(words, args, key == "init.wrote"); mistake != "" {
						t.Errorf("%v: %s: %s: %q", args, key, mistake, words)
					}
				}
			}
			if found < 40 {
				t.Errorf("%v: only %d commands", args, found)
			}
		}
	}
}

// textsOf returns every text of the catalogue that a run may print, with its placeholders filled in.
func textsOf(s *session) map[string]string {
	host := "gptapi.example.com"
	details := map[string]string{
		"command": s.inv.rerun("deploy", host), "name": "alice", "file": "relay.toml", "host": host, "provider": "groq", "id": "groq",
		"value": "ai", "known": "openai, groq", "example": "azure=my-resource", "origin": "https://llm.example.org", "flag": "--page",
	}
	pairs := i18n.Pairs(s.templateData(details))
	for _, command := range []string{"deploy", "status", "verify", "add"} {
		pairs = append(pairs, "run_"+command, s.remedy(config.Relay{}, verify.Report{Host: host}, command, "groq"))
	}
	texts := map[string]string{}
	for _, key := range s.text.Keys() {
		// These are in help pages and in cfproxy.toml, or belong to the demo and the sandbox.
		if family, _, _ := strings.Cut(key, "."); !slices.Contains([]string{"about", "usage", "help", "flag", "setting", "comment", "demo", "sandbox"}, family) {
			texts[key] = view.Clean(s.text.T(key, pairs...))
		}
	}
	return texts
}

var commandForm = regexp.MustCompile(`cfproxy(?: (?:--[a-z-]+(?:=[a-z]+)?|[A-Za-z0-9./:=_-]+))+`)

// commandsIn returns the command lines in a text. Words of the text may follow them.
func commandsIn(text string) [][]string {
	var found [][]string
	for _, line := range commandForm.FindAllString(text, -1) {
		words := strings.Fields(line)
		isName := func(word string) bool {
			return slices.Contains([]string{"init", "deploy", "plan", "verify", "status", "destroy", "key", "login", "logout", "demo", "sandbox"}, word)
		}
		if strings.HasPrefix(words[1], "--") || isName(words[1]) {
			found = append(found, words)
		}
	}
	return found
}

// mistakeIn returns what is wrong with a command line of a run with args, or "". isLocal says that the command is about
// the file that was just written to this directory.
func (p *program) mistakeIn(words, args []string, isLocal bool) string {
	app := p.app()
	flags, commands := app.Flags, app.Commands
	var command *cli.Command
	given := map[string]string{}
	rest := words[1:]
	argument := ""
	for len(rest) > 0 {
		name, value, isInline := strings.Cut(strings.TrimLeft(rest[0], "-"), "=")
		at := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.Name == rest[0] })
		switch {
		case strings.HasPrefix(rest[0], "--"):
			known := name == "help" || slices.ContainsFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
			width := flagWidth(flags, rest[0])
			if isInline {
				width = 1
			} else if width == 2 && len(rest) > 1 {
				value = rest[1]
			}
			if !known || width > len(rest) {
				return "no flag " + name
			}
			given[name] = value
			rest = rest[width:]
			continue
		case at >= 0:
			command, flags = commands[at], commands[at].Flags
			commands = command.Subcommands
			rest = rest[1:]
			continue
		case command != nil && command.ArgsUsage != "" && argument == "":
			argument = rest[0]
			rest = rest[1:]
			continue
		}
		break
	}
	return missingPart(command, given, argument, args, isLocal)
}

// missingPart returns what a command line lacks to continue a run with args, or "".
func missingPart(command *cli.Command, given map[string]string, argument string, args []string, isLocal bool) string {
	_, isHelp := given["help"]
	if isHelp || command != nil && slices.Contains([]string{"demo", "sandbox", "login", "logout"}, command.Name) {
		return ""
	}
	takes := func(name string) bool {
		return slices.ContainsFunc(command.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	}
	switch {
	case command == nil:
		return "no command"
	case command.ArgsUsage != "" && argument == "":
		return "no name"
	case given["sandbox"] == "" && slices.Contains(args, "--sandbox"):
		return "another account"
	case command.Name == "init", isLocal:
		return ""
	case given["config"] == "" && slices.Contains(args, "--config"):
		return "another file"
	case takes("domain") && given["domain"]+given["config"] == "" && slices.Contains(args, "--domain"):
		return "no host"
	}
	for _, name := range []string{"connect-to", "cacert"} {
		if takes(name) && takes("domain") && given[name] == "" && slices.Contains(args, "--"+name) {
			return "no --" + name
		}
	}
	return ""
}
