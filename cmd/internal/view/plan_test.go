package view

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/provision/plan"
)

func english(t *testing.T) View {
	t.Helper()
	text, err := i18n.Load(i18n.English)
	if err != nil {
		t.Fatal(err)
	}
	return View{Text: text}
}

func newStep(action plan.Action, kind plan.Kind, name string) plan.Step {
	return plan.Step{Action: action, Address: plan.Address{Kind: kind, Parent: "p", Name: name}}
}

// Of a long plan, adoptions, Workers, deletions and updates are shown before creations, all in the order of the plan.
// Steps without a change are hidden first.
func TestLongPlanHidesUnchangedSteps(t *testing.T) {
	t.Parallel()
	var steps []plan.Step
	for i := range 30 {
		steps = append(steps, newStep(plan.ActionNone, plan.KindRoute, fmt.Sprintf("same%d.example.com/*", i)))
	}
	for i := range 50 {
		steps = append(steps, newStep(plan.ActionCreate, plan.KindRecord, fmt.Sprintf("new%d.example.com", i)))
	}
	adopted := newStep(plan.ActionNone, plan.KindRoute, "*.example.com/*")
	adopted.Adopt, adopted.Conflict, adopted.ConflictHosts = true, plan.ConflictWiderRoute, []string{"new0.example.com"}
	important := []plan.Step{
		adopted, newStep(plan.ActionUpdate, plan.KindRecord, "edited.example.com"),
		newStep(plan.ActionDelete, plan.KindRecord, "gone.example.com"), newStep(plan.ActionNone, plan.KindScript, "relay"),
	}
	steps = append(steps, important...)
	var b strings.Builder
	english(t).Plan(&b, plan.Plan{Steps: steps})
	rows := strings.Split(b.String(), "\n")
	var names []string
	for _, row := range rows[:len(rows)-1] {
		if fields := strings.Fields(row); len(fields) > 2 && strings.HasPrefix(row, "  ") && !strings.HasPrefix(row, "     ") {
			names = append(names, fields[2])
		}
	}
	var want []string
	for i := range maxRows - len(important) {
		want = append(want, fmt.Sprintf("new%d.example.com", i))
	}
	want = append(want, "*.example.com/*", "edited.example.com", "gone.example.com", "relay", "44", "create,")
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("%s\n%s", diff, b.String())
	}
	if !strings.Contains(b.String(), "… and 44 more; to list all: --json\n  50 to create, 1 to update, 1 to remove.") {
		t.Errorf("the end is:\n%s", b.String())
	}
}

// Of more changes than there are rows, adoptions come first.
func TestLongPlanShowsAdoptions(t *testing.T) {
	t.Parallel()
	var steps []plan.Step
	for i := range 2 * maxRows {
		steps = append(steps, newStep(plan.ActionDelete, plan.KindRecord, fmt.Sprintf("h%d.example.com", i)))
	}
	last := &steps[len(steps)-1]
	last.Adopt = true
	steps = append(steps, newStep(plan.ActionDelete, plan.KindScript, "relay"))
	shown, hidden := selectSteps(steps)
	if len(shown) != maxRows || hidden != len(steps)-maxRows || shown[maxRows-2].Address != last.Address || shown[maxRows-1].Address.Name != "relay" {
		t.Errorf("%d shown, %d hidden, the last ones %v", len(shown), hidden, shown[maxRows-2:])
	}
	if shown, hidden := selectSteps(steps[:maxRows]); len(shown) != maxRows || hidden != 0 {
		t.Errorf("a plan that fits is cut to %d, %d", len(shown), hidden)
	}
}
