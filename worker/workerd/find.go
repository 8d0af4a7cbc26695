package workerd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// CacheDir is where [Install] keeps workerd when the caller has no other
// wish: "cfproxy" in the user's cache folder ([os.UserCacheDir]). The folder
// need not exist yet.
func CacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	return filepath.Join(dir, "cfproxy"), nil
}

// Find returns the path of a workerd binary: the one that CFPROXY_WORKERD
// names, else one in PATH, else the one that [Install] put into cacheDir. The
// npm package's launcher script is followed to the binary it would run.
//
// A CFPROXY_WORKERD that leads nowhere is an error of its own, since the user
// asked for it; otherwise the error is [ErrNotFound]. The version of a binary
// that was not installed by us is not checked.
func Find(getenv func(string) string, cacheDir string) (string, error) {
	if path := getenv(EnvBinary); path != "" {
		bin, err := native(path)
		if err != nil {
			return "", fmt.Errorf("%s: %w", EnvBinary, err)
		}
		return bin, nil
	}
	for _, dir := range filepath.SplitList(getenv("PATH")) {
		// A relative entry would make the answer depend on the working folder.
		if !filepath.IsAbs(dir) {
			continue
		}
		if bin, err := native(filepath.Join(dir, exeName())); err == nil {
			return bin, nil
		}
	}
	if bin, err := installed(installDir(cacheDir)); err == nil {
		return bin, nil
	}
	return "", ErrNotFound
}

func installDir(cacheDir string) string { return filepath.Join(cacheDir, "workerd-"+Version) }

// installed returns the binary of a finished npm install in dir.
func installed(dir string) (string, error) {
	pkg, err := platformPackage()
	if err != nil {
		return "", err
	}
	return executable(filepath.Join(dir, "node_modules", filepath.FromSlash(pkg), "bin", exeName()))
}

// native returns path, or, if that is the launcher script of the npm package,
// the binary beside it. The launcher itself will not do: it passes no control
// descriptor on, and ending it leaves its child behind.
func native(path string) (string, error) {
	path, err := executable(path)
	if err != nil {
		return "", err
	}
	script, err := isScript(path)
	if err != nil || !script {
		return path, err
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	modules := filepath.Dir(filepath.Dir(filepath.Dir(real))) // node_modules/workerd/bin/workerd
	pkg, err := platformPackage()
	if err != nil {
		return "", err
	}
	bin, err := executable(filepath.Join(modules, filepath.FromSlash(pkg), "bin", exeName()))
	if err != nil {
		return "", fmt.Errorf("%s is a script without its binary: %w", path, err)
	}
	return bin, nil
}

func executable(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return "", fmt.Errorf("%s: not a program", path)
	}
	if runtime.GOOS != "windows" && info.Mode()&0o111 == 0 {
		return "", fmt.Errorf("%s: not executable", path)
	}
	return filepath.Abs(path)
}

func isScript(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	var head [2]byte
	if _, err := io.ReadFull(f, head[:]); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	return string(head[:]) == "#!", nil
}

func exeName() string {
	if runtime.GOOS == "windows" {
		return "workerd.exe"
	}
	return "workerd"
}

// platformPackage is the npm package that holds the binary for this machine.
func platformPackage() (string, error) {
	names := map[string]string{
		"linux/amd64": "linux-64", "linux/arm64": "linux-arm64",
		"darwin/amd64": "darwin-64", "darwin/arm64": "darwin-arm64",
		"windows/amd64": "windows-64", "windows/arm64": "windows-64",
	}
	platform := runtime.GOOS + "/" + runtime.GOARCH
	name, ok := names[platform]
	if !ok {
		return "", fmt.Errorf("%w: %s", ErrUnsupported, platform)
	}
	return "@cloudflare/workerd-" + name, nil
}
