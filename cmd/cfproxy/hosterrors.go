package main

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// One host that cannot be served does not stop the others. It is reported with its own error, and exitOfHosts returns the exit
// status of the run.

// hostErrorView is a host that was skipped or failed, for --json.
type hostErrorView struct {
	Host  string    `json:"host"`
	Error errorView `json:"error"`
}

// hostErrorsOf returns the hosts that a run skipped, and those that failed.
func hostErrorsOf(receipt provision.Receipt) []plan.HostError {
	return slices.Concat(receipt.Plan.Skipped, receipt.FailedHosts())
}

func (c *console) hostErrorViews(hosts []plan.HostError) []hostErrorView {
	var views []hostErrorView
	for _, host := range hosts {
		code, details, _ := c.describe(host.Err)
		views = append(views, hostErrorView{host.Host, errorView{code, details, conflictsOf(host.Err)}})
	}
	return views
}

// maxListed is how many hosts are listed one by one.
const maxListed = 5

// printHostErrors prints the hosts that are left out and why, and the hints of each kind of error once.
func (c *console) printHostErrors(hosts []plan.HostError) {
	if len(hosts) == 0 {
		return
	}
	fmt.Fprintln(c.stderr)
	title := "skipped.title"
	if c.inv.command == "destroy" {
		title = "skipped.title-destroy"
	}
	c.errf(title, "count", strconv.Itoa(len(hosts)))
	isHinted := map[string]bool{}
	for _, host := range hosts {
		code, details, _ := c.describe(host.Err)
		text := c.errorText(code, details)
		if code == string(errcode.Conflict) {
			text = c.text.T("skipped.conflict") // the usual sentence is about the whole run
		}
		c.errf("skipped.host", "host", hostname.Display(host.Host), "error", text)
		c.view.Conflicts(c.stderr, conflictsOf(host.Err))
		if !isHinted[code] {
			isHinted[code] = true
			c.printHints(code, details)
		}
	}
}

// skippedError returns the error that ends a run which left hosts out. Everything about them is printed already.
func (c *console) skippedError(hosts []plan.HostError) error {
	if len(hosts) == 0 {
		return nil
	}
	return problem.ExitStatus(c.exitOfHosts(hosts))
}

// exitOfHosts returns the exit status of several errors: that of a conflict, which only the owner can resolve, else that of the first.
func (c *console) exitOfHosts(hosts []plan.HostError) int {
	_, _, first := c.describe(hosts[0].Err)
	for _, host := range hosts {
		if _, _, exit := c.describe(host.Err); exit == problem.ExitConflict {
			return exit
		}
	}
	return first
}

// unfinishedError returns the error that ends a run which left out hosts, or a Worker that serves nothing any more.
func (c *console) unfinishedError(receipt provision.Receipt) error {
	err := c.skippedError(hostErrorsOf(receipt))
	if left := receipt.OrphanedWorkers(); err == nil && len(left) > 0 {
		_, _, exit := c.describe(left[0].Err)
		return problem.ExitStatus(exit)
	}
	return err
}

// printOrphanedWorkers prints the Workers that serve nothing any more and could not be deleted. No later run would find them.
func (c *console) printOrphanedWorkers(receipt provision.Receipt) {
	for _, failure := range receipt.OrphanedWorkers() {
		code, details, _ := c.describe(failure.Err)
		fmt.Fprintln(c.stderr)
		c.errf("orphan.worker", "worker", failure.Step.Address.Name, "error", c.errorText(code, details))
		c.hint("orphan.hint", "worker", failure.Step.Address.Name)
	}
}

// orphanView is such a Worker, for --json.
type orphanView struct {
	Worker  string    `json:"worker"`
	Account string    `json:"account"`
	Error   errorView `json:"error"`
}

func (c *console) orphanViews(receipt provision.Receipt) []orphanView {
	var views []orphanView
	for _, failure := range receipt.OrphanedWorkers() {
		code, details, _ := c.describe(failure.Err)
		address := failure.Step.Address
		views = append(views, orphanView{address.Name, address.Parent, errorView{code, details, nil}})
	}
	return views
}
