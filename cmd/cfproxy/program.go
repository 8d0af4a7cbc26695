package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/cmd/internal/view"
)

// program is one run: where it runs, the words of its language, and how it shows things.
type program struct {
	environment
	text *i18n.Catalog
	view view.View
	// json says that stdout is for a machine, so that even an error is said there as JSON.
	json bool
	// noticed says that the address of the API was mentioned.
	noticed bool
}

// newProgram chooses the language before anything else, since even the help texts need it.
func newProgram(args []string, env environment) (*program, error) {
	language := i18n.FromEnvironment(env.getenv)
	chosen, given := languageFlag(args)
	var wrong error
	if given {
		if parsed, ok := i18n.Parse(chosen); ok {
			language = parsed
		} else {
			wrong = usage("lang-unknown", "value", chosen)
		}
	}
	text, err := i18n.Load(language)
	if err != nil {
		return &program{environment: env}, err
	}
	return &program{environment: env, text: text, view: view.View{Text: text, Color: env.color}}, wrong
}

// languageFlag finds --lang anywhere among the arguments, in either of its two spellings.
func languageFlag(args []string) (value string, given bool) {
	for i, arg := range args {
		name, value, inline := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case name != "lang" || !strings.HasPrefix(arg, "-"):
		case inline:
			return value, true
		case i+1 < len(args):
			return args[i+1], true
		}
	}
	return "", false
}

// global reads a flag that may stand before or after the command.
func global(c *cli.Context, name string) string {
	for _, level := range c.Lineage() {
		if level.IsSet(name) {
			return level.String(name)
		}
	}
	return ""
}

// ask gives the one prompter of the run: it may have read ahead, so a second one would miss answers.
func (p *program) ask() prompt.Prompter {
	if p.prompter != nil {
		return p.prompter
	}
	texts := p.promptTexts()
	if p.getenv("ACCESSIBLE") != "" || p.getenv("TERM") == "dumb" {
		p.prompter = prompt.NewLine(p.stdin, p.stderr, texts)
	} else {
		p.prompter = prompt.NewHuh(p.stdin, p.stderr, texts, prompt.NoColor(p.getenv("NO_COLOR") != ""))
	}
	return p.prompter
}

// say writes a line that is not the result: progress, plans before a yes, warnings.
func (p *program) say(key string, pairs ...string) {
	fmt.Fprintln(p.stderr, p.text.T(key, pairs...))
}

// tell writes a line of the result.
func (p *program) tell(key string, pairs ...string) {
	fmt.Fprintln(p.stdout, p.text.T(key, pairs...))
}

func (p *program) progress() *view.Progress {
	return p.view.NewProgress(p.stderr, p.terminal && p.getenv("TERM") != "dumb")
}
