package main

import (
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// The help pages. Those of the library have English headings.

// printHelp is the library's printer of help pages. It makes the page only now, since most runs print none. The template of a command
// is the name of its texts, and that of the program is empty.
func (p *program) printHelp(out io.Writer, template string, data any) {
	switch page := data.(type) {
	case *cli.App:
		template = p.appHelp()
	case *cli.Command:
		template = p.commandHelp(template, page.Flags) // the library has added --help
	}
	cli.HelpPrinterCustom(out, template, data, nil)
}

func (p *program) appHelp() string {
	return strings.NewReplacer(
		"%NAME%", p.text.T("help.name"), "%COMMANDS%", p.text.T("help.commands"), "%FLAGS%", p.text.T("help.global"),
		"%EXAMPLES%", p.text.T("help.examples"), "%ENVIRONMENT%", p.text.T("help.environment"),
		"%EXIT%", p.text.T("help.exit"), "%MORE%", p.text.T("help.more"),
		"%USAGE%", p.text.T("help.usage"), "%TERMS%", p.text.T("help.terms"),
		"%LIST%", p.flagHelp(append(p.globalFlags(), cli.HelpFlag, cli.VersionFlag)),
	).Replace(`{{.Name}} – {{.Usage}}

%USAGE%
  cfproxy [--sandbox FILE] [--lang en|zh] [--debug] COMMAND …

%COMMANDS%{{range .VisibleCommands}}
  {{printf "%-11s" .Name}} {{.Usage}}{{end}}

%FLAGS%
%LIST%

%EXAMPLES%

%ENVIRONMENT%

%EXIT%

%TERMS%
%MORE%
`)
}

func (p *program) commandHelp(name string, flags []cli.Flag) string {
	return strings.NewReplacer(
		"%USAGE%", p.text.T("help.usage"), "%FLAGS%", p.text.T("help.flags"), "%ABOUT%", p.text.T("about."+name),
		"%PATH%", strings.ReplaceAll(name, "-", " "), "%LIST%", p.flagHelp(flags),
	).Replace(`cfproxy %PATH% – {{.Usage}}

%USAGE%
  cfproxy %PATH% {{if .ArgsUsage}}{{.ArgsUsage}}{{if .VisibleFlags}} […]{{end}}{{else}}[…]{{end}}

%ABOUT%

%FLAGS%
%LIST%
`)
}
