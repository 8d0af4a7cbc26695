package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/provision/verify"
)

// Every command that a sentence advises must run as it is printed, so it repeats what this run was told: the sandbox, the file,
// the hosts, the way there. In the catalogues {cfproxy} and {config} stand for the first two, {run_…} for a whole command.

// enter notes which command runs, and with it what the catalogues need.
func (p *program) enter(c *cli.Context) {
	p.context = c
	config := ""
	if file := c.String("config"); file != "" {
		config = " --config " + verify.ShellQuote(file)
	}
	p.text = p.text.With("cfproxy", strings.Join(lead(c), " "), "config", config)
	p.view.Text = p.text
}

// lead is how a command line begins.
func lead(c *cli.Context) []string {
	if file, _ := sandboxFile(c); file != "" {
		return []string{"cfproxy", "--sandbox", verify.ShellQuote(file)}
	}
	return []string{"cfproxy"}
}

// mostHostFlags fit a line; where a file lists more hosts, it says them as well.
const mostHostFlags = 5

// again gives the command line by which to go on: the same hosts and settings, for the same command or another one.
func (p *program) again(c *cli.Context, command string, hosts ...string) string {
	parts := append(lead(c), command)
	if file := c.String("config"); file != "" {
		parts = append(parts, "--config", verify.ShellQuote(file))
		hosts = nil
	}
	if len(hosts) > mostHostFlags && !c.IsSet("domain") {
		hosts = nil
	}
	for _, host := range hosts {
		parts = append(parts, "--domain", host)
	}
	for _, s := range config.Table() {
		if s.Key == config.KeyDomains || isKeyCommand(c) || !slices.Contains(settingsOf(command), s.Key) {
			continue
		}
		if s.Key == config.KeyProviders && c.Command.Name == "verify" && command != "verify" {
			continue // those to be proved need not be all that there are
		}
		values := s.Values(p.answered)
		if c.IsSet(s.Flag) {
			values = givenSettings{c}.Values(s.Flag)
		}
		for _, value := range values {
			parts = append(parts, s.AsFlag(verify.ShellQuote(value)))
		}
	}
	return strings.Join(append(parts, manner(c, command)...), " ")
}

// againAt is again for some of the hosts of the run, which a file that lists more would not say.
func (p *program) againAt(c *cli.Context, command string, hosts ...string) string {
	line := p.again(c, command, hosts...)
	if len(hosts) < len(p.hosts) && !strings.Contains(line, " --domain ") {
		for _, host := range hosts {
			line += " --domain " + host
		}
	}
	return line
}

// commandLine gives one for the same account and some hosts.
func (p *program) commandLine(c *cli.Context, command string, hosts ...string) string {
	parts := append(lead(c), command)
	for _, host := range hosts {
		parts = append(parts, "--domain", host)
	}
	return strings.Join(parts, " ")
}

// manner repeats how the run was to be done: of the same command all, of another one the way to the relay.
func manner(c *cli.Context, command string) []string {
	var parts []string
	if name := strings.TrimPrefix(command, "key "); c.Command != nil && strings.Fields(name)[0] == c.Command.Name {
		for _, name := range []string{"adopt", "no-verify"} {
			if c.Bool(name) {
				parts = append(parts, "--"+name)
			}
		}
		for _, name := range []string{"timeout", "key-env", "model"} {
			if c.IsSet(name) {
				parts = append(parts, "--"+name, verify.ShellQuote(c.String(name)))
			}
		}
	}
	if slices.Contains([]string{"status", "destroy", "versions"}, command) {
		return parts
	}
	for _, mapping := range c.StringSlice("connect-to") {
		parts = append(parts, "--connect-to", verify.ShellQuote(mapping))
	}
	if file := c.String("cacert"); file != "" {
		parts = append(parts, "--cacert", verify.ShellQuote(file))
	}
	return parts
}

// settingsOf names the settings that a command takes.
func settingsOf(command string) []string {
	switch command {
	case "verify":
		return []string{config.KeyDomains, config.KeyProviders}
	case "destroy", "versions", "rollback":
		return []string{config.KeyDomains, config.KeyWorker, config.KeyAccount}
	}
	var all []string
	for _, s := range config.Table() {
		all = append(all, s.Key)
	}
	return all
}
