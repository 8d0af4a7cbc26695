package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/provision/verify"
)

// invocation is how a command was called. Hints and messages print commands that must run as they are printed, so they repeat
// the flags of this run: the sandbox, the file, the hosts, the settings and those of networkOptions. What a run finds out later, its
// hosts and answers, is added then.
type invocation struct {
	// command is the name as it is typed, "deploy" or "key add"; "" if none was recognised.
	command string
	sandbox string
	// config is the file of --config; "" for the one of this folder.
	config string
	// isDomainGiven says that --domain was given.
	isDomainGiven bool
	// given are the settings of flags. answered are those that come from the wizard or from the deployed relay.
	given, answered config.Settings
	// hosts are those of the run, once they are known.
	hosts []string
	// arguments are those after the command and its flags, and tokenFlags the flags that describe a token, of a key command.
	arguments, tokenFlags []string
	// repeated are flags for the same command only; network those of networkOptions, for any command that verifies.
	repeated, network []string
}

func invocationOf(c *cli.Context) invocation {
	inv := invocation{
		command: strings.TrimPrefix(strings.TrimPrefix(commandOf(c), c.App.Name), " "),
		sandbox: globalOptionsOf(c).sandbox,
		config:  c.String("config"),
	}
	if !inv.isKeyCommand() {
		inv.given, inv.isDomainGiven = config.GivenSettings(relayOptionsOf(c).given), c.IsSet("domain")
	}
	if inv.isKeyCommand() {
		inv.arguments, inv.tokenFlags = append(c.Args().Slice(), ""), tokenFlagsOf(c)
	}
	for _, name := range []string{"adopt", "no-verify"} {
		if c.Bool(name) {
			inv.repeated = append(inv.repeated, "--"+name)
		}
	}
	for _, name := range []string{"timeout", "key-env", "model"} {
		if c.IsSet(name) {
			inv.repeated = append(inv.repeated, "--"+name, verify.ShellQuote(c.String(name)))
		}
	}
	for _, mapping := range listOf(c, "connect-to") {
		inv.network = append(inv.network, "--connect-to", verify.ShellQuote(mapping))
	}
	if file := c.String("cacert"); file != "" {
		inv.network = append(inv.network, "--cacert", verify.ShellQuote(file))
	}
	return inv
}

// isKeyCommand reports whether the command is one of "key", whose flags describe a token and not the relay.
func (inv invocation) isKeyCommand() bool { return strings.HasPrefix(inv.command, "key ") }

// programWords returns how a command line for the same account begins.
func (inv invocation) programWords() []string {
	if inv.sandbox != "" {
		return []string{"cfproxy", "--sandbox", verify.ShellQuote(inv.sandbox)}
	}
	return []string{"cfproxy"}
}

// configFlag returns --config with a space before it, or "" if no file was named.
func (inv invocation) configFlag() string {
	if inv.config == "" {
		return ""
	}
	return " --config " + verify.ShellQuote(inv.config)
}

// fileName returns the name of the file, whether or not it was named.
func (inv invocation) fileName() string { return cmp.Or(inv.config, config.FileName) }

// maxHostFlags is how many hosts a command line repeats; a file lists more.
const maxHostFlags = 5

// rerun returns the command line that continues this run: the same hosts and settings, for the same command or another one.
func (inv invocation) rerun(command string, hosts ...string) string {
	parts := append(inv.programWords(), command)
	if inv.config != "" {
		parts = append(parts, "--config", verify.ShellQuote(inv.config))
		hosts = nil
	}
	if len(hosts) > maxHostFlags && !inv.isDomainGiven {
		hosts = nil
	}
	for _, host := range hosts {
		parts = append(parts, "--domain", host)
	}
	parts = append(parts, inv.settingFlags(command)...)
	if strings.HasPrefix(command+" ", inv.command+" ") {
		parts = append(parts, inv.repeated...)
	}
	if !slices.Contains([]string{"status", "destroy", "versions"}, command) {
		parts = append(parts, inv.network...)
	}
	return strings.Join(parts, " ")
}

// settingFlags returns the settings of this run as flags of another command.
func (inv invocation) settingFlags(command string) []string {
	var flags []string
	for _, s := range config.Table() {
		if s.Key == config.KeyDomains || inv.isKeyCommand() || !slices.Contains(settingKeysOf(command), s.Key) {
			continue
		}
		if s.Key == config.KeyProviders && inv.command == "verify" && command != "verify" {
			continue // with verify, --provider may name some of the providers only
		}
		values := s.Values(inv.given)
		if len(values) == 0 {
			values = s.Values(inv.answered)
		}
		for _, value := range values {
			flags = append(flags, s.AsFlag(verify.ShellQuote(value)))
		}
	}
	return flags
}

// rerunFor is rerun for some of the hosts of the run, which a file that lists more would not name.
func (inv invocation) rerunFor(command string, hosts ...string) string {
	line := inv.rerun(command, hosts...)
	if len(hosts) < len(inv.hosts) && !strings.Contains(line, " --domain ") {
		for _, host := range hosts {
			line += " --domain " + host
		}
	}
	return line
}

// rerunKey returns the command line of this run of a key command.
func (inv invocation) rerunKey() string {
	line := inv.rerun(inv.command + " " + inv.arguments[0])
	return strings.Join(append([]string{line}, inv.tokenFlags...), " ")
}

// newCommand returns a command line for the same account and some hosts, without the settings of this run.
func (inv invocation) newCommand(command string, hosts ...string) string {
	parts := append(inv.programWords(), command)
	for _, host := range hosts {
		parts = append(parts, "--domain", host)
	}
	return strings.Join(parts, " ")
}

// settingKeysOf returns the keys of the settings that a command takes as flags.
func settingKeysOf(command string) []string {
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
