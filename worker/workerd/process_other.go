//go:build !linux

package workerd

import "os/exec"

// killWithParent does nothing: only Linux can kill a child when its parent dies.
func killWithParent(*exec.Cmd) {}
