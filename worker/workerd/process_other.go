//go:build !linux

package workerd

import "os/exec"

// endWithUs does nothing: only Linux can bind a child's life to its parent's.
func endWithUs(*exec.Cmd) {}
