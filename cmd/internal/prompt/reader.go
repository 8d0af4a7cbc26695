package prompt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/term"
)

// maxLine is the maximum length of an answer in bytes. A terminal has a limit of 4 KiB, a pipe has none.
const maxLine = 64 << 10

var errLineTooLong = errors.New("line is longer than 64 KiB")

// lineReader reads lines through one buffer, because a buffer per question would lose answers that a pipe delivers
// together.
type lineReader struct {
	buf *bufio.Reader
	fd  int // -1 if in is not a terminal
	// pending is the read of a call that was cancelled. A read from a terminal cannot be cancelled, so the next call
	// waits for it instead of starting another one.
	pending chan lineRead
}

type lineRead struct {
	text string
	err  error
}

func newLineReader(in io.Reader) *lineReader {
	r := &lineReader{buf: bufio.NewReader(in), fd: -1}
	if f, ok := in.(interface{ Fd() uintptr }); ok && term.IsTerminal(int(f.Fd())) {
		r.fd = int(f.Fd())
	}
	return r
}

func (r *lineReader) isTerminal() bool { return r.fd >= 0 }

// disableEcho disables the echo and returns a function that restores it. Package term can do so only together with the
// terminal's line editing, which editLine replaces. Its ReadPassword disables the echo too late, after the prompt.
func (r *lineReader) disableEcho() (restore func(), err error) {
	state, err := term.MakeRaw(r.fd)
	if err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	return func() { _ = term.Restore(r.fd, state) }, nil
}

// next returns the next line without its newline, or an error when ctx ends. A last line without a newline counts; then
// follows io.EOF. hidden means that the echo is disabled.
func (r *lineReader) next(ctx context.Context, hidden bool) (string, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if r.pending == nil {
		done := make(chan lineRead, 1)
		r.pending = done
		go func() {
			text, err := r.readLine(hidden)
			done <- lineRead{text, err}
		}()
	}
	select {
	case got := <-r.pending:
		r.pending = nil
		return got.text, got.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

func (r *lineReader) readLine(hidden bool) (string, error) {
	var line []byte
	for len(line) <= maxLine {
		b, err := r.buf.ReadByte()
		switch {
		case errors.Is(err, io.EOF) && len(line) > 0 && !hidden:
			return string(line), nil
		case err != nil:
			return "", err
		case b == '\n', b == '\r' && r.isTerminal(): // typed while the echo was disabled, when Enter is \r
			return string(line), nil
		case hidden:
			if line, err = editLine(line, b); err != nil {
				return "", err
			}
		default:
			line = append(line, b)
		}
	}
	return "", errLineTooLong
}

// The keys that edit a line, as terminals send them.
const (
	ctrlC, ctrlD, backspace, ctrlU, del = 0x03, 0x04, 0x08, 0x15, 0x7f
)

// editLine applies a key to a line as a terminal does when it is not in raw mode.
func editLine(line []byte, b byte) ([]byte, error) {
	switch b {
	case ctrlC:
		return nil, ErrAborted
	case ctrlD:
		if len(line) == 0 {
			return nil, io.EOF
		}
		return line, nil
	case ctrlU:
		return line[:0], nil
	case backspace, del:
		_, size := utf8.DecodeLastRune(line)
		return line[:len(line)-size], nil
	}
	return append(line, b), nil
}
