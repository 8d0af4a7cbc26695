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

	// Must be initialised before Bubble Tea; see its documentation.
	_ "github.com/cfproxy/cfproxy/cmd/internal/prompt/calm"
)

// maxWidth is the maximum width of a form, in columns.
const maxWidth = 80

// FormOption is an option of [NewHuh].
type FormOption func(*form)

// NoColor disables colours if disabled is true; bold, faint and reverse remain. See https://no-color.org
func NoColor(disabled bool) FormOption {
	return func(f *form) { f.color = !disabled }
}

// NewHuh returns a Prompter that draws forms with https://github.com/charmbracelet/huh. A form is drawn below the
// existing output and finally replaced by one line for each answer, or removed if the user aborts.
//
//   - in and out must be terminals, as *os.File; otherwise Ask fails, and [NewLine] must be used.
//   - The form is as wide as the terminal, up to 80 columns. It needs 40 columns and 10 lines.
//   - Notes, and help with a URL that is too wide for the form, are printed above the form and remain.
//   - A list of more than eight options scrolls and is filtered by typing.
//   - Esc (which first clears a filter) and Ctrl-C return [ErrAborted]. Enter and Tab go forward, Shift+Tab goes back.
//   - The terminal modes are always restored, also on SIGTERM.
//   - The terminal is not queried for its colours or the cursor position.
func NewHuh(in io.Reader, out io.Writer, texts Texts, options ...FormOption) Prompter {
	f := &form{in: in, out: out, texts: texts, color: true}
	for _, option := range options {
		option(f)
	}
	return f
}

type form struct {
	in       io.Reader
	out      io.Writer
	texts    Texts
	color    bool
	hasAsked bool // an earlier page may have left its answers on the screen
}

// Ask implements [Prompter].
func (f *form) Ask(ctx context.Context, page []Question) (Answers, error) {
	if err := checkPage(page); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("prompt: %w", abortError(ctx))
	}
	columns, lines, err := f.size()
	if err != nil {
		return nil, fmt.Errorf("prompt: %w", err)
	}
	m := newModel(page, f.texts, newStyles(f.out, f.color), columns, lines)
	preamble := m.preamble(page)
	if preamble != "" && f.hasAsked {
		preamble = "\n" + preamble
	}
	f.hasAsked = true
	if _, err := io.WriteString(f.out, preamble); err != nil {
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
	in.onHangUp = func() { p.Send(abortMsg{}) }
	// Bubble Tea's own signal handler starts only after the terminal is raw, and it leaves the form on the screen, as
	// tea.WithContext does.
	signalled, stop := withSignals(ctx)
	defer stop()
	defer context.AfterFunc(signalled, in.onHangUp)()
	_, err := p.Run()
	switch {
	case ctx.Err() != nil && !m.done():
		return abortError(ctx)
	case errors.Is(err, syscall.EIO): // also means that the terminal was hung up
		return fmt.Errorf("%w: %w", ErrAborted, err)
	case err != nil:
		return fmt.Errorf("terminal: %w", err)
	case !m.done():
		return ErrAborted
	}
	return nil
}

// withSignals returns a context that also ends on signals that would otherwise terminate the program without restoring
// the terminal.
func withSignals(ctx context.Context) (signalled context.Context, stop func()) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// terminal calls onHangUp when the terminal is hung up. Bubble Tea would wait forever if SIGHUP is ignored.
type terminal struct {
	*os.File
	onHangUp func()
}

func (t *terminal) Read(p []byte) (int, error) {
	n, err := t.File.Read(p)
	if errors.Is(err, io.EOF) {
		t.onHangUp()
	}
	return n, err
}

// size returns the size of the terminal out. It returns an error unless both in and out are terminals.
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
		return maxWidth, 24, nil // a serial console has no size
	}
	return columns, lines, nil
}

// formWidth returns the width of a form. It excludes the last column, where some terminals wrap immediately and others
// later.
func formWidth(columns int) int {
	return max(10, min(columns-1, maxWidth))
}
