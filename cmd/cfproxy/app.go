package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

// app lays out the command line. It is made after the language is chosen, since usage texts are plain fields; those of the
// library's own two flags are in its globals, which is where it wants them replaced.
func (p *program) app() *cli.App {
	cli.HelpFlag = &cli.BoolFlag{Name: "help", Aliases: []string{"h"}, Usage: p.text.T("flag.help"), DisableDefaultText: true}
	cli.VersionFlag = &cli.BoolFlag{Name: "version", Aliases: []string{"v"}, Usage: p.text.T("flag.version"), DisableDefaultText: true}
	app := &cli.App{
		Name:                  "cfproxy",
		Usage:                 p.text.T("usage.app"),
		Version:               version(),
		Flags:                 p.globalFlags(),
		Reader:                p.stdin,
		Writer:                p.stdout,
		ErrWriter:             p.stderr,
		Action:                p.noCommand,
		OnUsageError:          p.onUsageError,
		EnableBashCompletion:  true,
		HideHelpCommand:       true,
		CustomAppHelpTemplate: p.appHelp(),
		// Errors are shown and turned into an exit status in one place, which is not the library's.
		ExitErrHandler: func(*cli.Context, error) {},
		Commands: []*cli.Command{
			p.initCommand(), p.deployCommand(), p.planCommand(), p.verifyCommand(), p.statusCommand(), p.versionsCommand(),
			p.rollbackCommand(), p.destroyCommand(), p.keyCommand(), p.loginCommand(), p.logoutCommand(), p.demoCommand(),
			p.sandboxCommand(), p.versionCommand(), p.completionCommand(),
		},
	}
	for _, command := range app.Commands {
		p.finish(command, command.Name)
		for _, sub := range command.Subcommands {
			p.finish(sub, command.Name+"-"+sub.Name)
		}
	}
	return app
}

// finish gives a command what all have in common: the global flags, which may also stand behind it, and its help. name is
// that of its texts.
func (p *program) finish(command *cli.Command, name string) {
	command.Usage = p.text.T("usage." + name)
	command.Flags = append(command.Flags, p.globalFlags()...)
	command.CustomHelpTemplate = p.commandHelp(name, append(slices.Clone(command.Flags), cli.HelpFlag))
	command.OnUsageError = p.onUsageError
	command.HideHelpCommand = true
	action := command.Action
	command.Action = func(c *cli.Context) error {
		p.json = c.Bool("json")
		p.enter(c)
		if takes := command.ArgsUsage != "" || len(command.Subcommands) > 0; !takes && c.Args().Present() {
			return problem.Usage("argument-unexpected", "value", redactArg(c.Args().First()))
		}
		if c.IsSet("timeout") && c.Duration("timeout") <= 0 {
			return problem.Usage("flag-invalid", "flag", "--timeout", "value", c.Duration("timeout").String(), "command", commandOf(c))
		}
		return action(c)
	}
}

func (p *program) globalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "sandbox", Usage: p.text.T("flag.sandbox"), TakesFile: true},
		&cli.StringFlag{Name: "lang", Usage: p.text.T("flag.lang")},
		&cli.BoolFlag{Name: "debug", Usage: p.text.T("flag.debug"), DisableDefaultText: true},
	}
}

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

// suggestCommand takes the name out of the library's sentence, which is English.
func suggestCommand(commands []*cli.Command, wrong string) string {
	var name string
	if _, err := fmt.Sscanf(cli.SuggestCommand(commands, wrong), cli.SuggestDidYouMeanTemplate, &name); err != nil {
		return ""
	}
	return name
}

// onUsageError finds our own words for what the library says. Its errors have no types, only texts; one that changed would
// be shown as it is.
func (p *program) onUsageError(c *cli.Context, err error, _ bool) error {
	e := problem.Usage("flag-wrong")
	e.Err = err
	for prefix, code := range map[string]string{
		"flag provided but not defined: -": "flag-unknown", "flag needs an argument: -": "flag-empty",
	} {
		if flag, found := strings.CutPrefix(err.Error(), prefix); found {
			e = problem.Usage(code, "flag", "--"+flag)
		}
	}
	var value, flag string
	if n, _ := fmt.Sscanf(err.Error(), "invalid value %q for flag -%s", &value, &flag); n == 2 {
		e = problem.Usage("flag-invalid", "flag", "--"+strings.TrimSuffix(flag, ":"), "value", value)
	}
	if n, _ := fmt.Sscanf(err.Error(), "invalid boolean value %q for -%s", &value, &flag); n == 2 {
		e = problem.Usage("flag-toggle", "flag", "--"+strings.TrimSuffix(flag, ":"), "value", value)
	}
	e.Details["command"] = commandOf(c)
	return e
}

// commandOf gives the name of the program and of the command, if there is one.
func commandOf(c *cli.Context) string {
	if c.Command == nil || c.Command.Name == c.App.Name {
		return c.App.Name
	}
	return c.Command.HelpName
}

func (p *program) versionCommand() *cli.Command {
	return &cli.Command{Name: "version", Action: func(c *cli.Context) error {
		_, err := io.WriteString(p.stdout, "cfproxy version "+version()+"\n")
		return err
	}}
}

// flagsFirst moves the flags behind a command's argument before it, since the library stops looking at the first argument and
// people write "key add alice --expires 30d".
func flagsFirst(app *cli.App, args []string) []string {
	commands, flags := app.Commands, app.Flags
	var command *cli.Command
	i := min(1, len(args))
	for i < len(args) {
		if strings.HasPrefix(args[i], "-") {
			i += widthOf(flags, args[i])
			continue
		}
		at := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.Name == args[i] })
		if at < 0 {
			break
		}
		command = commands[at]
		commands, flags = command.Subcommands, command.Flags
		i++
	}
	if command == nil || command.ArgsUsage == "" || i >= len(args) || strings.HasSuffix(args[len(args)-1], "-bash-completion") {
		return args
	}
	var behind, arguments []string
	for i := i; i < len(args); {
		width := 1
		if !strings.HasPrefix(args[i], "-") || args[i] == "--" {
			arguments = append(arguments, args[i])
		} else {
			width = min(widthOf(flags, args[i]), len(args)-i)
			behind = append(behind, args[i:i+width]...)
		}
		i += width
	}
	return slices.Concat(args[:i], behind, arguments)
}

// widthOf tells how many arguments a flag takes, itself included.
func widthOf(flags []cli.Flag, arg string) int {
	name := strings.TrimLeft(arg, "-")
	for _, flag := range flags {
		_, isBool := flag.(*cli.BoolFlag)
		if slices.Contains(flag.Names(), name) && !isBool {
			return 2
		}
	}
	return 1
}
