package prompt

import (
	"strconv"
	"strings"
)

// Texts are the texts of the renderers other than the questions, in one language. None may be empty. Errors have no full
// stop; the descriptions of keys are as short as menu items.
type Texts struct {
	Yes string // the answers to a Confirm, as displayed and, besides y, yes, n and no, as accepted
	No  string

	Required     string // error: an answer is required
	ChooseSome   string // error: choose at least one, with the space bar
	ChooseNumber string // error of the line renderer: enter a number from {min} to {max}
	AnswerYesNo  string // error of the line renderer: answer y or n

	AskText    string // prompt of the line renderer for an Input: Answer
	AskSecret  string // … for a Password: Answer (not shown)
	AskNumber  string // … for a Select: Number
	AskNumbers string // … for a MultiSelect: Numbers, separated by commas

	FilterHint string // placeholder of the filter above a long list: type to filter
	NoMatch    string // shown when nothing matches the filter

	KeyNext   string // Enter, before the last question of the page
	KeySubmit string // Enter, on the last question of the page
	KeyBack   string // Shift+Tab: to the previous question
	KeyMove   string // ↑ ↓: in a list
	KeyToggle string // Space: in a list of a MultiSelect
	KeySwitch string // ← →: between yes and no
	KeyClear  string // Esc, while a list is filtered: clears the filter
	KeyQuit   string // Esc: aborts
}

func (t Texts) yesNo(answer string) string {
	if answer == Yes {
		return t.Yes
	}
	return t.No
}

func (t Texts) chooseNumber(maximum int) string {
	return strings.NewReplacer("{min}", "1", "{max}", strconv.Itoa(maximum)).Replace(t.ChooseNumber)
}
