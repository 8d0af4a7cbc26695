package prompt

import (
	"cmp"
	"strings"

	"github.com/charmbracelet/huh"
)

// field is a question on a form. setText sets title and help, which must be wrapped already, because huh breaks lines
// at hyphens and full stops, and so within URLs and hostnames.
type field struct {
	q         Question
	widget    huh.Field
	answer    func() string
	setText   func(title, help string)
	helpAbove bool // the help is printed above the form instead of in it
}

func newField(q Question, t Texts, s styles) field {
	switch q.Kind {
	case Select, MultiSelect:
		c := newList(q, t, s)
		return field{q: q, widget: c, answer: c.answer, setText: func(title, help string) { c.title, c.help = title, help }}
	case Confirm:
		return newConfirm(q, t)
	}
	return newInput(q, t)
}

func newInput(q Question, t Texts) field {
	parse := func(typed string) string { answer, _ := parseAnswer(q, t, typed); return answer } // cannot fail for text
	typed := defaultAnswer(q)
	w := huh.NewInput().Key(q.Key).Prompt(cursorGlyph).Value(&typed).
		Placeholder(cmp.Or(q.Placeholder, defaultAnswer(q))).
		Validate(func(typed string) error { return validate(q, t, parse(typed)) })
	if q.Kind == Password {
		w.EchoMode(huh.EchoModePassword)
	}
	return field{
		q: q, widget: w,
		answer:  func() string { return parse(typed) },
		setText: func(title, help string) { w.Title(title).Description(help) },
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
		Validate(func(bool) error { return validate(q, t, answer()) })
	return field{q: q, widget: w, answer: answer, setText: func(title, help string) { w.Title(title).Description(help) }}
}

// display returns the answer as it is displayed, a secret as asterisks.
func (f field) display(t Texts) string {
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
		for value := range strings.SplitSeq(answer, ",") {
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
