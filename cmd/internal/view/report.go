package view

import (
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/provision/verify"
)

// statusRows holds glyph and style by status.
var statusRows = map[verify.Status]row{
	verify.Pass: {glyph: "✓", style: good},
	verify.Warn: {glyph: "!", style: warn},
	verify.Fail: {glyph: "✗", style: bad},
	verify.Skip: {glyph: "-", style: faint},
}

// Advice has what the caller must provide for a report.
type Advice struct {
	// Name returns the display name of a provider.
	Name func(id string) string
	// Command returns the command line to run next: deploy, status, verify, or add for a deploy with one more provider.
	Command func(command, provider string) string
	// File is the configuration file of the relay, "" if there is none.
	File string
}

// Report prints the result of each probe and, below a failure, what to do about it.
func (v View) Report(w io.Writer, r verify.Report, advice Advice) {
	var rows []row
	for _, result := range r.Results {
		provider := advice.Name(result.Provider)
		line := statusRows[result.Status]
		line.cells = []string{v.probe(result.Probe, provider), v.result(result, r.Host, provider)}
		if fix := v.fix(result, r.Host, provider, advice.File); fix != "" {
			for _, command := range []string{"deploy", "status", "verify", "add"} {
				fix = strings.ReplaceAll(fix, "{run_"+command+"}", advice.Command(command, result.Provider))
			}
			line.notes = strings.Split(fix, "\n")
		}
		rows = append(rows, line)
	}
	v.printTable(w, rows, -1)
	fmt.Fprintln(w, "  "+v.paint(faint, "$ "+r.Curl))
}

// maxAddresses is the number of addresses of a host that are shown.
const maxAddresses = 2

func (v View) probe(probe, provider string) string {
	if probe == verify.ProbeProvider {
		return provider
	}
	return v.Text.T("probe." + probe)
}

// result describes the result of a probe in one line.
func (v View) result(r verify.Result, host, provider string) string {
	switch {
	case r.Code == verify.CodeWorkerOurs && r.Details["placement"] != "":
		return v.fill("check.worker-placed", r, host, provider)
	case r.Code == verify.CodeProviderRecognised && r.Details["error_type"] == "":
		return v.fill("check.provider-refuses", r, host, provider)
	}
	return v.fill("check."+r.Code, r, host, provider)
}

// fix returns what to do about a failure or a warning, perhaps in the configuration file; "" if there is nothing to do.
func (v View) fix(r verify.Result, host, provider, file string) string {
	key := "fix." + r.Code
	if file != "" && v.Text.Has(key+".file") {
		return strings.NewReplacer("{file}", file, "{id}", r.Provider).Replace(v.fill(key+".file", r, host, provider))
	}
	if (r.Status != verify.Fail && r.Status != verify.Warn) || !v.Text.Has(key) {
		return ""
	}
	return v.fill(key, r, host, provider)
}

// fill replaces the placeholders of a text by the details of a result, those that are absent by a dash.
func (v View) fill(key string, r verify.Result, host, provider string) string {
	values := map[string]string{}
	for _, code := range verify.Codes() {
		if code.Name == r.Code {
			for _, detail := range code.Details {
				values[detail] = "–"
			}
		}
	}
	maps.Copy(values, r.Details)
	if because, ok := r.Details["because"]; ok {
		values["because"] = v.probe(because, provider)
	}
	if addresses := strings.Split(values["addresses"], ", "); len(addresses) > maxAddresses {
		values["addresses"] = strings.Join(addresses[:maxAddresses], ", ") + " …"
	}
	values["host"], values["provider"] = host, provider
	return v.Text.T(key, i18n.Pairs(values)...)
}
