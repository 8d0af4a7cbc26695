package prompt

import (
	"cmp"
	"strings"

	"github.com/charmbracelet/huh"
)

// field is a question on a form: the widget, its answer as it stands, and how to fit its words to a width. The words come
// wrapped, because huh breaks lines at every hyphen and full stop, of which addresses and hostnames are made.
type field struct {
	q      Question
	widget huh.Field
	answer func() string
	words  func(title, help string)
	above  bool // the help is printed above the form, not in it
}

func newField(q Question, t Texts, s styles) field {
	switch q.Kind {
	case Select, MultiSelect:
		c := newChoice(q, t, s)
		return field{q: q, widget: c, answer: c.answer, words: func(title, help string) { c.title, c.help = title, help }}
	case Confirm:
		return newConfirm(q, t)
	}
	return newInput(q, t)
}

func newInput(q Question, t Texts) field {
	// read cannot fail for text.
	canonical := func(typed string) string { answer, _ := read(q, t, typed); return answer }
	typed := fallback(q)
	w := huh.NewInput().Key(q.Key).Prompt(cursorGlyph).Value(&typed).
		Placeholder(cmp.Or(q.Placeholder, fallback(q))).
		Validate(func(typed string) error { return check(q, t, canonical(typed)) })
	if q.Kind == Password {
		w.EchoMode(huh.EchoModePassword)
	}
	return field{
		q: q, widget: w,
		answer: func() string { return canonical(typed) },
		words:  func(title, help string) { w.Title(title).Description(help) },
	}
}

func newConfirm(q Question, t Texts) field {
	yes := q.Default == Yes
	answer := func() string {
		if yes {
			return Yes
		}
		return No
	}
	w := huh.NewConfirm().Key(q.Key).Value(&yes).
		Affirmative(t.Yes).Negative(t.No).WithButtonAlignment(0).
		Validate(func(bool) error { return check(q, t, answer()) })
	return field{q: q, widget: w, answer: answer, words: func(title, help string) { w.Title(title).Description(help) }}
}

// shown is the answer as a person would say it; a secret is not said.
func (f field) shown(t Texts) string {
	answer := f.answer()
	switch f.q.Kind {
	case Password:
		if answer == "" {
			return ""
		}
		return maskGlyph
	case Confirm:
		return t.yesNo(answer)
	case Select, MultiSelect:
		var labels []string
		for _, value := range strings.Split(answer, ",") {
			for _, o := range f.q.Options {
				if o.Value == value {
					labels = append(labels, o.label())
				}
			}
		}
		return strings.Join(labels, ", ")
	}
	return answer
}
