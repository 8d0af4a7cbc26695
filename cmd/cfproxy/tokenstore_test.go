//go:build unix

package main

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

// What is written is read again, by its owner alone; anything that others had a hand in is refused, with its code.
func TestTheFileOfTheToken(t *testing.T) {
	t.Parallel()
	ctx, want := context.Background(), kept{Token: "cfut_0123456789", BaseURL: "https://api.example/client/v4/"}
	store := fileStore{path: filepath.Join(t.TempDir(), "cfproxy", "token.json")}
	if _, err := store.read(ctx); !errors.Is(err, errNotKept) {
		t.Errorf("before anything is stored: %v", err)
	}
	if err := store.write(ctx, want); err != nil {
		t.Fatal(err)
	}
	got, err := store.read(ctx)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	folder, err := os.ReadDir(filepath.Dir(store.path))
	if err != nil || len(folder) != 1 {
		t.Errorf("beside the file: %v, %v", folder, err)
	}
	for name, test := range map[string]struct {
		spoil func(path string) error
		code  string
	}{
		"group":    {func(path string) error { return os.Chmod(path, 0o640) }, "token-file-exposed"},
		"others":   {func(path string) error { return os.Chmod(path, 0o602) }, "token-file-exposed"},
		"owner":    {func(path string) error { return os.Chown(path, 12345, 12345) }, "token-file-foreign"},
		"link":     {func(path string) error { return errors.Join(os.Rename(path, path+"2"), os.Symlink(path+"2", path)) }, "token-file-foreign"},
		"pipe":     {func(path string) error { return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)) }, "token-file-foreign"},
		"nonsense": {func(path string) error { return os.WriteFile(path, []byte(`{"token": "cfut_0123456789"}`), 0o600) }, "token-file-unreadable"},
	} {
		store := fileStore{path: filepath.Join(t.TempDir(), "cfproxy", "token.json")}
		if err := store.write(ctx, want); err != nil {
			t.Fatal(err)
		}
		if err := test.spoil(store.path); err != nil {
			if name == "owner" && os.Geteuid() != 0 {
				continue // only root can give files away
			}
			t.Fatal(err)
		}
		var refused *problem.Error
		if _, err := store.read(ctx); !errors.As(err, &refused) || refused.Code != test.code {
			t.Errorf("%s: got %v, want %s", name, err, test.code)
		}
		if err := store.remove(ctx); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := store.remove(ctx); err != nil {
		t.Error(err)
	}
	if err := store.remove(ctx); !errors.Is(err, errNotKept) {
		t.Errorf("removed twice: %v", err)
	}
}
