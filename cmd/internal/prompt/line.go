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

// maxTries is how often one question is put before NewLine gives up with ErrInvalid.
const maxTries = 5

// NewLine asks with plain lines: a number and a title, the help, numbered options, and a prompt with the default in brackets.
// It sends no escape sequence, so it suits screen readers, TERM=dumb and pipes.
//
//   - Options are answered by number, value or label; yes and no by y, yes, n, no or the words in texts; several options by
//     commas, also ， and 、. Full-width digits and letters are understood.
//   - An answer that is refused is followed by a line that begins with "! " and asked again, five times in all.
//   - If in is a terminal, a Password is read without echo; Backspace and Ctrl-U work.
//   - The end of the input is [ErrAborted] wrapped with [io.EOF]. Ctrl-C is ErrAborted at a Password; elsewhere it is a signal,
//     which ends Ask by way of the context. The echo is back on in every case.
//
// One buffer serves the whole run, so build one NewLine for one input, and do not read that input elsewhere.
func NewLine(in io.Reader, out io.Writer, texts Texts) Prompter {
	return &line{in: newLineReader(in), out: out, texts: texts}
}

type line struct {
	in    *lineReader
	out   io.Writer
	texts Texts
	asked int // questions so far, over all pages
}

// Ask implements [Prompter].
func (l *line) Ask(ctx context.Context, page []Question) (Answers, error) {
	if err := checkPage(page); err != nil {
		return nil, err
	}
	answers := Answers{}
	for _, q := range page {
		if q.Kind == Note {
			if err := l.say(block(q.Title, q.Help)); err != nil {
				return nil, err
			}
			continue
		}
		l.asked++
		answer, err := l.ask(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("prompt: question %q: %w", q.Key, err)
		}
		answers[q.Key] = answer
	}
	return answers, nil
}

func (l *line) ask(ctx context.Context, q Question) (string, error) {
	if err := l.say(block(fmt.Sprintf("%d. %s", l.asked, q.Title), q.Help, optionLines(q))); err != nil {
		return "", err
	}
	for try := 1; ; try++ {
		typed, err := l.read(ctx, q)
		if err != nil {
			return "", err
		}
		answer, err := read(q, l.texts, typed)
		if err == nil {
			err = check(q, l.texts, answer)
		}
		if err == nil {
			return answer, nil
		}
		if err := l.say("! " + err.Error() + "\n"); err != nil {
			return "", err
		}
		if try == maxTries {
			return "", fmt.Errorf("%w after %d tries: %w", ErrInvalid, maxTries, err)
		}
	}
}

// read shows the prompt and reads one line. Echo is off before the prompt appears, since who waits for it, a person or a
// program, may answer at once.
func (l *line) read(ctx context.Context, q Question) (string, error) {
	hidden, show := q.Kind == Password && l.in.isTerminal(), func() {}
	if hidden {
		until, stop := untilSignal(ctx)
		defer stop()
		ctx = until
		var err error
		if show, err = l.in.hide(); err != nil {
			return "", err
		}
	}
	err := l.say(l.prompt(q))
	typed := ""
	if err == nil {
		typed, err = l.in.line(ctx, hidden)
	}
	show()
	if echoed := l.in.isTerminal() && !hidden; err != nil || !echoed {
		err = cmp.Or(err, l.say("\n"))
	}
	switch {
	case errors.Is(err, io.EOF):
		return "", fmt.Errorf("%w: the input ended: %w", ErrAborted, err)
	case err != nil && ctx.Err() != nil:
		return "", ended(ctx)
	}
	return typed, err
}

// prompt is what stands before the cursor: "Number [2]: ".
func (l *line) prompt(q Question) string {
	words, preset := l.texts.AskText, fallback(q)
	switch q.Kind {
	case Password:
		words = l.texts.AskSecret
	case Select:
		words, preset = l.texts.AskNumber, numbers(q)
	case MultiSelect:
		words, preset = l.texts.AskNumbers, numbers(q)
	case Confirm:
		words = "y/n"
		if preset != "" {
			preset = l.texts.yesNo(preset)
		}
	}
	if preset != "" {
		words += " [" + preset + "]"
	}
	return words + ": "
}

// numbers are the defaults as one would type them: "1,3".
func numbers(q Question) string {
	var ns []string
	chosen := defaults(q)
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

// block puts a blank line before its parts, drops the empty ones, and ends each with one newline.
func block(parts ...string) string {
	var b strings.Builder
	b.WriteByte('\n')
	for _, part := range parts {
		if part = strings.TrimRight(part, " \n"); part != "" {
			b.WriteString(part + "\n")
		}
	}
	return b.String()
}

func (l *line) say(s string) error {
	if _, err := io.WriteString(l.out, s); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}
