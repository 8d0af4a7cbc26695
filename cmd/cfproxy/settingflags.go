package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
)

// settingFlags returns the flags of a command: for the named settings, or for all of them.
func (p *program) settingFlags(keys ...string) []cli.Flag {
	var flags []cli.Flag
	known := strings.Join(config.OpenRefs(config.AllProviders()), ", ")
	for _, s := range config.Table() {
		if len(keys) > 0 && !slices.Contains(keys, s.Key) {
			continue
		}
		help := p.text.T("setting."+s.Key, "known", known)
		switch {
		case s.IsList:
			flags = append(flags, &cli.StringSliceFlag{Name: s.Flag, Usage: help})
		case s.IsToggle:
			flags = append(flags, &cli.BoolFlag{Name: s.Flag, Usage: help, Value: true})
		default:
			flags = append(flags, &cli.StringFlag{Name: s.Flag, Usage: help})
		}
	}
	return append(flags, &cli.StringFlag{Name: "config", Usage: p.text.T("flag.config"), TakesFile: true})
}

// givenSettings makes the flags of a command line readable for package config.
type givenSettings struct{ *cli.Context }

// Values returns the values of a setting's flag.
func (g givenSettings) Values(name string) []string {
	i := slices.IndexFunc(config.Table(), func(s config.Setting) bool { return s.Flag == name })
	switch s := config.Table()[i]; {
	case s.IsList:
		return g.StringSlice(name)
	case s.IsToggle:
		return []string{strconv.FormatBool(g.Bool(name))}
	}
	return []string{g.String(name)}
}

// loadSettings returns the settings of each relay that the command line is about.
func (p *program) loadSettings(c *cli.Context) ([]config.Settings, error) {
	source := config.Source{Flags: givenSettings{c}, File: c.String("config"), Getenv: p.getenv, Command: commandOf(c)}
	return source.Load()
}

// newRelays makes relays of settings, and notes their hosts for the commands that hints advise.
func (p *program) newRelays(all []config.Settings) (config.Relays, error) {
	relays, err := config.NewRelays(all, version())
	p.hosts = relays.Domains()
	return relays, err
}
