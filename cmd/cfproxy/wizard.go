package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/input"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/templates"
	"github.com/cfproxy/cfproxy/worker"
)

// The questions fill in what is missing among the settings, and are asked on a terminal only. Without one, what is missing is an
// error that names the flag.

// askDomain returns the settings with a domain.
func (s *session) askDomain(ctx context.Context, chosen config.Settings) (config.Settings, error) {
	switch {
	case len(chosen.Domains) > 0:
		return chosen, nil
	case chosen.HasFile() && !s.terminal:
		return chosen, problem.Usage("config-no-domains", "file", s.inv.fileName())
	case !s.terminal:
		return chosen, problem.Usage("domain-missing")
	}
	answers, err := s.ask(ctx, s.hostQuestion(""))
	if err == nil {
		chosen.Domains = []string{answers[config.KeyDomains]}
	}
	return chosen, err
}

// askToken finds the API token, or asks for it. The sandbox needs none.
func (s *session) askToken(ctx context.Context) error {
	if file, err := s.sandboxFile(); err != nil || file != "" {
		return err
	}
	if err := s.findToken(ctx); err != nil || s.token.Value != "" || !s.terminal {
		return err
	}
	question := s.tokenQuestion()
	question.Help = s.tokenHelp() + "\n" + s.text.T("ask.token.unstored")
	answers, err := s.ask(ctx, question)
	s.setTypedToken(answers["token"])
	return err
}

// askTokenAgain asks for another token, without the explanation.
func (s *session) askTokenAgain(ctx context.Context) error {
	answers, err := s.ask(ctx, s.tokenQuestion())
	s.setTypedToken(answers["token"])
	return err
}

func (c *console) tokenQuestion() prompt.Question {
	return prompt.Question{
		Key: "token", Kind: prompt.Password, Title: c.text.T("ask.token.title"), Validate: c.localized(c.checkTypedToken),
	}
}

// tokenHelp explains where to create a token and which permissions it needs.
func (c *console) tokenHelp() string {
	var names []string
	for _, permission := range neededPermissions() {
		names = append(names, "  "+c.text.T("permission."+permission))
	}
	return c.text.T("ask.token.help", "link", tokenLink(), "permissions", strings.Join(names, "\n"))
}

// neededPermissions returns the permissions that the API token needs.
func neededPermissions() []string {
	return []string{cloudflare.PermissionZone, cloudflare.PermissionScripts, cloudflare.PermissionRoutes, cloudflare.PermissionDNS}
}

// askZone returns the settings with a hostname in one of the account's zones.
func (s *session) askZone(ctx context.Context, account *account, chosen config.Settings) (config.Settings, error) {
	if len(chosen.Domains) > 0 {
		return chosen, nil
	}
	zones, err := s.readZones(ctx, account, chosen.Account)
	if err != nil {
		return chosen, err
	}
	host, err := s.askHost(ctx, zones)
	if err == nil {
		chosen.Domains = []string{host}
	}
	return chosen, err
}

func (s *session) readZones(ctx context.Context, account *account, id string) ([]plan.Zone, error) {
	progress := s.progress()
	defer progress.Close()
	progress.Spinner(s.text.T("doing.zones"))
	zones, err := account.engine.Zones(ctx, id, progress.Engine)
	if err == nil && len(zones) == 0 {
		err = errcode.New(errcode.NoZones)
	}
	return zones, err
}

func (c *console) askHost(ctx context.Context, zones []plan.Zone) (string, error) {
	zone := zones[0].Name
	if len(zones) > 1 {
		question := prompt.Question{Key: "zone", Kind: prompt.Select, Title: c.text.T("ask.zone.title"), Help: c.text.T("ask.zone.help")}
		for _, z := range zones {
			question.Options = append(question.Options, prompt.Option{Value: z.Name, Label: c.zoneLabel(z)})
		}
		slices.SortFunc(question.Options, func(a, b prompt.Option) int { return strings.Compare(a.Value, b.Value) })
		question.Options = slices.CompactFunc(question.Options, func(a, b prompt.Option) bool { return a.Value == b.Value })
		answers, err := c.ask(ctx, question)
		if err != nil {
			return "", err
		}
		zone = answers["zone"]
	}
	answers, err := c.ask(ctx, c.hostQuestion(zone))
	return answers[config.KeyDomains], err
}

func (c *console) zoneLabel(zone plan.Zone) string {
	label := hostname.Display(zone.Name)
	if !zone.Active() {
		label += c.text.T("ask.zone.status", "status", zone.Status)
	}
	return label
}

// hostQuestion asks for the full hostname, within a zone if one was chosen.
func (c *console) hostQuestion(zone string) prompt.Question {
	question := prompt.Question{
		Key:         config.KeyDomains,
		Title:       c.text.T("ask.host.title"),
		Help:        c.text.T("ask.host.help"),
		Placeholder: config.ExampleHost,
		Validate:    c.localized(func(value string) error { return checkHost(value, zone) }),
	}
	if zone != "" {
		question.Default = "gptapi." + hostname.Display(zone)
	}
	return question
}

// checkHost checks a hostname, and that it is in the zone if there is one. For a host of another zone it suggests the same name in the
// zone.
func checkHost(value, zone string) error {
	host, err := hostname.Parse(value)
	if err != nil || zone == "" || host == zone || strings.HasSuffix(host, "."+zone) {
		return err
	}
	suggestion, err := hostname.Parse(value + "." + zone)
	if err != nil {
		suggestion = ""
	}
	return problem.Usage("host-outside", "host", value, "zone", zone, "suggestion", suggestion)
}

// askProviders returns the settings with providers, and with the values that their origins need.
func (c *console) askProviders(ctx context.Context, chosen config.Settings) (config.Settings, error) {
	if len(chosen.Providers) == 0 {
		question, err := c.providerQuestion()
		if err != nil {
			return chosen, err
		}
		answers, err := c.ask(ctx, question)
		if err != nil {
			return chosen, err
		}
		chosen.Providers = []string{answers[config.KeyProviders]}
	}
	var refs []string
	for _, ref := range chosen.Providers {
		provider, err := config.RecogniseProvider(ref)
		if err != nil {
			return chosen, err
		}
		if placeholder, isOpen := config.PlaceholderOf(provider); isOpen {
			value, err := c.askPlaceholder(ctx, placeholder)
			if err != nil {
				return chosen, err
			}
			ref = provider.ID + "=" + value
		}
		refs = append(refs, ref)
	}
	chosen.Providers = refs
	return chosen, nil
}

func (c *console) providerQuestion() (prompt.Question, error) {
	providers, err := templates.Providers()
	question := prompt.Question{
		Key: config.KeyProviders, Kind: prompt.Select,
		Title: c.text.T("ask.provider.title"), Help: c.text.T("ask.provider.help"), Default: config.DefaultProvider,
	}
	width := 0
	for _, provider := range providers {
		width = max(width, len(provider.Name))
	}
	for _, provider := range providers {
		host := strings.TrimPrefix(provider.Origin, "https://")
		if placeholder, isOpen := config.PlaceholderOf(provider); isOpen {
			host = strings.ReplaceAll(host, "{"+placeholder.Name+"}", placeholder.Reference())
		}
		label := fmt.Sprintf("%-*s  %s", width, provider.Name, host)
		question.Options = append(question.Options, prompt.Option{Value: provider.ID, Label: label})
	}
	return question, err
}

func (c *console) askPlaceholder(ctx context.Context, p config.Placeholder) (string, error) {
	answers, err := c.ask(ctx, prompt.Question{
		Key: p.Name, Title: c.text.T("ask." + p.Name + ".title"), Help: c.text.T("ask." + p.Name + ".help"), Placeholder: p.Example,
		Validate: c.localized(func(value string) error {
			_, err := p.Parse(value)
			return err
		}),
	})
	return answers[p.Name], err
}

// askAccess asks who may use the relay and, if it is managed, for whom to make the first token, which it returns. If there is a
// cfproxy.toml, nothing is asked: the file would not be changed, and the next deploy would follow it.
func (s *session) askAccess(ctx context.Context, chosen config.Settings) (config.Settings, config.NewToken, error) {
	if chosen.HasFile() {
		return chosen, config.NewToken{}, nil
	}
	if chosen.Access == "" {
		answers, err := s.ask(ctx, prompt.Question{
			Key: config.KeyAccess, Kind: prompt.Select, Title: s.text.T("ask.access.title"), Default: binding.AccessPassThrough,
			Options: []prompt.Option{
				{Value: binding.AccessPassThrough, Label: s.text.T("ask.access.open")},
				{Value: binding.AccessManaged, Label: s.text.T("ask.access.managed")},
			},
		})
		if err != nil {
			return chosen, config.NewToken{}, err
		}
		chosen.Access = answers[config.KeyAccess]
	}
	// A token is valid only if the new file lists it.
	if _, err := os.Stat(config.FileName); !chosen.IsManaged() || !errors.Is(err, fs.ErrNotExist) {
		return chosen, config.NewToken{}, nil
	}
	const key = "tokens"
	answers, err := s.ask(ctx, prompt.Question{
		Key: key, Title: s.text.T("ask.first-token.title"), Help: s.text.T("ask.first-token.help"), Optional: true,
		Validate: s.localized(config.CheckTokenName),
	})
	if err != nil || answers[key] == "" {
		return chosen, config.NewToken{}, err
	}
	token := s.generateToken(worker.Token{Name: answers[key]})
	return chosen.WithTokens([]worker.Token{token.Token}), token, nil
}

// generateToken makes a token whose secret is not printed by accident.
func (c *console) generateToken(token worker.Token) config.NewToken {
	t := config.GenerateToken(token)
	c.addSecret(t.Secret)
	return t
}

// askProviderKeys asks for the provider keys that neither the environment nor the account has.
func (s *session) askProviderKeys(ctx context.Context, r config.Relay, missing []string) (map[string]binding.Secret, error) {
	if !s.terminal {
		return nil, problem.Usage("owner-key-missing", "name", config.KeyVariable(missing[0]),
			"names", strings.Join(config.KeyVariables(missing), ", "))
	}
	var questions []prompt.Question
	for _, id := range missing {
		name := config.KeyVariable(id)
		questions = append(questions, prompt.Question{
			Key: id, Kind: prompt.Password, Title: s.text.T("ask.owner-key.title", "provider", r.ProviderName(id)),
			Help: s.text.T("ask.owner-key.help", "name", name),
			Validate: s.localized(func(text string) error {
				_, err := config.CleanKey(name, text)
				return err
			}),
		})
	}
	answers, err := s.ask(ctx, questions...)
	keys := map[string]binding.Secret{}
	for id, text := range answers {
		s.addSecret(text)
		key, _ := input.Clean("", text) // checked by the question
		keys[id] = binding.NewSecret(key)
	}
	return keys, err
}
