package main

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

// app returns the command line. The help and version flags of the library are global variables, which is where it wants them
// replaced.
func (p *program) app() *cli.App {
	cli.HelpFlag = &cli.BoolFlag{Name: "help", Aliases: []string{"h"}, Usage: p.text.T("flag.help"), DisableDefaultText: true}
	cli.VersionFlag = &cli.BoolFlag{Name: "version", Aliases: []string{"v"}, Usage: p.text.T("flag.version"), DisableDefaultText: true}
	app := &cli.App{
		Name:                 "cfproxy",
		Usage:                p.text.T("usage.app"),
		Version:              version(),
		Flags:                p.globalFlags(),
		Reader:               p.console.stdin,
		Writer:               p.console.stdout,
		ErrWriter:            p.console.stderr,
		Action:               p.noCommand,
		OnUsageError:         onUsageError,
		EnableBashCompletion: true,
		HideHelpCommand:      true,
		// A comma in a hostname is a mistake that is reported. listOf splits the lists that may have commas.
		DisableSliceFlagSeparator: true,
		// console.exit shows errors and returns the exit status.
		ExitErrHandler: func(*cli.Context, error) {},
		Commands: []*cli.Command{
			p.initCommand(), p.deployCommand(), p.planCommand(), p.verifyCommand(), p.statusCommand(), p.versionsCommand(),
			p.rollbackCommand(), p.destroyCommand(), p.keyCommand(), p.explainCommand(), p.loginCommand(), p.logoutCommand(),
			p.demoCommand(), p.sandboxCommand(), p.versionCommand(), p.completionCommand(),
		},
	}
	for _, command := range app.Commands {
		p.complete(command, command.Name)
		for _, sub := range command.Subcommands {
			p.complete(sub, command.Name+"-"+sub.Name)
		}
	}
	cli.HelpPrinter = p.printHelp
	return app
}

// command returns a command that runs a function in a session.
func (p *program) command(name string, run runFunc, flags ...cli.Flag) *cli.Command {
	command := &cli.Command{Name: name, Flags: flags}
	command.Action = p.action(command, run)
	return command
}

// complete adds to a command what all commands have: its summary, the global flags, which may also follow it, and error handling.
// name is that of its texts.
func (p *program) complete(command *cli.Command, name string) {
	command.Usage = p.text.T("usage." + name)
	command.Flags = append(command.Flags, p.globalFlags()...)
	command.CustomHelpTemplate = name // see printHelp
	command.OnUsageError = onUsageError
	command.HideHelpCommand = true
}

// noCommand runs where the arguments name no command.
func (p *program) noCommand(c *cli.Context) error {
	switch {
	case !c.Args().Present(), c.Args().First() == "help" && c.NArg() == 1:
		return cli.ShowAppHelp(c)
	case c.Args().First() == "help" && c.App.Command(c.Args().Get(1)) != nil:
		return cli.ShowCommandHelp(c, c.Args().Get(1))
	}
	wrong := c.Args().First()
	return problem.Usage("command-unknown", "value", redactArg(wrong), "suggestion", suggestCommand(c.App.Commands, wrong))
}

// suggestCommand returns the name of the command that was probably meant, or "". It extracts it from the library's sentence, which
// is English.
func suggestCommand(commands []*cli.Command, wrong string) string {
	var name string
	if _, err := fmt.Sscanf(cli.SuggestCommand(commands, wrong), cli.SuggestDidYouMeanTemplate, &name); err != nil {
		return ""
	}
	return name
}

// commandOf returns the name of the program and of the command, if there is one.
func commandOf(c *cli.Context) string {
	if c.Command == nil || c.Command.Name == c.App.Name {
		return c.App.Name
	}
	return c.Command.HelpName
}

func (p *program) versionCommand() *cli.Command {
	return p.command("version", func(_ *cli.Context, s *session) error {
		_, err := io.WriteString(s.stdout, "cfproxy version "+version()+"\n")
		return err
	})
}
