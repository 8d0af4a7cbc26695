//go:build unix

package credential

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

// Load returns what Save wrote, and refuses a file that another user may have read or written.
func TestFileStore(t *testing.T) {
	t.Parallel()
	ctx, want := context.Background(), StoredToken{Token: "cfut_0123456789", BaseURL: "https://api.example/client/v4/"}
	store := FileStore{path: filepath.Join(t.TempDir(), "cfproxy", "token.json")}
	if _, err := store.Load(ctx); !errors.Is(err, ErrNotStored) {
		t.Errorf("before anything is stored: %v", err)
	}
	if err := store.Save(ctx, want); err != nil {
		t.Fatal(err)
	}
	got, err := store.Load(ctx)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	entries, err := os.ReadDir(filepath.Dir(store.path))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the file: %v, %v", entries, err)
	}
	for name, test := range map[string]struct {
		tamper func(path string) error
		code   string
	}{
		"group":    {func(path string) error { return os.Chmod(path, 0o640) }, "token-file-exposed"},
		"others":   {func(path string) error { return os.Chmod(path, 0o602) }, "token-file-exposed"},
		"owner":    {func(path string) error { return os.Chown(path, 12345, 12345) }, "token-file-foreign"},
		"link":     {func(path string) error { return errors.Join(os.Rename(path, path+"2"), os.Symlink(path+"2", path)) }, "token-file-foreign"},
		"pipe":     {func(path string) error { return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)) }, "token-file-foreign"},
		"nonsense": {func(path string) error { return os.WriteFile(path, []byte(`{"token": "cfut_0123456789"}`), 0o600) }, "token-file-unreadable"},
	} {
		store := FileStore{path: filepath.Join(t.TempDir(), "cfproxy", "token.json")}
		if err := store.Save(ctx, want); err != nil {
			t.Fatal(err)
		}
		if err := test.tamper(store.path); err != nil {
			if name == "owner" && os.Geteuid() != 0 {
				continue // only root can give files away
			}
			t.Fatal(err)
		}
		var refused *problem.Error
		if _, err := store.Load(ctx); !errors.As(err, &refused) || refused.Code != test.code {
			t.Errorf("%s: got %v, want %s", name, err, test.code)
		}
		if err := store.Delete(ctx); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := store.Delete(ctx); err != nil {
		t.Error(err)
	}
	if err := store.Delete(ctx); !errors.Is(err, ErrNotStored) {
		t.Errorf("removed twice: %v", err)
	}
}
