package prompt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	tea "github.com/charmbracelet/bubbletea"
	"golang.org/x/term"

	// Must be initialised before Bubble Tea, see there.
	_ "github.com/cfproxy/cfproxy/cmd/internal/prompt/calm"
)

// maxWidth is how wide a form gets, in columns, on however wide a terminal.
const maxWidth = 80

// FormOption changes how [NewHuh] looks.
type FormOption func(*form)

// NoColor leaves only bold, faint and reverse, if off. Give it what the environment says: https://no-color.org
func NoColor(off bool) FormOption {
	return func(f *form) { f.colour = !off }
}

// NewHuh asks with a form that is drawn in place, below what is on the screen already, and is replaced by one line for each
// answer when it is done, or by nothing when the person leaves.
//
//   - in and out must both be terminals, *os.File as a rule; Ask fails otherwise, and [NewLine] is what to use then.
//   - The form is as wide as the terminal, up to 80 columns; 40 columns and 10 lines are enough.
//   - Notes, and help with an address too wide for the form, are printed above the form and remain there.
//   - A list of more than eight options scrolls and is filtered by typing.
//   - Esc (which first clears a filter) and Ctrl-C are [ErrAborted]. Enter and Tab go on, Shift+Tab goes back.
//   - The terminal is put back in every case, also on SIGTERM.
//   - Nothing is asked of the terminal: no colours, no cursor position.
//
// It draws with https://github.com/charmbracelet/huh.
func NewHuh(in io.Reader, out io.Writer, texts Texts, options ...FormOption) Prompter {
	f := &form{in: in, out: out, texts: texts, colour: true}
	for _, option := range options {
		option(f)
	}
	return f
}

type form struct {
	in     io.Reader
	out    io.Writer
	texts  Texts
	colour bool
	asked  bool // a page, so there may be answers above the next one
}

// Ask implements [Prompter].
func (f *form) Ask(ctx context.Context, page []Question) (Answers, error) {
	if err := checkPage(page); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("prompt: %w", ended(ctx))
	}
	columns, lines, err := f.size()
	if err != nil {
		return nil, fmt.Errorf("prompt: %w", err)
	}
	m := newModel(page, f.texts, newStyles(f.out, f.colour), columns, lines)
	above := m.above(page)
	if above != "" && f.asked {
		above = "\n" + above
	}
	f.asked = true
	if _, err := io.WriteString(f.out, above); err != nil {
		return nil, fmt.Errorf("prompt: write: %w", err)
	}
	if len(m.fields) == 0 {
		return Answers{}, nil
	}
	if err := f.run(ctx, m); err != nil {
		return nil, fmt.Errorf("prompt: %w", err)
	}
	return m.answers(), nil
}

func (f *form) run(ctx context.Context, m *model) error {
	in := &terminal{File: f.in.(*os.File)}
	p := tea.NewProgram(m, tea.WithInput(in), tea.WithOutput(f.out), tea.WithoutSignalHandler())
	in.hungUp = func() { p.Send(leaveMsg{}) }
	// Bubble Tea's own handler starts a little after the terminal is raw, and leaves the form on the screen; so does
	// tea.WithContext.
	until, stop := untilSignal(ctx)
	defer stop()
	defer context.AfterFunc(until, in.hungUp)()
	_, err := p.Run()
	switch {
	case ctx.Err() != nil && !m.done():
		return ended(ctx)
	case errors.Is(err, syscall.EIO): // the other way to be told of a hang-up
		return fmt.Errorf("%w: %w", ErrAborted, err)
	case err != nil:
		return fmt.Errorf("terminal: %w", err)
	case !m.done():
		return ErrAborted
	}
	return nil
}

// untilSignal makes a context that ends also on a signal which would end the program, and leave the terminal as it is.
func untilSignal(ctx context.Context) (until context.Context, stop func()) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// terminal notices that it has been hung up. Bubble Tea would wait for ever, if the signal that comes with it is ignored.
type terminal struct {
	*os.File
	hungUp func()
}

func (t *terminal) Read(p []byte) (int, error) {
	n, err := t.File.Read(p)
	if errors.Is(err, io.EOF) {
		t.hungUp()
	}
	return n, err
}

// size is that of out, and an error unless both ends are terminals: a form that nobody can see or answer would never end.
func (f *form) size() (columns, lines int, err error) {
	in, inOK := f.in.(*os.File)
	out, outOK := f.out.(*os.File)
	if !inOK || !outOK || !term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(out.Fd())) {
		return 0, 0, errors.New("a form needs a terminal")
	}
	columns, lines, err = term.GetSize(int(out.Fd()))
	switch {
	case err != nil:
		return 0, 0, fmt.Errorf("terminal size: %w", err)
	case columns <= 0 || lines <= 0:
		return maxWidth, 24, nil // a serial console does not know
	}
	return columns, lines, nil
}

// formWidth leaves the last column free: a character there makes some terminals begin a new line at once, others later.
func formWidth(columns int) int {
	return max(10, min(columns-1, maxWidth))
}
