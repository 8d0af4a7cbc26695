package main

import (
	"encoding/json"

	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/verify"
	"github.com/cfproxy/cfproxy/templates"
)

// result is what --json prints, the same for every command: what does not apply is left out.
type result struct {
	Plan     *plan.Plan      `json:"plan,omitempty"`
	Warnings []plan.Warning  `json:"warnings,omitempty"`
	Changes  *int            `json:"changes,omitempty"`
	Done     []plan.Step     `json:"done,omitempty"`
	Things   []thing         `json:"things,omitempty"`
	Verify   []verify.Report `json:"verify,omitempty"`
	// Unchecked are providers whose value nobody could confirm.
	Unchecked []string      `json:"unchecked,omitempty"`
	OK        *bool         `json:"ok,omitempty"`
	Clients   []relayClient `json:"clients,omitempty"`
	// Versions are those of every Worker; RolledBack are Workers that went back to an earlier one.
	Versions   []workerVersions `json:"versions,omitempty"`
	RolledBack []stepBack       `json:"rolled_back,omitempty"`
	// Refused are hosts that the run has left out or not finished.
	Refused []refusalView `json:"refused,omitempty"`
	// Left are Workers that serve nothing any more and could not be removed.
	Left  []leftView  `json:"left,omitempty"`
	Token *view.Token `json:"token,omitempty"`
}

// failure is what --json prints of an error. Done and Unknown say what a run that was cut short had changed.
type failure struct {
	Error   errorView   `json:"error"`
	Done    []plan.Step `json:"done,omitempty"`
	Unknown []plan.Step `json:"unknown,omitempty"`
	// Refused are the hosts that were not finished, of several.
	Refused []refusalView `json:"refused,omitempty"`
	// Token was written down before the failure, so it is good once the run is finished.
	Token *view.Token `json:"token,omitempty"`
}

func (p *program) errorResult(code string, details map[string]string, conflicts []plan.Object) failure {
	var f failure
	f.Error = errorView{code, details, conflicts}
	if p.failed != nil {
		f.Done, f.Unknown = p.failed.Done, p.failed.Unknown
		f.Token = newTokenView(p.newToken)
		if failed := p.failed.FailedHosts(); len(failed) > 1 {
			f.Refused = p.refusalViews(failed)
		}
	}
	return f
}

// errorView is an error for a machine.
type errorView struct {
	Code      string            `json:"code"`
	Details   map[string]string `json:"details,omitempty"`
	Conflicts []plan.Object     `json:"conflicts,omitempty"`
}

// thing is one line of status.
type thing struct {
	State   string             `json:"state"` // ok, missing, drift, surplus, foreign
	Address plan.Address       `json:"address"`
	ID      string             `json:"id,omitempty"`
	Have    binding.Attrs      `json:"have,omitempty"`
	Want    binding.Attrs      `json:"want,omitempty"`
	Diff    []binding.AttrDiff `json:"diff,omitempty"`
}

// relayClient is what a user copies for one host.
type relayClient struct {
	Host     string              `json:"host"`
	Snippets []templates.Snippet `json:"snippets"`
	Others   []otherClient       `json:"others,omitempty"`
}

// otherClient is where a provider that is not the first one answers.
type otherClient struct {
	Name     string              `json:"name"`
	BaseURL  string              `json:"base_url"`
	Snippets []templates.Snippet `json:"snippets"`
}

func (p *program) planResult(plan plan.Plan) result {
	changes := len(plan.Changes())
	return result{Plan: &plan, Warnings: plan.Warnings(), Changes: &changes, Refused: p.refusalViews(plan.Skipped)}
}

func thingsOf(plan plan.Plan) []thing {
	things := []thing{}
	for _, step := range plan.Steps {
		things = append(things, thing{
			State: view.State(step), Address: step.Address, ID: step.ID, Have: step.Before, Want: step.After, Diff: step.Diff,
		})
	}
	return things
}

// writeJSON writes one indented document to stdout.
func (p *program) writeJSON(v any) error {
	encoder := json.NewEncoder(p.stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
