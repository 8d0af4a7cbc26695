package plan

import (
	"strings"

	"github.com/cfproxy/cfproxy/provision/errcode"
)

// HostError is a host that a run skips, and the reason. The other hosts are not affected.
type HostError struct {
	Host string
	Err  error
}

// HostErrors is the error of a run that skips all of its hosts. It has at least one element and the code of the first
// one.
type HostErrors []HostError

// Error returns the errors of all hosts.
func (e HostErrors) Error() string {
	var texts []string
	for _, skipped := range e {
		texts = append(texts, skipped.Host+": "+skipped.Err.Error())
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the error of the first host.
func (e HostErrors) Unwrap() error { return e[0].Err }

// JoinHostErrors returns the error for a run that skips all of its hosts: HostErrors, or the error itself if there is
// only one host or if the token sees no zone at all, which does not depend on the host.
func JoinHostErrors(skipped []HostError) error {
	if len(skipped) == 1 || errcode.Of(skipped[0].Err) == errcode.NoZones {
		return skipped[0].Err
	}
	return HostErrors(skipped)
}
