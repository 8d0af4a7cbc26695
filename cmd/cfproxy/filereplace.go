package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// realPath is where a file is: what a link leads to is replaced, and not the link.
func realPath(path string) (string, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}

// replaceFile writes beside the file and renames, so that a reader, or a kill, finds the old text or the new one. Mode and
// owner stay.
func replaceFile(path string, text []byte) error {
	f, err := beside(path)
	if err != nil {
		return err
	}
	return putInPlace(f, text, path)
}

// putInPlace writes a text into an open file and makes that the file at path, or removes it.
func putInPlace(f *os.File, text []byte, path string) error {
	_, err := f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// rehearse does all of that but the writing.
func rehearse(path string) error {
	f, err := beside(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// beside makes an empty file next to another one, with its mode and its owner. One that is marked as read-only is to stay as it
// is, though renaming would get around that.
func beside(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o222 == 0 {
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.EACCES}
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, err
	}
	if err := errors.Join(keepOwner(f, info), f.Chmod(info.Mode().Perm())); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return f, nil
}

// mayWrite finds out whether a new file can be made in a folder.
func mayWrite(folder string) error {
	f, err := os.CreateTemp(folder, "."+configName+".*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
