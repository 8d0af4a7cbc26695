package plan

import "github.com/cfproxy/cfproxy/provision/errcode"

// ConflictError reports resources that cfproxy does not own and that stop a plan. Code is CodeConflict where they are at
// addresses that the plan needs, or CodeExposed where a removal would leave them reachable without our route.
type ConflictError struct {
	Code    errcode.Code
	Objects []Object
}

// Error returns the code.
func (e *ConflictError) Error() string { return string(e.Code) }

// Unwrap returns an *Error with the same code, so that CodeOf works.
func (e *ConflictError) Unwrap() error { return errcode.New(e.Code) }
