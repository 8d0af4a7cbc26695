package view

import (
	"fmt"
	"io"
	"strconv"

	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// actionRows holds glyph and style by action.
var actionRows = map[plan.Action]row{
	plan.ActionCreate: {glyph: "+", style: good},
	plan.ActionUpdate: {glyph: "~", style: warn},
	plan.ActionDelete: {glyph: "-", style: bad},
	plan.ActionNone:   {glyph: "=", style: faint},
}

// contentColumn is the column that becomes a note if a row is too wide for the terminal.
const contentColumn = 2

// maxRows is the number of steps that are printed. Of a longer plan, the most important ones are.
const maxRows = 40

// Plan prints the steps of a plan, the number of changes and the warnings.
func (v View) Plan(w io.Writer, p plan.Plan) {
	shown, hidden := selectSteps(p.Steps)
	var rows []row
	for _, step := range shown {
		rows = append(rows, v.stepRow(step))
	}
	if len(rows) > 0 {
		v.printTable(w, rows, contentColumn)
	}
	v.printHidden(w, hidden)
	fmt.Fprintln(w, "  "+v.countLine(p))
	v.Warnings(w, p)
}

// printHidden prints how many steps are not shown, if any.
func (v View) printHidden(w io.Writer, count int) {
	if count > 0 {
		fmt.Fprintln(w, "  "+v.paint(faint, v.Text.T("plan.rest", "count", strconv.Itoa(count))))
	}
}

// selectSteps returns the steps to show, in their order, and the number of the others. Adoptions come first, then
// Workers, deletions, updates and creations. Of a plan with more than maxRows steps, those without a change are not
// shown.
func selectSteps(steps []plan.Step) (shown []plan.Step, hidden int) {
	const unchanged = 5
	if len(steps) <= maxRows {
		return steps, 0
	}
	priority := func(s plan.Step) int {
		switch {
		case s.Adopt:
			return 0
		case s.Address.Kind == plan.KindScript:
			return 1
		case s.Action == plan.ActionDelete:
			return 2
		case s.Action == plan.ActionUpdate:
			return 3
		case s.Action == plan.ActionCreate:
			return 4
		}
		return unchanged
	}
	selected := make([]bool, len(steps))
	free := maxRows
	for p := range unchanged {
		for i, step := range steps {
			if free > 0 && priority(step) == p {
				selected[i], free = true, free-1
			}
		}
	}
	for i, step := range steps {
		if selected[i] {
			shown = append(shown, step)
		}
	}
	return shown, len(steps) - len(shown)
}

func (v View) stepRow(step plan.Step) row {
	r := actionRows[step.Action]
	attrs := step.After
	if step.Action == plan.ActionDelete {
		attrs = step.Before
	}
	r.cells = []string{v.kind(step.Address.Kind), name(step.Address), v.content(step.Address.Kind, attrs)}
	if len(step.Diff) == 0 {
		r.notes = v.buildNotes(attrs)
	}
	switch {
	case step.Conflict == plan.ConflictWiderRoute:
		r.notes = append(r.notes, v.Text.T("plan.shadows", "host", hostList(step.ConflictHosts)))
	case step.Adopt && step.Address.Kind == plan.KindScript:
		r.notes = append(r.notes, v.Text.T("plan.adopt-script"))
	case step.Adopt && step.Action == plan.ActionDelete:
		r.notes = append(r.notes, v.Text.T("plan.adopt-delete", "what", v.content(step.Address.Kind, step.Before)))
	case step.Adopt:
		r.notes = append(r.notes, v.Text.T("plan.adopt", "what", v.content(step.Address.Kind, step.Before)))
	}
	for _, diff := range step.Diff {
		r.notes = append(r.notes, v.diffNote(diff))
	}
	return r
}

func (v View) diffNote(d binding.AttrDiff) string {
	return v.label(d.Name, v.value(d.Name, d.Before)+" → "+v.value(d.Name, d.After))
}

func (v View) countLine(p plan.Plan) string {
	counts := map[plan.Action]int{}
	for _, step := range p.Steps {
		counts[step.Action]++
	}
	if len(p.Changes()) == 0 {
		return v.Text.T("plan.nothing")
	}
	return v.Text.T("plan.counts",
		"create", strconv.Itoa(counts[plan.ActionCreate]),
		"update", strconv.Itoa(counts[plan.ActionUpdate]),
		"delete", strconv.Itoa(counts[plan.ActionDelete]))
}

// Warnings prints the warnings of a plan.
func (v View) Warnings(w io.Writer, p plan.Plan) {
	for _, warning := range p.Warnings() {
		fmt.Fprintln(w, v.paint(warn, "! ")+v.Text.T("warning."+string(warning.Code), i18n.Pairs(warning.Details)...))
	}
}

// Status prints the deployed objects and how they differ from the desired state.
func (v View) Status(w io.Writer, p plan.Plan) {
	shown, hidden := selectSteps(p.Steps)
	var rows []row
	for _, step := range shown {
		state, style := stateAndStyle(step)
		r := row{glyph: "•", style: style}
		attrs := step.Before
		if step.Action == plan.ActionCreate {
			attrs = step.After
		}
		r.cells = []string{v.kind(step.Address.Kind), name(step.Address), v.content(step.Address.Kind, attrs), v.Text.T("status." + state)}
		if len(step.Diff) == 0 {
			r.notes = v.buildNotes(attrs)
		}
		for _, diff := range step.Diff {
			r.notes = append(r.notes, v.diffNote(diff))
		}
		rows = append(rows, r)
	}
	v.printTable(w, rows, contentColumn)
	v.printHidden(w, hidden)
	v.Warnings(w, p)
}

// stateAndStyle returns the state of the object of a step. The plan must have been made with adoption allowed.
func stateAndStyle(step plan.Step) (state, style string) {
	switch {
	case step.Adopt:
		return "foreign", bad
	case step.Action == plan.ActionCreate:
		return "missing", bad
	case step.Action == plan.ActionUpdate:
		return "drift", warn
	case step.Action == plan.ActionDelete:
		return "surplus", warn
	}
	return "ok", good
}

// State returns the state of the object of a step: ok, missing, drift, surplus or foreign.
func State(step plan.Step) string {
	state, _ := stateAndStyle(step)
	return state
}

// Conflicts prints the objects that conflict with a plan, with what is known about their owner.
func (v View) Conflicts(w io.Writer, objects []plan.Object) {
	var rows []row
	for _, object := range objects {
		r := row{glyph: "×", style: bad, cells: []string{
			v.kind(object.Address.Kind), name(object.Address), v.content(object.Address.Kind, object.Attrs),
		}}
		r.notes = append(v.conflictNotes(object), v.ownerNote(object))
		rows = append(rows, r)
	}
	v.printTable(w, rows, contentColumn)
}

// conflictNotes explains the conflict unless it is obvious from the object's name.
func (v View) conflictNotes(o plan.Object) []string {
	if o.Conflict == "" || o.Conflict == plan.ConflictSameAddress {
		return nil
	}
	return []string{v.Text.T("conflict."+string(o.Conflict), "host", hostList(o.ConflictHosts))}
}

// hostList formats hosts for a note.
func hostList(hosts []string) string {
	var names []string
	for _, host := range hosts {
		names = append(names, hostname.Display(host))
	}
	return errcode.Abbreviate(names)
}

// ownerNote describes who may own an object.
func (v View) ownerNote(o plan.Object) string {
	if o.Manager != "" {
		return v.Text.T("owner.manager", "manager", v.Text.T("manager."+string(o.Manager)))
	}
	comment := o.Attrs[binding.AttrComment]
	if comment == "" {
		comment = v.Text.T("none")
	}
	key := "owner." + o.Address.Kind.String()
	if o.Address.Kind == plan.KindRoute && o.Attrs[binding.AttrScript] == "" {
		key = "owner.route.none"
	}
	return v.Text.T(key, "worker", o.Attrs[binding.AttrScript], "comment", comment)
}
