package prompt

import (
	"strconv"
	"strings"
)

// Texts are the few words that the renderers need besides the questions themselves, in one language. None may be empty.
// Complaints are without full stop; key helps are as short as a menu.
type Texts struct {
	Yes string // the two answers to a Confirm, as shown and, beside y, yes, n and no, as accepted
	No  string

	Required     string // complaint: an answer is needed
	ChooseSome   string // complaint: choose at least one, and with which key: the space bar
	ChooseNumber string // complaint of the line renderer: choose a number between {min} and {max}
	AnswerYesNo  string // complaint of the line renderer: answer y or n

	AskText    string // the line renderer's words before the answer to an Input: Answer
	AskSecret  string // … to a Password, which says that nothing will be seen: Answer (not shown)
	AskNumber  string // … to a Select: Number
	AskNumbers string // … to a MultiSelect: Numbers, separated by commas

	FilterHint string // in the empty filter above a long list: type to filter
	NoMatch    string // in place of the list when nothing fits the filter

	KeyNext   string // Enter, when a question follows on the page
	KeySubmit string // Enter, on the last question of the page
	KeyBack   string // Shift+Tab: to the question before
	KeyMove   string // ↑ ↓: in a list
	KeyToggle string // Space: chooses in a list of several
	KeySwitch string // ← →: between yes and no
	KeyClear  string // Esc, while a list is filtered: shows the whole list again
	KeyQuit   string // Esc: leaves
}

func (t Texts) yesNo(answer string) string {
	if answer == Yes {
		return t.Yes
	}
	return t.No
}

func (t Texts) chooseNumber(most int) string {
	return strings.NewReplacer("{min}", "1", "{max}", strconv.Itoa(most)).Replace(t.ChooseNumber)
}
