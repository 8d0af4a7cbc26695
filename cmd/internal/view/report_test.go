package view

import (
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/provision/verify"
)

// No placeholder may remain in the report of any code, with or without details, and a result that passes has no notes.
func TestReportOfEveryCode(t *testing.T) {
	t.Parallel()
	advice := Advice{
		Name:    strings.ToUpper,
		Command: func(command, provider string) string { return "cfproxy " + command + " " + provider },
	}
	for _, code := range verify.Codes() {
		for _, probe := range code.Probes {
			empty := verify.Result{Probe: probe, Provider: "openai", Status: code.Status, Code: code.Name}
			full := empty
			full.Details = map[string]string{}
			for _, detail := range code.Details {
				full.Details[detail] = "VALUE"
			}
			if full.Details["because"] != "" {
				full.Details["because"] = verify.ProbeDNS
			}
			for _, result := range []verify.Result{empty, full} {
				var b strings.Builder
				english(t).Report(&b, verify.Report{Host: "gptapi.example.com", Curl: "curl", Results: []verify.Result{result}}, advice)
				out := b.String()
				if strings.ContainsAny(out, "{}") || !strings.HasSuffix(out, "  $ curl\n") || strings.Contains(out, "check."+code.Name) {
					t.Errorf("%s of %s:\n%s", code.Name, probe, out)
				}
				if code.Status == verify.Pass && strings.Count(out, "\n") != 2 {
					t.Errorf("%s passes and has notes:\n%s", code.Name, out)
				}
			}
		}
	}
}

func TestReportShortensAddresses(t *testing.T) {
	t.Parallel()
	result := verify.Result{Probe: verify.ProbeDNS, Status: verify.Pass, Code: verify.CodeDNSResolved,
		Details: map[string]string{"addresses": "104.16.1.1, 104.16.1.2, 104.16.1.3"}}
	if got := english(t).result(result, "gptapi.example.com", ""); !strings.Contains(got, "104.16.1.1, 104.16.1.2 …") {
		t.Errorf("got %q", got)
	}
}
