// Package prompt asks the user questions on a terminal.
//
// Questions are data: the wizard, the flags and configuration file that answer them in advance, and the tests share one
// table. [Prompter] has two implementations: [NewHuh] draws a form, and [NewLine] prints numbered questions and reads
// lines (for screen readers, TERM=dumb and pipes). Tests answer from a table.
//
// The package contains no user-visible text: all of it comes from [Question] and [Texts]. The caller translates
// [ErrAborted] and [ErrInvalid].
//
// Both implementations follow these rules:
//   - They write only to their writer (in practice standard error), never to standard output.
//   - A secret is not echoed, and its length is not shown after it was entered.
//   - A URL in a help text can be copied with the mouse: it is not broken into lines, and no border is drawn beside it.
//   - The terminal modes are restored however a question ends.
package prompt

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrAborted means that the user aborted with Ctrl-C or Esc, or that the input or the context ended. It is wrapped with
// the cause if there is one ([io.EOF], [context.Cause]), so compare with [errors.Is].
var ErrAborted = errors.New("aborted")

// ErrInvalid means that [NewLine] gave up after five invalid answers in a row, as may happen with piped input. It is
// wrapped with the key of the question and the last error.
var ErrInvalid = errors.New("no valid answer")

// Kind is the type of a [Question].
type Kind int

// The kinds.
const (
	Input       Kind = iota // one line of text
	Password                // one line of text that is not shown
	Select                  // exactly one of Options
	MultiSelect             // one or more of Options
	Confirm                 // yes or no
	Note                    // no answer: only Title and Help are shown
)

// The answers to a [Confirm] question, also for its Default. [Texts] has the displayed words.
const (
	Yes = "yes"
	No  = "no"
)

// Option is one option of a [Select] or [MultiSelect] question.
type Option struct {
	Value string // the answer; not empty, unique in its question, for MultiSelect without commas
	Label string // displayed text; "" means Value
}

func (o Option) label() string {
	if o.Label == "" {
		return o.Value
	}
	return o.Label
}

// Question is one question, in the user's language.
type Question struct {
	// Key is the key in [Answers], unique in its page. A Note needs none.
	Key string
	// Title is the question itself, on one line.
	Title string
	// Help explains the question, in one or more lines. A word that is wider than the form, in practice a URL, is printed
	// unbroken from the first column on, so that the terminal wraps it.
	Help string
	Kind Kind
	// Default is the answer if the user only presses Enter: text for Input, a Value for Select, comma-separated Values
	// for MultiSelect, [Yes] or [No] for Confirm. Values that are not in Options are ignored. Password has none.
	// Without a default, a form starts at the first option or at no, and the line renderer requires an answer.
	Default string
	// Options of a Select or MultiSelect, at least one, in display order.
	Options []Option
	// Placeholder is an example shown in an empty Input or Password; never an answer. The line renderer does not show it.
	Placeholder string
	// Optional allows an empty answer, for which Validate is not called.
	Optional bool
	// Validate rejects an answer with an error in the user's language. It is called with the answer as it would appear in
	// [Answers], also for a Default, and perhaps several times. It must be fast and have no side effects.
	Validate func(string) error
}

// Answers holds the answers by the Key of their question.
//
// Text has no leading or trailing white space, so a token that was pasted with its line break is just the token. The
// answer to Confirm is [Yes] or [No], and to MultiSelect the chosen Values joined by commas, in the order of Options.
type Answers map[string]string

// Prompter asks one page of questions and returns when all of them have valid answers.
//
// A form shows the whole page at once, and the user can go back within it; the line renderer asks one question after
// the other. An error is [ErrAborted], [ErrInvalid], or describes an invalid page or terminal. When ctx ends, Ask
// returns ErrAborted with the cause of ctx. Ask must not be called concurrently.
type Prompter interface {
	Ask(ctx context.Context, page []Question) (Answers, error)
}

// abortError returns the error of an Ask when its context has ended.
func abortError(ctx context.Context) error {
	return fmt.Errorf("%w: %w", ErrAborted, context.Cause(ctx))
}

// checkPage returns an error if a page is invalid, which is a bug of the caller.
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
			return fmt.Errorf("option %q: value is empty, used twice or contains a comma", o.Value)
		}
		seen[o.Value] = true
	}
	return nil
}
