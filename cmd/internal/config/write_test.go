package config

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/worker"
)

// comments returns a comment for each key that has one.
func comments() map[string]string {
	texts := map[string]string{CommentHead: "about " + CommentHead}
	for _, setting := range Table() {
		texts[setting.Key] = "about " + setting.Key
	}
	return texts
}

// Create writes a file that leads to the same relay when it is read again.
func TestCreate(t *testing.T) {
	for name, s := range map[string]Settings{
		"defaults": {Domains: []string{"a.example.com"}},
		"everything": func() Settings {
			s := deployedSettings()
			s.Domains, s.Account = []string{"a.example.com", "b.example.org"}, accountA
			s.Origin = "1.1.1.1"
			return s.WithTokens([]worker.Token{{Name: "alice", SHA256: digestOf("a"), RPM: 5}, {Name: "王小明", SHA256: digestOf("b")}})
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			s.Worker = "cfproxy-a"
			want, err := NewRelay(s, "1.0.0")
			if err != nil {
				t.Fatal(err)
			}
			if created, err := Create(want, s.Worker, comments()); !created || err != nil {
				t.Fatalf("got %v, %v", created, err)
			}
			all, err := ReadFile("", nil)
			if err != nil || len(all) != 1 {
				t.Fatalf("got %v, %v", all, err)
			}
			got, err := NewRelay(all[0], "1.0.0")
			if len(want.Tokens) == 0 {
				want.Tokens = got.Tokens // a file without tokens accepts none
			}
			if diff := cmp.Diff(want.Config, got.Config); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// An existing file is neither changed nor an error.
func TestCreateKeepsExistingFile(t *testing.T) {
	t.Chdir(t.TempDir())
	const text = "# mine\n"
	if err := os.WriteFile(FileName, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := NewRelay(Settings{Domains: []string{"a.example.com"}}, "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	if created, err := Create(r, "w", comments()); created || err != nil {
		t.Errorf("got %v, %v", created, err)
	}
	if got, err := os.ReadFile(FileName); err != nil || string(got) != text {
		t.Errorf("got %q, %v", got, err)
	}
	if err := CheckFolder(); err != nil {
		t.Errorf("CheckFolder: %v", err)
	}
}

func TestCheckFolder(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := CheckFolder(); err != nil {
		t.Errorf("writable: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("directories cannot be made read-only for this user")
	}
	readOnly := filepath.Join(dir, "sub")
	if err := os.Mkdir(readOnly, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Chdir(readOnly)
	if err := CheckFolder(); codeOf(err) != "config-unwritable" {
		t.Errorf("read-only: got %v", err)
	}
}
