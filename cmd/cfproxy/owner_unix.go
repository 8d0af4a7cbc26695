//go:build unix

package main

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a file to whom another one belongs: root must not take over what it edits.
func keepOwner(f *os.File, like fs.FileInfo) error {
	mine, err := f.Stat()
	if err != nil {
		return err
	}
	is, known := mine.Sys().(*syscall.Stat_t)
	was, alsoKnown := like.Sys().(*syscall.Stat_t)
	if !known || !alsoKnown || is.Uid == was.Uid && is.Gid == was.Gid {
		return nil
	}
	return f.Chown(int(was.Uid), int(was.Gid))
}
