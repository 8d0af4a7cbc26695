package main

import (
	"fmt"
	"slices"

	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// Of several hosts, one that cannot be served does not stop the others. It is named, with its own error, where the run tells of
// its result; statusOfAll says what the exit status is then.

// refusalView is what --json says of such a host.
type refusalView struct {
	Host  string    `json:"host"`
	Error errorView `json:"error"`
}

func refusalsOf(receipt provision.Receipt) []plan.HostError {
	return slices.Concat(receipt.Plan.Skipped, receipt.FailedHosts())
}

func (p *program) refusalViews(refusals []plan.HostError) []refusalView {
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
func (p *program) tellRefused(refusals []plan.HostError) {
	if len(refusals) == 0 {
		return
	}
	fmt.Fprintln(p.stderr)
	title := "refused.title"
	if p.context.Command.Name == "destroy" {
		title = "refused.title-destroy"
	}
	p.note(title, "count", itoa(len(refusals)))
	hinted := map[string]bool{}
	for _, refusal := range refusals {
		code, details, _ := p.classify(refusal.Err)
		key := "error." + code
		if code == string(errcode.Conflict) {
			key = "refused.conflict" // that sentence speaks of the whole run
		}
		text := p.text.T(key, i18n.Pairs(p.readable(details))...)
		p.note("refused.host", "host", hostname.Display(refusal.Host), "error", text)
		p.view.Conflicts(p.stderr, conflictsOf(refusal.Err))
		if !hinted[code] {
			hinted[code] = true
			p.hints(code, p.readable(details))
		}
	}
}

// refused is the end of a run that left hosts out: everything about them is said.
func (p *program) refused(refusals []plan.HostError) error {
	if len(refusals) == 0 {
		return nil
	}
	return problem.ExitStatus(p.statusOfAll(refusals))
}

// unfinished is the end of a run that left hosts out, or a Worker behind that serves nothing any more.
// statusOfAll is the exit status of several refusals: that something of others is in the way comes before all else, since it is for
// the owner to decide about.
func (p *program) statusOfAll(refusals []plan.HostError) int {
	_, _, first := p.classify(refusals[0].Err)
	for _, refusal := range refusals {
		if _, _, status := p.classify(refusal.Err); status == problem.ExitConflict {
			return status
		}
	}
	return first
}

func (p *program) unfinished(receipt provision.Receipt) error {
	end := p.refused(refusalsOf(receipt))
	if left := receipt.OrphanedWorkers(); end == nil && len(left) > 0 {
		_, _, status := p.classify(left[0].Err)
		return problem.ExitStatus(status)
	}
	return end
}

// tellLeft names the Workers that serve nothing any more and could not be removed: no later run will look at them.
func (p *program) tellLeft(receipt provision.Receipt) {
	for _, failure := range receipt.OrphanedWorkers() {
		code, details, _ := p.classify(failure.Err)
		fmt.Fprintln(p.stderr)
		p.note("left.worker", "worker", failure.Step.Address.Name, "error", p.text.T("error."+code, i18n.Pairs(p.readable(details))...))
		p.hint("left.hint", "worker", failure.Step.Address.Name)
	}
}

// leftView is what --json says of such a Worker.
type leftView struct {
	Worker  string    `json:"worker"`
	Account string    `json:"account"`
	Error   errorView `json:"error"`
}

func (p *program) leftViews(receipt provision.Receipt) []leftView {
	var views []leftView
	for _, failure := range receipt.OrphanedWorkers() {
		code, details, _ := p.classify(failure.Err)
		address := failure.Step.Address
		views = append(views, leftView{address.Name, address.Parent, errorView{code, details, nil}})
	}
	return views
}
