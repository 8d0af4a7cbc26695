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

func stepOf(action plan.Action, kind plan.Kind, name string) plan.Step {
	return plan.Step{Action: action, Address: plan.Address{Kind: kind, Parent: "p", Name: name}}
}

// Of a long plan a person sees what others lose, the Workers, what goes and what changes before what is made, in the order of the
// plan; what stays is left out first.
func TestALongPlanShowsTheTellingSteps(t *testing.T) {
	t.Parallel()
	var steps []plan.Step
	for i := range 30 {
		steps = append(steps, stepOf(plan.ActionNone, plan.KindRoute, fmt.Sprintf("same%d.example.com/*", i)))
	}
	for i := range 50 {
		steps = append(steps, stepOf(plan.ActionCreate, plan.KindRecord, fmt.Sprintf("new%d.example.com", i)))
	}
	taken := stepOf(plan.ActionNone, plan.KindRoute, "*.example.com/*")
	taken.Adopt, taken.Conflict, taken.ConflictHosts = true, plan.ConflictWiderRoute, []string{"new0.example.com"}
	telling := []plan.Step{
		taken, stepOf(plan.ActionUpdate, plan.KindRecord, "edited.example.com"),
		stepOf(plan.ActionDelete, plan.KindRecord, "gone.example.com"), stepOf(plan.ActionNone, plan.KindScript, "relay"),
	}
	steps = append(steps, telling...)
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
	for i := range mostRows - len(telling) {
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

// More telling steps than there is room for: those that take something from others come first.
func TestWhatIsTakenOverIsShownFirst(t *testing.T) {
	t.Parallel()
	var steps []plan.Step
	for i := range 2 * mostRows {
		steps = append(steps, stepOf(plan.ActionDelete, plan.KindRecord, fmt.Sprintf("h%d.example.com", i)))
	}
	last := &steps[len(steps)-1]
	last.Adopt = true
	steps = append(steps, stepOf(plan.ActionDelete, plan.KindScript, "relay"))
	shown, rest := telling(steps)
	if len(shown) != mostRows || rest != len(steps)-mostRows || shown[mostRows-2].Address != last.Address || shown[mostRows-1].Address.Name != "relay" {
		t.Errorf("%d shown, %d not, the last ones %v", len(shown), rest, shown[mostRows-2:])
	}
	if shown, rest := telling(steps[:mostRows]); len(shown) != mostRows || rest != 0 {
		t.Errorf("a plan that fits is cut to %d, %d", len(shown), rest)
	}
}
