package workerd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// CacheDir returns the default directory for [Install]: "cfproxy" in [os.UserCacheDir]. It may not exist yet.
func CacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	return filepath.Join(dir, "cfproxy"), nil
}

// Find returns the path of a workerd binary: the value of CFPROXY_WORKERD, else one in PATH, else the one that [Install] has
// put into cacheDir. For the launcher script of the npm package it returns the binary that the script runs.
//
// If CFPROXY_WORKERD is set but not a program, the error says so; otherwise it is [ErrNotFound]. The version of a binary that
// Install did not install is not checked.
func Find(getenv func(string) string, cacheDir string) (string, error) {
	if path := getenv(EnvBinary); path != "" {
		bin, err := resolveLauncher(path)
		if err != nil {
			return "", fmt.Errorf("%s: %w", EnvBinary, err)
		}
		return bin, nil
	}
	for _, dir := range filepath.SplitList(getenv("PATH")) {
		// The result must not depend on the working directory.
		if !filepath.IsAbs(dir) {
			continue
		}
		if bin, err := resolveLauncher(filepath.Join(dir, exeName())); err == nil {
			return bin, nil
		}
	}
	if bin, err := installedBinary(installDir(cacheDir)); err == nil {
		return bin, nil
	}
	return "", ErrNotFound
}

func installDir(cacheDir string) string { return filepath.Join(cacheDir, "workerd-"+Version) }

// installedBinary returns the binary of a complete npm install in dir.
func installedBinary(dir string) (string, error) {
	pkg, err := platformPackage()
	if err != nil {
		return "", err
	}
	return executable(filepath.Join(dir, "node_modules", filepath.FromSlash(pkg), "bin", exeName()))
}

// resolveLauncher returns path, or the binary of the npm package if path is its launcher script. The launcher cannot be used
// because it does not pass the control pipe to workerd, and workerd survives it.
func resolveLauncher(path string) (string, error) {
	path, err := executable(path)
	if err != nil {
		return "", err
	}
	script, err := hasShebang(path)
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

func hasShebang(path string) (bool, error) {
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

// platformPackage returns the npm package with the binary for this platform.
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
