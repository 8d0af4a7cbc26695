package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

// onUsageError returns our error for one of the library. The library's errors have no types, only texts, which usage_test.go pins; an
// unknown text is shown as it is.
func onUsageError(c *cli.Context, err error, _ bool) error {
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

// flagsFirst moves the flags after a command's argument before it. The library stops looking for flags at the first argument, and
// people write "key add alice --expires 30d".
func flagsFirst(app *cli.App, args []string) []string {
	commands, flags := app.Commands, app.Flags
	var command *cli.Command
	i := min(1, len(args))
	for i < len(args) {
		if strings.HasPrefix(args[i], "-") {
			i += flagWidth(flags, args[i])
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
	var moved, arguments []string
	for i := i; i < len(args); {
		width := 1
		if !strings.HasPrefix(args[i], "-") || args[i] == "--" {
			arguments = append(arguments, args[i])
		} else {
			width = min(flagWidth(flags, args[i]), len(args)-i)
			moved = append(moved, args[i:i+width]...)
		}
		i += width
	}
	return slices.Concat(args[:i], moved, arguments)
}

// flagWidth returns how many arguments a flag takes, itself included.
func flagWidth(flags []cli.Flag, arg string) int {
	name := strings.TrimLeft(arg, "-")
	for _, flag := range flags {
		_, isBool := flag.(*cli.BoolFlag)
		if slices.Contains(flag.Names(), name) && !isBool {
			return 2
		}
	}
	return 1
}
