package main

import (
	"errors"

	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/verify"
	"github.com/cfproxy/cfproxy/templates"
)

// result is the output of --json, the same for every command. Fields that do not apply are left out. Scripts rely on the JSON names,
// so these stay when a field is renamed.
type result struct {
	Plan     *plan.Plan      `json:"plan,omitempty"`
	Warnings []plan.Warning  `json:"warnings,omitempty"`
	Changes  *int            `json:"changes,omitempty"`
	Done     []plan.Step     `json:"done,omitempty"`
	Items    []statusItem    `json:"things,omitempty"`
	Verify   []verify.Report `json:"verify,omitempty"`
	// Unverifiable are providers with a value that no answer of the relay can confirm.
	Unverifiable []string      `json:"unchecked,omitempty"`
	OK           *bool         `json:"ok,omitempty"`
	Clients      []relayClient `json:"clients,omitempty"`
	// Versions are those of every Worker. RolledBack are the Workers that were rolled back.
	Versions   []workerVersions `json:"versions,omitempty"`
	RolledBack []rollbackView   `json:"rolled_back,omitempty"`
	// HostErrors are hosts that the run skipped or did not finish.
	HostErrors []hostErrorView `json:"refused,omitempty"`
	// Orphans are Workers that serve nothing any more and could not be deleted.
	Orphans []orphanView `json:"left,omitempty"`
	Token   *view.Token  `json:"token,omitempty"`
}

// failure is the output of --json for an error.
type failure struct {
	Error errorView `json:"error"`
	// Done and Unknown are the steps that took effect before the error, and those that may have.
	Done    []plan.Step `json:"done,omitempty"`
	Unknown []plan.Step `json:"unknown,omitempty"`
	// HostErrors are the hosts that were not finished, if there are several.
	HostErrors []hostErrorView `json:"refused,omitempty"`
	Token      *view.Token     `json:"token,omitempty"`
}

// errorView is an error for --json.
type errorView struct {
	Code      string            `json:"code"`
	Details   map[string]string `json:"details,omitempty"`
	Conflicts []plan.Object     `json:"conflicts,omitempty"`
}

// failure returns the output for an error, with what a failed run had changed.
func (c *console) failure(err error, shown errorView) failure {
	f := failure{Error: shown}
	if partial := (*partialError)(nil); errors.As(err, &partial) {
		f.Done, f.Unknown = partial.receipt.Done, partial.receipt.Unknown
		f.Token = newTokenView(partial.token)
		if failed := partial.receipt.FailedHosts(); len(failed) > 1 {
			f.HostErrors = c.hostErrorViews(failed)
		}
	}
	return f
}

// statusItem is a line of status: a resource that exists, or should.
type statusItem struct {
	State   string             `json:"state"` // ok, missing, drift, surplus, foreign
	Address plan.Address       `json:"address"`
	ID      string             `json:"id,omitempty"`
	Have    binding.Attrs      `json:"have,omitempty"`
	Want    binding.Attrs      `json:"want,omitempty"`
	Diff    []binding.AttrDiff `json:"diff,omitempty"`
}

func statusItems(p plan.Plan) []statusItem {
	items := []statusItem{}
	for _, step := range p.Steps {
		items = append(items, statusItem{
			State: view.State(step), Address: step.Address, ID: step.ID, Have: step.Before, Want: step.After, Diff: step.Diff,
		})
	}
	return items
}

// relayClient is what a user copies into clients, for one host.
type relayClient struct {
	Host     string              `json:"host"`
	Snippets []templates.Snippet `json:"snippets"`
	Others   []otherClient       `json:"others,omitempty"`
}

// otherClient is the address of a provider that is not at the root.
type otherClient struct {
	Name     string              `json:"name"`
	BaseURL  string              `json:"base_url"`
	Snippets []templates.Snippet `json:"snippets"`
}

// planResult returns the output for a plan.
func (c *console) planResult(p plan.Plan) result {
	changes := len(p.Changes())
	return result{Plan: &p, Warnings: p.Warnings(), Changes: &changes, HostErrors: c.hostErrorViews(p.Skipped)}
}
