package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/credential"
	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/templates"
)

// The wizard is no second way through the program: it fills in what is missing among the settings, and only where a
// person can be asked. Everywhere else what is missing is an error that names the flag.

// askDomain fills in the domain.
func (p *program) askDomain(ctx context.Context, chosen config.Settings) (config.Settings, error) {
	if len(chosen.Domains) > 0 {
		return chosen, nil
	}
	if chosen.HasFile() && !p.terminal {
		return chosen, problem.Usage("config-no-domains", "file", cmp.Or(p.context.String("config"), config.FileName))
	}
	if !p.terminal {
		return chosen, problem.Usage("domain-missing")
	}
	answers, err := p.ask().Ask(ctx, []prompt.Question{p.hostQuestion("")})
	if err != nil {
		return chosen, err
	}
	chosen.Domains = []string{answers[config.KeyDomains]}
	return chosen, nil
}

// askToken returns the API token from the environment, the keyring or the file, or asks for one. The sandbox needs none.
func (p *program) askToken(c *cli.Context) (string, error) {
	if file, err := sandboxFile(c); err != nil || file != "" {
		return "", err
	}
	token, err := p.findToken(c)
	if err != nil || token != "" || !p.terminal {
		return token, err
	}
	question := p.tokenQuestion()
	question.Help = p.text.T("ask.token.help", "link", tokenLink(), "permissions", p.permissionList()) + "\n" + p.text.T("ask.token.unstored")
	answers, err := p.ask().Ask(c.Context, []prompt.Question{question})
	p.apiToken = credential.APIToken{Value: answers["token"], Source: credential.FromPrompt}
	return p.apiToken.Value, err
}

func (p *program) askTokenAgain(c *cli.Context) (string, error) {
	answers, err := p.ask().Ask(c.Context, []prompt.Question{p.tokenQuestion()})
	p.apiToken.Value = answers["token"]
	return p.apiToken.Value, err
}

func (p *program) tokenQuestion() prompt.Question {
	return prompt.Question{
		Key: "token", Kind: prompt.Password, Title: p.text.T("ask.token.title"), Validate: p.saying(cloudflare.CheckToken),
	}
}

func (p *program) permissionList() string {
	var names []string
	for _, permission := range permissions() {
		names = append(names, "  "+p.text.T("permission."+permission))
	}
	return strings.Join(names, "\n")
}

// saying turns a check that answers in codes into one that answers in words.
func (p *program) saying(check func(string) error) func(string) error {
	return func(value string) error {
		err := check(value)
		if err == nil {
			return nil
		}
		code, details, _ := p.classify(err)
		text := p.text.T("error."+code, i18n.Pairs(p.readable(details))...)
		if suggestion := details["suggestion"]; suggestion != "" {
			text += p.text.T("hint.inline", "suggestion", suggestion)
		}
		return errors.New(text)
	}
}

// askZone asks for the zone and the hostname in it.
func (p *program) askZone(ctx context.Context, account *account, chosen config.Settings) (config.Settings, error) {
	if len(chosen.Domains) > 0 {
		return chosen, nil
	}
	zones, err := p.readZones(ctx, account, chosen.Account)
	if err != nil {
		return chosen, err
	}
	host, err := p.askHost(ctx, zones)
	if err != nil {
		return chosen, err
	}
	chosen.Domains = []string{host}
	return chosen, nil
}

// askProviders asks for the provider, and for what is missing of those that are known.
func (p *program) askProviders(ctx context.Context, chosen config.Settings) (config.Settings, error) {
	if len(chosen.Providers) == 0 {
		question, err := p.providerQuestion()
		if err != nil {
			return chosen, err
		}
		answers, err := p.ask().Ask(ctx, []prompt.Question{question})
		if err != nil {
			return chosen, err
		}
		chosen.Providers = []string{answers[config.KeyProviders]}
	}
	specs, err := p.askValues(ctx, chosen.Providers)
	chosen.Providers = specs
	return chosen, err
}

// askValues completes the providers of which the origin has a part that only the owner knows.
func (p *program) askValues(ctx context.Context, specs []string) ([]string, error) {
	var whole []string
	for _, spec := range specs {
		provider, err := config.RecognizeProvider(spec)
		if err != nil {
			return nil, err
		}
		if blank, open := config.PlaceholderOf(provider); open {
			value, err := p.askBlank(ctx, blank)
			if err != nil {
				return nil, err
			}
			spec = provider.ID + "=" + value
		}
		whole = append(whole, spec)
	}
	return whole, nil
}

func (p *program) askBlank(ctx context.Context, b config.Placeholder) (string, error) {
	answers, err := p.ask().Ask(ctx, []prompt.Question{{
		Key:         b.Name,
		Title:       p.text.T("ask." + b.Name + ".title"),
		Help:        p.text.T("ask." + b.Name + ".help"),
		Placeholder: b.Example,
		Validate: p.saying(func(value string) error {
			_, err := b.Parse(value)
			return err
		}),
	}})
	return answers[b.Name], err
}

func (p *program) readZones(ctx context.Context, account *account, id string) ([]plan.Zone, error) {
	progress := p.progress()
	defer progress.Close()
	progress.Spinner(p.text.T("doing.zones"))
	zones, err := account.engine.Zones(ctx, id, progress.Engine)
	if err == nil && len(zones) == 0 {
		err = &errcode.Error{Code: errcode.NoZones}
	}
	return zones, err
}

func (p *program) askHost(ctx context.Context, zones []plan.Zone) (string, error) {
	zone := zones[0].Name
	if len(zones) > 1 {
		question := prompt.Question{Key: "zone", Kind: prompt.Select, Title: p.text.T("ask.zone.title"), Help: p.text.T("ask.zone.help")}
		for _, z := range zones {
			question.Options = append(question.Options, prompt.Option{Value: z.Name, Label: p.zoneLabel(z)})
		}
		slices.SortFunc(question.Options, func(a, b prompt.Option) int { return strings.Compare(a.Value, b.Value) })
		question.Options = slices.CompactFunc(question.Options, func(a, b prompt.Option) bool { return a.Value == b.Value })
		answers, err := p.ask().Ask(ctx, []prompt.Question{question})
		if err != nil {
			return "", err
		}
		zone = answers["zone"]
	}
	answers, err := p.ask().Ask(ctx, []prompt.Question{p.hostQuestion(zone)})
	return answers[config.KeyDomains], err
}

func (p *program) zoneLabel(zone plan.Zone) string {
	label := hostname.Display(zone.Name)
	if !zone.Active() {
		label += p.text.T("ask.zone.status", "status", zone.Status)
	}
	return label
}

// hostQuestion asks for the full hostname, within a zone if one was chosen.
func (p *program) hostQuestion(zone string) prompt.Question {
	question := prompt.Question{
		Key:         config.KeyDomains,
		Title:       p.text.T("ask.host.title"),
		Help:        p.text.T("ask.host.help"),
		Placeholder: "gptapi.example.com",
		Validate: p.saying(func(value string) error {
			host, err := hostname.Parse(value)
			if err != nil || zone == "" || host == zone || strings.HasSuffix(host, "."+zone) {
				return err
			}
			return problem.Usage("host-outside", "host", value, "zone", zone, "suggestion", suggestion(value, zone))
		}),
	}
	if zone != "" {
		question.Default = "gptapi." + hostname.Display(zone)
	}
	return question
}

// suggestion completes a bare label to a name in the zone: who types "ai" means ai.example.com.
func suggestion(value, zone string) string {
	host, err := hostname.Parse(value + "." + zone)
	if err != nil {
		return ""
	}
	return host
}

func (p *program) providerQuestion() (prompt.Question, error) {
	providers, err := templates.Providers()
	question := prompt.Question{
		Key: config.KeyProviders, Kind: prompt.Select,
		Title: p.text.T("ask.provider.title"), Help: p.text.T("ask.provider.help"), Default: config.DefaultProvider,
	}
	width := 0
	for _, provider := range providers {
		width = max(width, len(provider.Name))
	}
	for _, provider := range providers {
		host := strings.TrimPrefix(provider.Origin, "https://")
		if blank, open := config.PlaceholderOf(provider); open {
			host = strings.ReplaceAll(host, "{"+blank.Name+"}", strings.ToUpper(blank.Name))
		}
		label := fmt.Sprintf("%-*s  %s", width, provider.Name, host)
		question.Options = append(question.Options, prompt.Option{Value: provider.ID, Label: label})
	}
	return question, err
}

// confirm asks for a yes before anything is written. A plan without changes needs none.
func (p *program) confirm(c *cli.Context, plan plan.Plan, command string) error {
	if len(plan.Changes()) == 0 || c.Bool("yes") {
		return nil
	}
	if !p.terminal {
		again := p.again(c, command, asciiHosts(plan)...)
		if isKeyCommand(c) {
			again = p.sameKeyCommand(c)
		}
		return problem.Usage("yes-missing", "command", again+" --yes")
	}
	answers, err := p.ask().Ask(c.Context, []prompt.Question{{
		Key: "yes", Kind: prompt.Confirm, Title: p.text.T("ask." + command + ".title"), Default: defaultOf(command),
	}})
	if err != nil {
		return err
	}
	if answers["yes"] != prompt.Yes {
		return problem.New("declined", problem.ExitFailed)
	}
	return nil
}

// defaultOf is what Enter means: yes to making, no to removing.
func defaultOf(command string) string {
	if command == "destroy" {
		return prompt.No
	}
	return prompt.Yes
}

func (p *program) promptTexts() prompt.Texts {
	t := func(key string) string { return p.text.T("prompt." + key) }
	return prompt.Texts{
		Yes: t("yes"), No: t("no"),
		Required: t("required"), ChooseSome: t("choose-some"), ChooseNumber: t("choose-number"), AnswerYesNo: t("answer-yes-no"),
		AskText: t("ask-text"), AskSecret: t("ask-secret"), AskNumber: t("ask-number"), AskNumbers: t("ask-numbers"),
		FilterHint: t("filter-hint"), NoMatch: t("no-match"),
		KeyNext: t("key-next"), KeySubmit: t("key-submit"), KeyBack: t("key-back"), KeyMove: t("key-move"),
		KeyToggle: t("key-toggle"), KeySwitch: t("key-switch"), KeyClear: t("key-clear"), KeyQuit: t("key-quit"),
	}
}
