// Package problem defines the errors of the command line and the exit statuses that they lead to.
//
// An error carries a code and details. Its sentence and its hints are in the catalogues of package i18n, under "error.CODE"
// and "hint.CODE.1", where the details fill the placeholders.
package problem

import (
	"fmt"
	"strconv"
)

// Exit statuses. Scripts rely on them, so their meaning never changes.
const (
	ExitOK          = 0   // done
	ExitFailed      = 1   // failed
	ExitUsage       = 2   // wrong usage
	ExitConflict    = 3   // conflict with a resource that cfproxy does not own
	ExitToken       = 4   // the API token is missing, wrong or lacks a permission
	ExitUnverified  = 5   // verification failed
	ExitPending     = 6   // plan --exit-code: changes are pending
	ExitInterrupted = 130 // interrupted: 128 + SIGINT, as shells report it
)

// Error is an error of the command line.
type Error struct {
	Code    string
	Exit    int               // exit status
	Details map[string]string // values for the placeholders of the sentence and the hints
	Err     error             // cause, nil if there is none
}

// Error returns the code and the cause, for logs and tests; users see the sentence of the code.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Code + ": " + e.Err.Error()
	}
	return e.Code
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New returns an error without a cause. The details alternate between names and values.
func New(code string, exit int, details ...string) *Error {
	e := &Error{Code: code, Exit: exit, Details: map[string]string{}}
	for i := 0; i+1 < len(details); i += 2 {
		e.Details[details[i]] = details[i+1]
	}
	return e
}

// Usage returns an error in the arguments, the environment or cfproxy.toml, with ExitUsage.
func Usage(code string, details ...string) *Error { return New(code, ExitUsage, details...) }

// Wrap returns an error of the local machine, such as a file or a port, that is caused by err, with ExitFailed.
func Wrap(code string, err error, details ...string) *Error {
	e := New(code, ExitFailed, details...)
	e.Err = err
	return e
}

// PositionError is an error at a line of a file. Lines count from 1.
type PositionError struct {
	File string
	Line int
	Err  error
}

// Error returns file, line and error, as compilers print them.
func (e *PositionError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

// Unwrap returns the error without its position.
func (e *PositionError) Unwrap() error { return e.Err }

// ExitStatus is an error that ends the run with a status after everything has been printed.
type ExitStatus int

// Error returns the number in words. It is never printed.
func (s ExitStatus) Error() string { return "exit status " + strconv.Itoa(int(s)) }
