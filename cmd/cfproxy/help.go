package main

import (
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// The help pages replace those of the library, which have English headings.

// printHelp is the cli.HelpPrinter. It builds the page here and not earlier, since most runs print none. template is
// the name of a command's texts; for the program it is not used.
func (p *program) printHelp(out io.Writer, template string, data any) {
	switch page := data.(type) {
	case *cli.App:
		template = p.appHelp()
	case *cli.Command:
		template = p.commandHelp(template, page.Flags) // the library has added --help
	}
	cli.HelpPrinterCustom(out, template, data, nil)
}

// appHelp returns the template of the program's help page.
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

// commandHelp returns the template of a command's help page. name is that of its texts, such as "key-add".
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
