package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

// program builds the command line in the user's language. What a command does is in its run function, which gets a session.
type program struct {
	console *console
	text    *i18n.Catalog
}

// newProgram returns the program in the language of the --lang flag or the environment. The language comes first, because the
// help texts need it. With an error, it also returns a program that can print it.
func newProgram(args []string, env environment) (*program, error) {
	language := i18n.FromEnvironment(env.getenv)
	chosen, isGiven := languageFlag(args)
	var wrong error
	if isGiven {
		if parsed, ok := i18n.Parse(chosen); ok {
			language = parsed
		} else {
			wrong = problem.Usage("lang-unknown", "value", chosen)
		}
	}
	text, err := i18n.Load(language)
	if err != nil {
		return &program{console: &console{environment: env}}, err
	}
	return &program{console: newConsole(env, text, slices.Contains(args, "--json")), text: text}, wrong
}

// languageFlag returns the value of --lang anywhere among the arguments, in either of its two spellings.
func languageFlag(args []string) (value string, isGiven bool) {
	for i, arg := range args {
		name, value, isInline := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case name != "lang" || !strings.HasPrefix(arg, "-"):
		case isInline:
			return value, true
		case i+1 < len(args):
			return args[i+1], true
		}
	}
	return "", false
}

// execute runs a command. A panic becomes an ordinary error.
func (p *program) execute(ctx context.Context, args []string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = problem.Wrap("crashed", fmt.Errorf("%v", r))
		}
	}()
	app := p.app()
	return app.RunContext(ctx, flagsFirst(app, args))
}

// runFunc is what a command does, with its command line.
type runFunc func(c *cli.Context, s *session) error

// action returns the library's function for a command: it checks what all commands check and starts a session.
func (p *program) action(command *cli.Command, run runFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		s := newSession(p.console, globalOptionsOf(c), invocationOf(c))
		if takesArguments := command.ArgsUsage != "" || len(command.Subcommands) > 0; !takesArguments && c.Args().Present() {
			return problem.Usage("argument-unexpected", "value", redactArg(c.Args().First()))
		}
		if c.IsSet("timeout") && c.Duration("timeout") <= 0 {
			return problem.Usage("flag-invalid", "flag", "--timeout", "value", c.Duration("timeout").String(), "command", commandOf(c))
		}
		return run(c, s)
	}
}
