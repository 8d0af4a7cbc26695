// Package atomicfile replaces files atomically: a reader, or a crash, finds either the old content or the new.
//
// It is a leaf package that imports nothing of this module, so that both the command line and the sandbox can use it.
package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// RealPath returns the absolute path of an existing file with all symbolic links resolved. Renaming over a link would
// replace the link and not the file that it points to.
func RealPath(path string) (string, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}

// Replace replaces the content of an existing file. The file keeps its mode and owner. It returns an error that wraps
// [syscall.EACCES] if the file is read-only, although a rename would succeed.
func Replace(path string, data []byte) error {
	f, err := tempBeside(path)
	if err != nil {
		return err
	}
	return commit(f, data, path)
}

// CheckReplaceable returns the error that [Replace] would return before it writes anything.
func CheckReplaceable(path string) error {
	f, err := tempBeside(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// Write writes a file with the given mode, whether or not it exists already.
func Write(path string, data []byte, mode fs.FileMode) error {
	f, err := createTemp(path)
	if err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil {
		return errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return commit(f, data, path)
}

// CheckWritable returns an error if no file can be created in dir.
func CheckWritable(dir string) error {
	f, err := os.CreateTemp(dir, ".writable.*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// commit writes data to f and renames f to path. It removes f if either fails.
func commit(f *os.File, data []byte, path string) error {
	_, err := f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// tempBeside creates an empty file in the directory of an existing file, with the same mode and owner.
func tempBeside(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o222 == 0 {
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.EACCES}
	}
	f, err := createTemp(path)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(keepOwner(f, info), f.Chmod(info.Mode().Perm())); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return f, nil
}

// createTemp creates an empty file with mode 0600 in the directory of path.
func createTemp(path string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
}
