package main

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/templates"
)

// setting is one thing that an owner can choose. The flags, the environment, cfproxy.toml and the wizard all fill the same
// table, so they cannot disagree.
type setting struct {
	key  string // in cfproxy.toml and in translations
	flag string
	env  string
	many bool
	// toggle is on unless it is switched off: --page=false.
	toggle bool
}

// The keys.
const (
	keyDomains   = "domains"
	keyProviders = "providers"
	keyWorker    = "worker"
	keyAccount   = "account"
	keyRegion    = "region"
	keyOrigin    = "origin"

	keyAccess       = "access"
	keyPage         = "page"
	keyAllowOrigins = "allow_origins"
	// keyTokens has no flag: tokens live in cfproxy.toml alone.
	keyTokens = "tokens"
	// keyRelays is the block of one relay among many.
	keyRelays = "relays"
)

func settingTable() []setting {
	return []setting{
		{key: keyDomains, flag: "domain", many: true},
		{key: keyProviders, flag: "provider", many: true},
		{key: keyWorker, flag: "worker"},
		{key: keyAccount, flag: "account", env: "CLOUDFLARE_ACCOUNT_ID"},
		{key: keyRegion, flag: "region"},
		{key: keyOrigin, flag: "origin"},
		{key: keyAccess, flag: "access"},
		{key: keyPage, flag: "page", toggle: true},
		{key: keyAllowOrigins, flag: "allow-origin", many: true},
	}
}

// settings are the values that were chosen, by key. A key that nobody chose is absent.
type settings map[string][]string

func (s settings) one(key string) string {
	if len(s[key]) == 0 {
		return ""
	}
	return s[key][0]
}

// settingFlags makes the flags of a command: the named settings, or all of them.
func (p *program) settingFlags(keys ...string) []cli.Flag {
	var flags []cli.Flag
	known := p.knownProviders()
	for _, s := range settingTable() {
		if len(keys) > 0 && !slices.Contains(keys, s.key) {
			continue
		}
		help := p.text.T("setting."+s.key, "known", known)
		switch {
		case s.many:
			flags = append(flags, &cli.StringSliceFlag{Name: s.flag, Usage: help})
		case s.toggle:
			flags = append(flags, &cli.BoolFlag{Name: s.flag, Usage: help, Value: true})
		default:
			flags = append(flags, &cli.StringFlag{Name: s.flag, Usage: help})
		}
	}
	return append(flags, &cli.StringFlag{Name: "config", Usage: p.text.T("flag.config"), TakesFile: true})
}

// knownProviders lists the ids for the help page.
func (p *program) knownProviders() string {
	providers, err := templates.Providers()
	if err != nil {
		return ""
	}
	return strings.Join(namesOf(providers), ", ")
}

// settings gathers what was chosen, for one relay or for each that the file lists: flag over environment over file. The defaults
// are left to those who use them, since status must tell a default from a choice.
func (p *program) settings(c *cli.Context) ([]settings, error) {
	chosen := p.environmentOver(nil)
	for _, s := range settingTable() {
		if !c.IsSet(s.flag) {
			continue
		}
		// A variable that was never set must not mean the default.
		if chosen[s.key] = s.given(c); slices.ContainsFunc(chosen[s.key], isBlank) {
			return nil, problem.Usage("flag-empty", "flag", "--"+s.flag, "command", commandOf(c))
		}
	}
	relays, err := p.configFile(c.String("config"), chosen[keyDomains])
	if err != nil || len(relays) == 0 {
		return []settings{chosen}, err
	}
	delete(chosen, keyDomains) // the file's relays have those of them that are theirs
	for i, relay := range relays {
		relays[i] = maps.Clone(relay)
		maps.Copy(relays[i], chosen)
	}
	return relays, nil
}

func isBlank(value string) bool { return strings.TrimSpace(value) == "" }

// environmentOver gives settings with those of the environment in their place.
func (p *program) environmentOver(file settings) settings {
	chosen := settings{}
	maps.Copy(chosen, file)
	for _, s := range settingTable() {
		if value := p.getenv(s.env); s.env != "" && value != "" {
			chosen[s.key] = []string{value}
		}
	}
	return chosen
}

// given reads the flag of a setting.
func (s setting) given(c *cli.Context) []string {
	switch {
	case s.many:
		return c.StringSlice(s.flag)
	case s.toggle:
		return []string{strconv.FormatBool(c.Bool(s.flag))}
	}
	return []string{c.String(s.flag)}
}

// asFlag writes a value as it is given on a command line.
func (s setting) asFlag(value string) string {
	if s.toggle {
		return "--" + s.flag + "=" + value
	}
	return "--" + s.flag + " " + value
}
