package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/credential"
	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/provision"
)

// program is one run: where it runs, the words of its language, and how it shows things.
type program struct {
	environment
	text *i18n.Catalog
	view view.View
	// json says that stdout is for a machine, so that even an error is said there as JSON.
	json bool
	// context is the command's that runs, nil before one was found; hosts are those of its relay, once known.
	context *cli.Context
	hosts   []string
	// noticed says that the address of the API was mentioned.
	noticed bool
	// answered are the settings that no flag and no file says, but the wizard or what stands.
	answered config.Settings
	// failed is what an apply that failed had done until then, for the error's JSON.
	failed *provision.Receipt
	// apiToken is the API token, if it is known already. storesSearched is set after the keyring and the file were read.
	apiToken       credential.APIToken
	storesSearched bool
	// typedKeys are the provider keys that were typed.
	typedKeys []string
	// newToken is the access token that this run generated. It must be printed once it is in the file, even if the run fails.
	newToken config.NewToken
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
			wrong = problem.Usage("lang-unknown", "value", chosen)
		}
	}
	text, err := i18n.Load(language)
	if err != nil {
		return &program{environment: env}, err
	}
	look := view.View{Text: text, Color: env.color, Width: env.width, Wrap: prompt.Wrap}
	return &program{
		environment: env, text: text, view: look, json: slices.Contains(args, "--json"),
	}, wrong
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

// sandboxFile reads --sandbox, before or after the command; "" where it is not given. Given but empty, as by a variable that
// was never set, it must not mean the real account.
func sandboxFile(c *cli.Context) (string, error) {
	for _, level := range c.Lineage() {
		if !level.IsSet("sandbox") {
			continue
		}
		if file := level.String("sandbox"); file != "" {
			return file, nil
		}
		return "", problem.Usage("sandbox-empty")
	}
	return "", nil
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

// note writes a line that is not the result, on stderr: progress, plans before a yes, warnings.
func (p *program) note(key string, pairs ...string) {
	fmt.Fprintln(p.stderr, p.text.T(key, pairs...))
}

// answer writes a line of the result, on stdout.
func (p *program) answer(key string, pairs ...string) {
	fmt.Fprintln(p.stdout, p.text.T(key, pairs...))
}

func (p *program) progress() *view.Progress {
	return p.view.NewProgress(p.stderr, p.terminal && p.getenv("TERM") != "dumb", p.width)
}
