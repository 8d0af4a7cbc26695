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

var glyphs = map[plan.Action]row{
	plan.ActionCreate: {glyph: "+", style: good},
	plan.ActionUpdate: {glyph: "~", style: warn},
	plan.ActionDelete: {glyph: "-", style: bad},
	plan.ActionNone:   {glyph: "=", style: faint},
}

// contentCell is what goes below where a row is too wide for the terminal.
const contentCell = 2

// mostRows of a plan are read by a person; of more those come first that say the most.
const mostRows = 40

// Plan shows the steps, of very many the telling ones, and counts the changes.
func (v View) Plan(w io.Writer, p plan.Plan) {
	shown, rest := telling(p.Steps)
	var rows []row
	for _, step := range shown {
		rows = append(rows, v.stepRow(step))
	}
	if len(rows) > 0 {
		v.table(w, rows, contentCell)
	}
	v.rest(w, rest)
	fmt.Fprintln(w, "  "+v.counts(p))
	v.Warnings(w, p)
}

// rest says how many rows were left out, if any.
func (v View) rest(w io.Writer, count int) {
	if count > 0 {
		fmt.Fprintln(w, "  "+v.paint(faint, v.Text.T("plan.rest", "count", strconv.Itoa(count))))
	}
}

// telling picks the steps that are shown, in their order, and counts the others: what is taken over says most, then the Workers,
// what is removed, changed, made; what stays as it is says nothing.
func telling(steps []plan.Step) (shown []plan.Step, rest int) {
	const leftOut = 5
	if len(steps) <= mostRows {
		return steps, 0
	}
	weight := func(s plan.Step) int {
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
		return leftOut
	}
	picked := make([]bool, len(steps))
	left := mostRows
	for w := range leftOut {
		for i, step := range steps {
			if left > 0 && weight(step) == w {
				picked[i], left = true, left-1
			}
		}
	}
	for i, step := range steps {
		if picked[i] {
			shown = append(shown, step)
		}
	}
	return shown, len(steps) - len(shown)
}

func (v View) stepRow(step plan.Step) row {
	r := glyphs[step.Action]
	attrs := step.After
	if step.Action == plan.ActionDelete {
		attrs = step.Before
	}
	r.cells = []string{v.kind(step.Address.Kind), name(step.Address), v.content(step.Address.Kind, attrs)}
	if len(step.Diff) == 0 {
		r.notes = v.build(attrs)
	}
	switch {
	case step.Conflict == plan.ConflictWiderRoute:
		r.notes = append(r.notes, v.Text.T("plan.shadows", "host", places(step.ConflictHosts)))
	case step.Adopt && step.Address.Kind == plan.KindScript:
		r.notes = append(r.notes, v.Text.T("plan.adopt-script"))
	case step.Adopt && step.Action == plan.ActionDelete:
		r.notes = append(r.notes, v.Text.T("plan.adopt-delete", "what", v.content(step.Address.Kind, step.Before)))
	case step.Adopt:
		r.notes = append(r.notes, v.Text.T("plan.adopt", "what", v.content(step.Address.Kind, step.Before)))
	}
	for _, diff := range step.Diff {
		r.notes = append(r.notes, v.diff(diff))
	}
	return r
}

func (v View) diff(d binding.AttrDiff) string {
	return v.label(d.Name, v.value(d.Name, d.Before)+" → "+v.value(d.Name, d.After))
}

func (v View) counts(p plan.Plan) string {
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

// Warnings says what the owner should know of a plan, though it can be carried out.
func (v View) Warnings(w io.Writer, p plan.Plan) {
	for _, warning := range p.Warnings() {
		fmt.Fprintln(w, v.paint(warn, "! ")+v.Text.T("warning."+string(warning.Code), i18n.Pairs(warning.Details)...))
	}
}

// Status shows what stands and how it differs from what should.
func (v View) Status(w io.Writer, p plan.Plan) {
	shown, rest := telling(p.Steps)
	var rows []row
	for _, step := range shown {
		state, style := stateOf(step)
		r := row{glyph: "•", style: style}
		attrs := step.Before
		if step.Action == plan.ActionCreate {
			attrs = step.After
		}
		r.cells = []string{v.kind(step.Address.Kind), name(step.Address), v.content(step.Address.Kind, attrs), v.Text.T("status." + state)}
		if len(step.Diff) == 0 {
			r.notes = v.build(attrs)
		}
		for _, diff := range step.Diff {
			r.notes = append(r.notes, v.diff(diff))
		}
		rows = append(rows, r)
	}
	v.table(w, rows, contentCell)
	v.rest(w, rest)
	v.Warnings(w, p)
}

// stateOf names how a thing stands; the plan was made as if foreign things could be taken over.
func stateOf(step plan.Step) (state, style string) {
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

// State names how the thing of a step stands: ok, missing, drift, surplus or foreign.
func State(step plan.Step) string {
	state, _ := stateOf(step)
	return state
}

// Conflicts lists what is not ours and stands in the way, with all that is known of it.
func (v View) Conflicts(w io.Writer, objects []plan.Object) {
	var rows []row
	for _, object := range objects {
		r := row{glyph: "×", style: bad, cells: []string{
			v.kind(object.Address.Kind), name(object.Address), v.content(object.Address.Kind, object.Attrs),
		}}
		r.notes = append(v.clash(object), v.owner(object))
		rows = append(rows, r)
	}
	v.table(w, rows, contentCell)
}

// clash says how a thing stands in the way, where that is not plain from its name.
func (v View) clash(o plan.Object) []string {
	if o.Conflict == "" || o.Conflict == plan.ConflictSameAddress {
		return nil
	}
	return []string{v.Text.T("clash."+string(o.Conflict), "host", places(o.ConflictHosts))}
}

// places lists hosts for a note.
func places(hosts []string) string {
	var names []string
	for _, host := range hosts {
		names = append(names, hostname.Display(host))
	}
	return errcode.Abbreviate(names)
}

// owner says whose a thing is, as far as it tells.
func (v View) owner(o plan.Object) string {
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
