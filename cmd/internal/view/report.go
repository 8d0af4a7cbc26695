package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/provision/verify"
)

var marks = map[verify.Status]row{
	verify.Pass: {glyph: "✓", style: good},
	verify.Warn: {glyph: "!", style: warn},
	verify.Fail: {glyph: "✗", style: bad},
	verify.Skip: {glyph: "-", style: faint},
}

// Advice is what a report needs of its caller.
type Advice struct {
	// Name gives what people call a provider.
	Name func(id string) string
	// Command gives the command line by which to go on: deploy, status, verify, or add for a deploy with one provider more.
	Command func(command, provider string) string
	// File says what the relay is to be; "" where there is none.
	File string
}

// Report shows what each probe found and, under a failure, what to do about it.
func (v View) Report(w io.Writer, r verify.Report, advice Advice) {
	var rows []row
	for _, result := range r.Results {
		provider := advice.Name(result.Provider)
		line := marks[result.Status]
		line.cells = []string{v.probe(result.Probe, provider), v.Found(result, r.Host, provider)}
		if fix := v.fix(result, r.Host, provider, advice.File); fix != "" {
			for _, command := range []string{"deploy", "status", "verify", "add"} {
				fix = strings.ReplaceAll(fix, "{run_"+command+"}", advice.Command(command, result.Provider))
			}
			line.notes = strings.Split(fix, "\n")
		}
		rows = append(rows, line)
	}
	v.table(w, rows, -1)
	fmt.Fprintln(w, "  "+v.paint(faint, "$ "+r.Curl))
}

// mostAddresses of a host are enough to see whose they are.
const mostAddresses = 2

func (v View) probe(probe, provider string) string {
	if probe == verify.ProbeProvider {
		return provider
	}
	return v.Text.T("probe." + probe)
}

// Found says in one line what a probe found.
func (v View) Found(r verify.Result, host, provider string) string {
	switch {
	case r.Code == verify.CodeWorkerOurs && r.Details["placement"] != "":
		return v.fill("check.worker-placed", r, host, provider)
	case r.Code == verify.CodeProviderRecognised && r.Details["error_type"] == "":
		return v.fill("check.provider-refuses", r, host, provider)
	}
	return v.fill("check."+r.Code, r, host, provider)
}

// fix says what to do about a failure or a warning, where there is a file perhaps in it; "" where there is nothing to do.
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

// fill names every detail that the code may carry, so that one which is absent leaves a dash and not a placeholder.
func (v View) fill(key string, r verify.Result, host, provider string) string {
	values := map[string]string{}
	for _, code := range verify.Codes() {
		if code.Name == r.Code {
			for _, detail := range code.Details {
				values[detail] = "–"
			}
		}
	}
	for detail, value := range r.Details {
		values[detail] = value
	}
	if because, ok := r.Details["because"]; ok {
		values["because"] = v.probe(because, provider)
	}
	if addresses := strings.Split(values["addresses"], ", "); len(addresses) > mostAddresses {
		values["addresses"] = strings.Join(addresses[:mostAddresses], ", ") + " …"
	}
	values["host"], values["provider"] = host, provider
	return v.Text.T(key, i18n.Pairs(values)...)
}
