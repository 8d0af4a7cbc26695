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

// maxLine bounds one answer, in bytes. A terminal hands over 4 KiB at most; a pipe may hold anything.
const maxLine = 64 << 10

var errLineTooLong = errors.New("line is longer than 64 KiB")

// lineReader reads lines for the whole run with one buffer, since a buffer per question would swallow the answers that a pipe
// delivers together.
type lineReader struct {
	buf *bufio.Reader
	fd  int // -1 if in is no terminal
	// pending is the read that a cancelled line left behind. A read of a terminal cannot be called off, so the next line
	// takes over its result instead of starting a second one beside it.
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

// hide turns the echo off and returns what turns it on again. Package term can do that only together with all else that a
// terminal does for a line, which is therefore done in accept; its ReadPassword does it too late, after the prompt.
func (r *lineReader) hide() (show func(), err error) {
	state, err := term.MakeRaw(r.fd)
	if err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	return func() { _ = term.Restore(r.fd, state) }, nil
}

// line reads one line, without its end, until ctx ends. A last line without an end counts; after it comes io.EOF.
func (r *lineReader) line(ctx context.Context, hidden bool) (string, error) {
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
		case b == '\n', b == '\r' && r.isTerminal(): // typed ahead while hidden, Enter is still \r
			return string(line), nil
		case hidden:
			if line, err = accept(line, b); err != nil {
				return "", err
			}
		default:
			line = append(line, b)
		}
	}
	return "", errLineTooLong
}

// The keys that edit a line, as every terminal sends them.
const (
	ctrlC, ctrlD, backspace, ctrlU, del = 0x03, 0x04, 0x08, 0x15, 0x7f
)

// accept does what the terminal does with a key when it is not raw.
func accept(line []byte, b byte) ([]byte, error) {
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
