package workerd

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// writeProgram writes an executable file.
func writeProgram(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func platform(t *testing.T) string {
	t.Helper()
	pkg, err := platformPackage()
	if err != nil {
		t.Skip(err)
	}
	return filepath.FromSlash(pkg)
}

func TestFindOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	named := writeProgram(t, filepath.Join(dir, "named"), "ELF")
	inPath := writeProgram(t, filepath.Join(dir, "bin", exeName()), "ELF")
	cached := writeProgram(t, filepath.Join(installDir(dir), "node_modules", platform(t), "bin", exeName()), "ELF")
	for _, test := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{EnvBinary: named, "PATH": filepath.Dir(inPath)}, named},
		{map[string]string{"PATH": filepath.Join(dir, "none") + string(filepath.ListSeparator) + filepath.Dir(inPath)}, inPath},
		{map[string]string{"PATH": "bin"}, cached},
		{nil, cached},
	} {
		if got, err := Find(environment(test.env), dir); err != nil || got != test.want {
			t.Errorf("Find with %v = %q, %v; want %q", test.env, got, err, test.want)
		}
	}
}

func TestFindNothing(t *testing.T) {
	t.Parallel()
	if got, err := Find(environment(nil), t.TempDir()); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %q, %v; want ErrNotFound", got, err)
	}
}

func TestFindWithWrongVariable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeProgram(t, filepath.Join(installDir(dir), "node_modules", platform(t), "bin", exeName()), "ELF")
	for name, path := range map[string]string{"missing": filepath.Join(dir, "missing"), "a directory": dir} {
		_, err := Find(environment(map[string]string{EnvBinary: path}), dir)
		if err == nil || errors.Is(err, ErrNotFound) {
			t.Errorf("%s: got %v, want a different error", name, err)
		}
	}
}

func TestFindResolvesLauncherScript(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("npm installs no script with that name on Windows")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	script := writeProgram(t, filepath.Join(dir, "node_modules", "workerd", "bin", "workerd"), "#!/usr/bin/env node\n")
	bin := filepath.Join(dir, "node_modules", ".bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(script, filepath.Join(bin, "workerd")); err != nil {
		t.Fatal(err)
	}
	env := environment(map[string]string{"PATH": bin})
	if got, err := Find(env, dir); !errors.Is(err, ErrNotFound) {
		t.Errorf("without the binary: got %q, %v; want ErrNotFound", got, err)
	}
	want := writeProgram(t, filepath.Join(dir, "node_modules", platform(t), "bin", "workerd"), "ELF")
	if got, err := Find(env, dir); err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestFindIgnoresFilesThatAreNotExecutable(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("files have no execute bit on Windows")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "workerd"), []byte("ELF"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := Find(environment(map[string]string{"PATH": dir}), dir); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %q, %v; want ErrNotFound", got, err)
	}
}
