package main

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
)

// Flags that several commands share, and the options that they fill.

// globalOptions are those of every command.
type globalOptions struct {
	sandbox     string
	isSandbox   bool // --sandbox was given, perhaps empty
	debug, json bool
}

func globalOptionsOf(c *cli.Context) globalOptions {
	o := globalOptions{json: c.Bool("json")}
	for _, level := range c.Lineage() {
		if !o.isSandbox && level.IsSet("sandbox") {
			o.sandbox, o.isSandbox = level.String("sandbox"), true
		}
		o.debug = o.debug || level.Bool("debug")
	}
	return o
}

func (p *program) globalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "sandbox", Usage: p.text.T("flag.sandbox"), TakesFile: true},
		&cli.StringFlag{Name: "lang", Usage: p.text.T("flag.lang")},
		p.boolFlag("debug"),
	}
}

// relayOptions say which relays a command is about.
type relayOptions struct {
	given relayFlags
	// file is the cfproxy.toml that was named; "" for the one of this folder.
	file  string
	adopt bool
}

func relayOptionsOf(c *cli.Context) relayOptions {
	return relayOptions{given: relayFlags{c.IsSet, givenValues(c)}, file: c.String("config"), adopt: c.Bool("adopt")}
}

// source returns where the settings come from.
func (o relayOptions) source(s *session) config.Source {
	return config.Source{Flags: o.given, File: o.file, Getenv: s.getenv, Command: strings.TrimSpace("cfproxy " + s.inv.command)}
}

// relayFlags are the flags of settings.
type relayFlags struct {
	isSet  func(name string) bool
	values map[string][]string
}

// IsSet reports whether a flag was given.
func (f relayFlags) IsSet(name string) bool { return f.isSet(name) }

// Values returns the values of a flag.
func (f relayFlags) Values(name string) []string { return f.values[name] }

// givenValues returns the values of the setting flags that were given, by flag.
func givenValues(c *cli.Context) map[string][]string {
	values := map[string][]string{}
	for _, s := range config.Table() {
		switch {
		case !c.IsSet(s.Flag):
		case s.Key == config.KeyDomains:
			values[s.Flag] = c.StringSlice(s.Flag)
		case s.IsList:
			values[s.Flag] = listOf(c, s.Flag)
		case s.IsToggle:
			values[s.Flag] = []string{strconv.FormatBool(c.Bool(s.Flag))}
		default:
			values[s.Flag] = []string{c.String(s.Flag)}
		}
	}
	return values
}

// listOf returns the values of a flag that may be repeated or have several values with commas between them.
func listOf(c *cli.Context, name string) []string {
	var list []string
	for _, value := range c.StringSlice(name) {
		for item := range strings.SplitSeq(value, ",") {
			list = append(list, strings.TrimSpace(item))
		}
	}
	return list
}

// settingFlags returns the flags of settings, all or those of the keys, and --config.
func (p *program) settingFlags(keys ...string) []cli.Flag {
	var flags []cli.Flag
	for _, s := range config.Table() {
		if len(keys) > 0 && !slices.Contains(keys, s.Key) {
			continue
		}
		usage := p.text.T("setting." + s.Key)
		switch {
		case s.IsList:
			flags = append(flags, &cli.StringSliceFlag{Name: s.Flag, Usage: usage})
		case s.IsToggle:
			flags = append(flags, &cli.BoolFlag{Name: s.Flag, Usage: usage, Value: true})
		default:
			flags = append(flags, &cli.StringFlag{Name: s.Flag, Usage: usage})
		}
	}
	return append(flags, p.configFlag())
}

func (p *program) configFlag() cli.Flag {
	return &cli.StringFlag{Name: "config", Usage: p.text.T("flag.config"), TakesFile: true}
}

// boolFlag returns a flag that is off by default, with the text of its name.
func (p *program) boolFlag(name string) cli.Flag {
	return &cli.BoolFlag{Name: name, Usage: p.text.T("flag." + name), DisableDefaultText: true}
}

func (p *program) stringFlag(name string) cli.Flag {
	return &cli.StringFlag{Name: name, Usage: p.text.T("flag." + name)}
}

func (p *program) yesFlag() cli.Flag {
	return &cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: p.text.T("flag.yes"), DisableDefaultText: true}
}

// networkOptions say how the verifier reaches the relay, and for how long it tries. --connect-to and --cacert work as in curl.
type networkOptions struct {
	connectTo []string
	caCert    string
	timeout   time.Duration // 0: verify.DefaultTimeout
}

func networkOptionsOf(c *cli.Context) networkOptions {
	return networkOptions{connectTo: listOf(c, "connect-to"), caCert: c.String("cacert"), timeout: c.Duration("timeout")}
}

func (p *program) networkFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "connect-to", Usage: p.text.T("flag.connect-to")},
		&cli.StringFlag{Name: "cacert", Usage: p.text.T("flag.cacert"), TakesFile: true},
		&cli.DurationFlag{Name: "timeout", Usage: p.text.T("flag.timeout"), DefaultText: "2m"},
	}
}
