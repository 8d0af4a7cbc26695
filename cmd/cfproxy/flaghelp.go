package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
)

const (
	flagColumn = 23 // column at which the descriptions of flags begin
	helpWidth  = 80 // width of a help page in columns
)

// flagHelp returns a list of flags with their descriptions in a second column. The library would print each in one long
// line.
func (p *program) flagHelp(flags []cli.Flag) string {
	var b strings.Builder
	for _, flag := range flags {
		documented, ok := flag.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		name, about := p.flagText(flag, documented)
		lines := strings.Split(prompt.Wrap(about, helpWidth-flagColumn), "\n")
		if len(name) > flagColumn-4 {
			fmt.Fprintf(&b, "  %s\n", name)
			name = ""
		}
		for i, line := range lines {
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(&b, "  %-*s%s\n", flagColumn-2, name, line)
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// flagText returns the names of a flag, with the placeholder that its description has in backquotes, and the
// description.
func (p *program) flagText(flag cli.Flag, documented cli.DocGenerationFlag) (name, about string) {
	// Only the help page needs the list of providers.
	about = strings.ReplaceAll(documented.GetUsage(), "{known}", strings.Join(config.OpenRefs(config.AllProviders()), ", "))
	before, rest, _ := strings.Cut(about, "`")
	placeholder, after, quoted := strings.Cut(rest, "`")
	names := []string{}
	for _, name := range flag.Names() {
		names = append(names, strings.Repeat("-", min(len(name), 2))+name)
	}
	name = strings.Join(names, ", ")
	if documented.TakesValue() && quoted {
		name += " " + placeholder
	}
	if quoted {
		about = before + placeholder + after
	}
	if value := strings.Trim(documented.GetDefaultText(), `"`); value != "" && documented.TakesValue() {
		about += p.text.T("help.default", "value", value)
	}
	return name, about
}
