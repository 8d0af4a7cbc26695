package prompt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// maxTries is the number of invalid answers to a question after which NewLine returns ErrInvalid.
const maxTries = 5

// NewLine returns a Prompter that prints plain lines: a number and a title, the help, numbered options, and a prompt
// with the default in brackets. It writes no escape sequences, so it is suitable for screen readers, TERM=dumb and
// pipes.
//
//   - Options are chosen by number, value or label, several of them separated by commas, also ， and 、. Yes and no are answered
//     with y, yes, n, no or the words in texts. Full-width digits and letters are accepted.
//   - After an invalid answer a line that begins with "! " follows, and the question is repeated, five times in all.
//   - If in is a terminal, a Password is read without echo; Backspace and Ctrl-U work.
//   - At the end of the input Ask returns [ErrAborted] wrapped with [io.EOF]. At a Password, Ctrl-C returns ErrAborted; elsewhere
//     it sends a signal, which should end the context. The echo is always restored.
//
// The input is buffered, so there must be only one NewLine for an input, and nothing else may read it.
func NewLine(in io.Reader, out io.Writer, texts Texts) Prompter {
	return &line{in: newLineReader(in), out: out, texts: texts}
}

type line struct {
	in    *lineReader
	out   io.Writer
	texts Texts
	count int // questions asked, on all pages
}

// Ask implements [Prompter].
func (l *line) Ask(ctx context.Context, page []Question) (Answers, error) {
	if err := checkPage(page); err != nil {
		return nil, err
	}
	answers := Answers{}
	for _, q := range page {
		if q.Kind == Note {
			if err := l.print(paragraph(q.Title, q.Help)); err != nil {
				return nil, err
			}
			continue
		}
		l.count++
		answer, err := l.ask(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("prompt: question %q: %w", q.Key, err)
		}
		answers[q.Key] = answer
	}
	return answers, nil
}

func (l *line) ask(ctx context.Context, q Question) (string, error) {
	if err := l.print(paragraph(fmt.Sprintf("%d. %s", l.count, q.Title), q.Help, optionLines(q))); err != nil {
		return "", err
	}
	for try := 1; ; try++ {
		typed, err := l.readLine(ctx, q)
		if err != nil {
			return "", err
		}
		answer, err := parseAnswer(q, l.texts, typed)
		if err == nil {
			err = validate(q, l.texts, answer)
		}
		if err == nil {
			return answer, nil
		}
		if err := l.print("! " + err.Error() + "\n"); err != nil {
			return "", err
		}
		if try == maxTries {
			return "", fmt.Errorf("%w after %d tries: %w", ErrInvalid, maxTries, err)
		}
	}
}

// readLine prints the prompt and reads one line. It disables the echo before it prints the prompt, because the answer
// may follow immediately.
func (l *line) readLine(ctx context.Context, q Question) (string, error) {
	hidden, restore := q.Kind == Password && l.in.isTerminal(), func() {}
	if hidden {
		signalled, stop := withSignals(ctx)
		defer stop()
		ctx = signalled
		var err error
		if restore, err = l.in.disableEcho(); err != nil {
			return "", err
		}
	}
	err := l.print(l.promptText(q))
	typed := ""
	if err == nil {
		typed, err = l.in.next(ctx, hidden)
	}
	restore()
	if echoed := l.in.isTerminal() && !hidden; err != nil || !echoed {
		err = cmp.Or(err, l.print("\n"))
	}
	switch {
	case errors.Is(err, io.EOF):
		return "", fmt.Errorf("%w: the input ended: %w", ErrAborted, err)
	case err != nil && ctx.Err() != nil:
		return "", abortError(ctx)
	}
	return typed, err
}

// promptText returns the prompt before the cursor: "Number [2]: ".
func (l *line) promptText(q Question) string {
	text, defaultText := l.texts.AskText, defaultAnswer(q)
	switch q.Kind {
	case Password:
		text = l.texts.AskSecret
	case Select:
		text, defaultText = l.texts.AskNumber, defaultNumbers(q)
	case MultiSelect:
		text, defaultText = l.texts.AskNumbers, defaultNumbers(q)
	case Confirm:
		text = "y/n"
		if defaultText != "" {
			defaultText = l.texts.yesNo(defaultText)
		}
	}
	if defaultText != "" {
		text += " [" + defaultText + "]"
	}
	return text + ": "
}

// defaultNumbers returns the numbers of the default options: "1,3".
func defaultNumbers(q Question) string {
	var ns []string
	chosen := defaultValues(q)
	for i, o := range q.Options {
		if slices.Contains(chosen, o.Value) {
			ns = append(ns, strconv.Itoa(i+1))
		}
	}
	return strings.Join(ns, ",")
}

func optionLines(q Question) string {
	var lines strings.Builder
	width := len(strconv.Itoa(len(q.Options)))
	for i, o := range q.Options {
		fmt.Fprintf(&lines, "  %*d  %s\n", width, i+1, o.label())
	}
	return lines.String()
}

// paragraph returns a blank line and the non-empty parts, each with one newline at its end.
func paragraph(parts ...string) string {
	var b strings.Builder
	b.WriteByte('\n')
	for _, part := range parts {
		if part = strings.TrimRight(part, " \n"); part != "" {
			b.WriteString(part + "\n")
		}
	}
	return b.String()
}

func (l *line) print(s string) error {
	if _, err := io.WriteString(l.out, s); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}
