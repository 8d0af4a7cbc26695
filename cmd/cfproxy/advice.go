package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/verify"
)

func (p *program) tellReport(c *cli.Context, r config.Relay, report verify.Report) {
	fmt.Fprintln(p.stderr)
	p.answer("verify.title", "host", hostname.Display(report.Host))
	p.view.Report(p.stdout, report, p.advice(c, r, report))
}

func (p *program) advice(c *cli.Context, r config.Relay, report verify.Report) view.Advice {
	advice := view.Advice{Name: r.ProviderName, Command: func(command, provider string) string {
		return p.remedy(c, r, report, command, provider)
	}}
	if r.Chosen.HasFile() {
		advice.File = cmp.Or(c.String("config"), config.FileName)
	}
	return advice
}

// remedy is a command line that a report advises. To verify, --provider names some of the providers, and where there is no
// file nothing does: who deploys then names all of them, as the Worker itself lists them, or the others would go.
func (p *program) remedy(c *cli.Context, r config.Relay, report verify.Report, command, provider string) string {
	// A managed relay lists nothing, so it is init that goes by what stands.
	if command == "deploy" && c.Command.Name == "verify" && r.IsAccessUnset() && isManaged(report) {
		return p.commandLine(c, "init", report.Host) + " --access " + binding.AccessManaged
	}
	if command == "add" {
		specs := append(listedRefs(r, report), r.Ref(provider))
		line := p.again(c, "deploy", report.Host) + flagsOf(specs)
		if slices.ContainsFunc(specs, config.HasPlaceholder) {
			line += p.text.T("fix.blanks")
		}
		return line
	}
	line := p.again(c, command, report.Host)
	specs := listedRefs(r, report)
	if command == "deploy" && c.Command.Name == "verify" && !r.Chosen.HasFile() && !slices.Equal(specs, []string{config.DefaultProvider}) {
		line += flagsOf(specs)
	}
	return line
}

func flagsOf(specs []string) string {
	var flags string
	for _, spec := range specs {
		flags += " --provider " + verify.ShellQuote(spec)
	}
	return flags
}

// isManaged tells whether a relay said that it wants tokens.
func isManaged(report verify.Report) bool {
	return slices.ContainsFunc(report.Results, func(r verify.Result) bool { return r.Details["access"] == binding.AccessManaged })
}

// listedSpecs names the providers that the Worker lists; none where the list is not known in full.
func listedRefs(r config.Relay, report verify.Report) []string {
	var specs []string
	for _, result := range report.Results {
		listed := result.Details["providers"]
		if result.Code != verify.CodeWorkerOurs || listed == "" || strings.HasSuffix(listed, "…") {
			continue
		}
		for id := range strings.SplitSeq(listed, ", ") {
			specs = append(specs, r.Ref(id))
		}
	}
	return specs
}
