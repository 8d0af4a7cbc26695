// Package prompt asks a person questions on a terminal.
//
// Questions are data, so the wizard that asks them, the flags and the file that answer them beforehand, and the tests that
// answer them instead all share one table. There is one method, [Prompter], with three implementations: [NewHuh] draws a form,
// [NewLine] prints numbered questions and reads lines (screen readers, TERM=dumb, a recorded session), [Scripted] answers from
// a table and is for tests.
//
// The package knows no language: every word that a person reads arrives in a [Question] or in [Texts]. Its own errors are for
// the caller, who finds words for [ErrAborted] and [ErrInvalid].
//
// Rules of the terminal, which all renderers keep:
//   - Everything goes to the writer that the renderer was given (standard error, in practice), never to standard output.
//   - A secret is never echoed, not in part, and its length is not shown once it has been entered.
//   - A web address in a help text can be copied with the mouse: no border crosses it and no line break is put into it.
//   - The terminal is left as it was found, whichever way a question ends.
package prompt

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrAborted says that the person left: Ctrl-C, Esc, the end of the input, or the end of the context. It is wrapped with the
// cause where there is one ([io.EOF], [context.Cause]), so compare with [errors.Is].
var ErrAborted = errors.New("aborted")

// ErrInvalid says that [NewLine] gave up after five answers in a row that could not be accepted. Without that bound a piped
// input of wrong answers would be a loop. It is wrapped with the key of the question and the last complaint.
var ErrInvalid = errors.New("no valid answer")

// Kind is what sort of answer a [Question] wants.
type Kind int

// The kinds. The zero value is the commonest one.
const (
	Input       Kind = iota // one line of text
	Password                // one line of text that is never shown
	Select                  // exactly one of Options
	MultiSelect             // one or more of Options
	Confirm                 // yes or no
	Note                    // nothing: Title and Help are shown, and no answer is expected
)

// The two answers to a [Confirm] question, and its possible Defaults. What is shown for them is in [Texts].
const (
	Yes = "yes"
	No  = "no"
)

// Option is one thing that a [Select] or [MultiSelect] question offers.
type Option struct {
	Value string // what the answer will be; not empty, unique in its question, without comma for MultiSelect
	Label string // what is shown; Value if empty
}

func (o Option) label() string {
	if o.Label == "" {
		return o.Value
	}
	return o.Label
}

// Question is one question, in the language of the person who will answer it.
type Question struct {
	// Key names the answer in [Answers]. Unique in its page; a Note needs none.
	Key string
	// Title is the question itself, on one line.
	Title string
	// Help says what a good answer is. It may have several lines. A word that is wider than the form, which in practice is a
	// web address, is printed whole, starting in the first column, and left for the terminal to wrap.
	Help string
	Kind Kind
	// Default is the answer if the person just presses Enter: text for Input, a Value for Select, comma-separated Values for
	// MultiSelect, [Yes] or [No] for Confirm. Values that are not among Options are ignored. Password has none. Without a
	// default a form starts at the first option, and at no, while the line renderer insists on an answer.
	Default string
	// Options of a Select or MultiSelect, at least one, in the order in which they are shown.
	Options []Option
	// Placeholder is an example, shown in an empty Input or Password; never an answer. The line renderer leaves it out.
	Placeholder string
	// Optional lets the answer be empty; Validate is not asked about that.
	Optional bool
	// Validate refuses an answer with an error whose text is in the person's language. It is given the answer as it would
	// appear in [Answers], may be asked several times about one answer, is asked about a Default too, and must be quick and
	// without effects.
	Validate func(string) error
}

// Answers are what was answered, by the Key of the question.
//
// Text is without leading and trailing white space, so that a token pasted together with its line break is just the token.
// Confirm is [Yes] or [No]. MultiSelect is the chosen Values joined by commas, in the order of its Options.
type Answers map[string]string

// Prompter asks one page of questions and returns when all of them have valid answers.
//
// On a form a page is seen at once and one can go back within it; with the line renderer it is a sequence. Errors are
// [ErrAborted], [ErrInvalid], or that of a page or terminal with which nothing can be asked. Answers are nil then.
// When ctx ends, so does Ask, with ErrAborted and the cause of ctx. One Ask at a time.
type Prompter interface {
	Ask(ctx context.Context, page []Question) (Answers, error)
}

// ended is the error of an Ask whose context has ended.
func ended(ctx context.Context) error {
	return fmt.Errorf("%w: %w", ErrAborted, context.Cause(ctx))
}

// checkPage finds what no answer could repair: mistakes of the caller.
func checkPage(page []Question) error {
	seen := make(map[string]bool, len(page))
	for _, q := range page {
		if q.Kind == Note {
			continue
		}
		if q.Key == "" || seen[q.Key] {
			return fmt.Errorf("prompt: question %q: key is empty or used twice: %q", q.Title, q.Key)
		}
		seen[q.Key] = true
		if err := checkOptions(q); err != nil {
			return fmt.Errorf("prompt: question %q: %w", q.Key, err)
		}
	}
	return nil
}

func checkOptions(q Question) error {
	if q.Kind != Select && q.Kind != MultiSelect {
		return nil
	}
	if len(q.Options) == 0 {
		return errors.New("no options")
	}
	seen := make(map[string]bool, len(q.Options))
	for _, o := range q.Options {
		if o.Value == "" || seen[o.Value] || q.Kind == MultiSelect && strings.ContainsAny(o.Value, listSeparators) {
			return fmt.Errorf("option %q: value is empty, used twice or a list of its own", o.Value)
		}
		seen[o.Value] = true
	}
	return nil
}
