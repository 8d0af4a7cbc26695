package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/cmd/internal/input"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/provision/binding"
)

// console prints the results, messages and errors of a run, and asks questions, in the language of the user. With json, stdout
// carries one JSON document and nothing else.
type console struct {
	environment
	text *i18n.Catalog
	view view.View
	json bool
	// inv is how the running command was called; zero before a command was recognised.
	inv invocation
	// tokenPlace is where the API token of the run is stored, in words; "" if it is not stored.
	tokenPlace string
	// secrets are removed from texts of others before they are printed.
	secrets []string
}

func newConsole(env environment, text *i18n.Catalog, json bool) *console {
	v := view.View{Text: text, Color: env.color, Width: env.width, Wrap: prompt.Wrap}
	return &console{environment: env, text: text, view: v, json: json}
}

// begin prepares for a command: the commands in its messages repeat how it was called. In the catalogues {cfproxy} and {config} stand
// for the first words of a command line, and {run_…} for a whole one.
func (c *console) begin(inv invocation, json bool) {
	c.inv, c.json = inv, json
	c.text = c.text.With("cfproxy", strings.Join(inv.programWords(), " "), "config", inv.configFlag())
	c.view.Text = c.text
}

// outf prints a line of the result on stdout.
func (c *console) outf(key string, pairs ...string) {
	fmt.Fprintln(c.stdout, c.text.T(key, pairs...))
}

// errf prints a line on stderr that is not the result: progress, a plan before the question, a warning.
func (c *console) errf(key string, pairs ...string) {
	fmt.Fprintln(c.stderr, c.text.T(key, pairs...))
}

// writeJSON prints one indented document on stdout.
func (c *console) writeJSON(v any) error {
	encoder := json.NewEncoder(c.stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// progress returns a display of what is being done, on stderr. The caller closes it before it prints anything else.
func (c *console) progress() *view.Progress {
	return c.view.NewProgress(c.stderr, c.terminal && c.getenv("TERM") != "dumb", c.width)
}

// ask asks questions and returns the answers by their keys. All questions of a run go to one prompter, because it may have read
// ahead.
func (c *console) ask(ctx context.Context, questions ...prompt.Question) (map[string]string, error) {
	if c.prompter == nil {
		texts := c.promptTexts()
		if c.getenv("ACCESSIBLE") != "" || c.getenv("TERM") == "dumb" {
			c.prompter = prompt.NewLine(c.stdin, c.stderr, texts)
		} else {
			c.prompter = prompt.NewHuh(c.stdin, c.stderr, texts, prompt.NoColor(c.getenv("NO_COLOR") != ""))
		}
	}
	return c.prompter.Ask(ctx, questions)
}

// askYesNo asks one question and reports whether the answer is yes. def is what Enter means.
func (c *console) askYesNo(ctx context.Context, title, def string) (bool, error) {
	answers, err := c.ask(ctx, prompt.Question{Key: "yes", Kind: prompt.Confirm, Title: title, Default: def})
	return err == nil && answers["yes"] == prompt.Yes, err
}

// askToProceed asks one question and returns an error if the answer is no. def is what Enter means.
func (c *console) askToProceed(ctx context.Context, title, def string) error {
	isYes, err := c.askYesNo(ctx, title, def)
	if err == nil && !isYes {
		return problem.New("declined", problem.ExitFailed)
	}
	return err
}

// localized returns a check for the prompter that explains errors in the language of the user.
func (c *console) localized(check func(string) error) func(string) error {
	return func(value string) error {
		err := check(value)
		if err == nil {
			return nil
		}
		code, details, _ := c.describe(err)
		text := c.errorText(code, details)
		if suggestion := details["suggestion"]; suggestion != "" {
			text += c.text.T("hint.inline", "suggestion", suggestion)
		}
		return fmt.Errorf("%s", text)
	}
}

func (c *console) promptTexts() prompt.Texts {
	t := func(key string) string { return c.text.T("prompt." + key) }
	return prompt.Texts{
		Yes: t("yes"), No: t("no"),
		Required: t("required"), ChooseSome: t("choose-some"), ChooseNumber: t("choose-number"), AnswerYesNo: t("answer-yes-no"),
		AskText: t("ask-text"), AskSecret: t("ask-secret"), AskNumber: t("ask-number"), AskNumbers: t("ask-numbers"),
		FilterHint: t("filter-hint"), NoMatch: t("no-match"),
		KeyNext: t("key-next"), KeySubmit: t("key-submit"), KeyBack: t("key-back"), KeyMove: t("key-move"),
		KeyToggle: t("key-toggle"), KeySwitch: t("key-switch"), KeyClear: t("key-clear"), KeyQuit: t("key-quit"),
	}
}

// printToken prints a new token on stdout, alone, so that a script can read it from there.
func (c *console) printToken(t config.NewToken) {
	if t.Secret == "" || c.json {
		return
	}
	c.errf("key.new", "name", t.Token.Name)
	fmt.Fprintln(c.stdout, t.Secret)
	fmt.Fprintln(c.stderr)
}

// minSecret is the length of the shortest text that is redacted. A shorter one is no secret, and would blank letters in other words.
const minSecret = 8

// redact removes the secrets of this run, as they were given and as they are sent, from a text that others wrote, such as the cause of an error.
func (c *console) redact(text string) string {
	secrets := append([]string{c.getenv(tokenVariable)}, c.secrets...)
	for _, provider := range config.AllProviders() {
		secrets = append(secrets, c.getenv(config.KeyVariable(provider.ID)))
	}
	for _, secret := range secrets {
		cleaned, _ := input.Clean("", secret)
		for _, form := range []string{strings.TrimSpace(secret), cleaned} {
			if len(form) >= minSecret {
				text = binding.Redact(text, form)
			}
		}
	}
	return text
}

// addSecret makes redact remove a secret.
func (c *console) addSecret(secret string) { c.secrets = append(c.secrets, secret) }

// redactArg hides an argument that may be a secret in the wrong place.
func redactArg(argument string) string {
	if config.LooksLikeKey(argument) {
		return "…"
	}
	return argument
}
