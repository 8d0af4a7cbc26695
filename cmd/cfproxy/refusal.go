package main

import (
	"fmt"
	"slices"

	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/provision"
)

// Of several hosts, one that cannot be served does not stop the others. It is named, with its own error, where the run tells of
// its result, and the exit status is that of the first one.

// refusalView is what --json says of such a host.
type refusalView struct {
	Host  string    `json:"host"`
	Error errorView `json:"error"`
}

func refusalsOf(receipt provision.Receipt) []provision.Refusal {
	return slices.Concat(receipt.Plan.Refused, receipt.FailedHosts())
}

func (p *program) refusalViews(refusals []provision.Refusal) []refusalView {
	var views []refusalView
	for _, refusal := range refusals {
		code, details, _ := p.classify(refusal.Err)
		views = append(views, refusalView{refusal.Host, errorView{code, details, conflictsOf(refusal.Err)}})
	}
	return views
}

// mostReports is how many hosts are told of one by one.
const mostReports = 5

// tellRefused names the hosts that are left out and why; the hints of each kind of error once.
func (p *program) tellRefused(refusals []provision.Refusal) {
	if len(refusals) == 0 {
		return
	}
	fmt.Fprintln(p.stderr)
	p.note("refused.title", "count", itoa(len(refusals)))
	hinted := map[string]bool{}
	for _, refusal := range refusals {
		code, details, _ := p.classify(refusal.Err)
		text := p.text.T("error."+code, i18n.Pairs(p.readable(details))...)
		p.note("refused.host", "host", provision.DisplayName(refusal.Host), "error", text)
		p.view.Conflicts(p.stderr, conflictsOf(refusal.Err))
		if !hinted[code] {
			hinted[code] = true
			p.hints(code, p.readable(details))
		}
	}
}

// refused is the end of a run that left hosts out: everything about them is said.
func (p *program) refused(refusals []provision.Refusal) error {
	if len(refusals) == 0 {
		return nil
	}
	_, _, status := p.classify(refusals[0].Err)
	return silent(status)
}

func (p *program) unfinished(receipt provision.Receipt) error { return p.refused(refusalsOf(receipt)) }
