package atomicfile

import (
	"os"
	"path/filepath"
	"testing"
)

func newFile(t *testing.T, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// checkFile checks the content of a file and that its directory has no other file.
func checkFile(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("content %q, want %q (%v)", got, want, err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("the directory has %v (%v)", entries, err)
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	path := newFile(t, "old", 0o640)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Replace(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	checkFile(t, path, "new")
	if after, err := os.Stat(path); err != nil || after.Mode() != before.Mode() {
		t.Errorf("mode %v, was %v (%v)", after.Mode(), before.Mode(), err)
	}
}

func TestReplaceRefusesReadOnlyFile(t *testing.T) {
	t.Parallel()
	path := newFile(t, "old", 0o444)
	if err := CheckReplaceable(path); !os.IsPermission(err) {
		t.Errorf("CheckReplaceable: %v", err)
	}
	if err := Replace(path, []byte("new")); !os.IsPermission(err) {
		t.Errorf("Replace: %v", err)
	}
	checkFile(t, path, "old")
}

func TestReplaceNeedsAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "missing")
	if err := CheckReplaceable(path); !os.IsNotExist(err) {
		t.Errorf("CheckReplaceable: %v", err)
	}
	if err := Replace(path, nil); !os.IsNotExist(err) {
		t.Errorf("Replace: %v", err)
	}
}

func TestChecksLeaveNoFile(t *testing.T) {
	t.Parallel()
	path := newFile(t, "old", 0o600)
	if err := CheckReplaceable(path); err != nil {
		t.Error(err)
	}
	if err := CheckWritable(filepath.Dir(path)); err != nil {
		t.Error(err)
	}
	checkFile(t, path, "old")
	if err := CheckWritable(filepath.Join(path, "no directory")); err == nil {
		t.Error("CheckWritable accepts a path that is not a directory")
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	for _, content := range []string{"first", "second"} {
		if err := Write(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		checkFile(t, path, content)
	}
}

func TestRenameFails(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "dir")
	if err := os.MkdirAll(filepath.Join(dir, "not empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, []byte("new"), 0o600); err == nil {
		t.Error("Write replaced a directory")
	}
	if entries, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v (%v)", entries, err)
	}
}

func TestRealPath(t *testing.T) {
	t.Parallel()
	path := newFile(t, "old", 0o600)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	want, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := RealPath(link); err != nil || got != want {
		t.Errorf("got %q, want %q (%v)", got, want, err)
	}
	if _, err := RealPath(link + ".missing"); !os.IsNotExist(err) {
		t.Errorf("a missing file: %v", err)
	}
}
