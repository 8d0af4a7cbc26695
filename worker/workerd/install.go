package workerd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Timeouts: a network proxy may accept a connection and never respond.
const (
	installTimeout = 5 * time.Minute
	checkTimeout   = 10 * time.Second
)

// staleAfter is the age at which an unfinished install counts as abandoned.
const staleAfter = time.Hour

// Install installs workerd into cacheDir/workerd-<Version> with npm and returns the path of its binary. If it is installed
// already, Install does nothing. npm runs no scripts of the package. progress, which may be nil, is called with each line of
// npm's output, by one goroutine at a time.
//
// npm installs into a temporary directory, which is renamed at the end, so an incomplete install is never found. If two
// processes install at once, one waits for the other. The error is [ErrNoNPM], [ErrUnsupported], that of ctx, or has the
// errors that npm printed.
func Install(ctx context.Context, cacheDir string, progress func(line string)) (string, error) {
	dir := installDir(cacheDir)
	if bin, err := installedBinary(dir); err == nil || errors.Is(err, ErrUnsupported) {
		return bin, err
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoNPM, err)
	}
	if err := os.MkdirAll(cacheDir, 0o755); err != nil {
		return "", fmt.Errorf("install workerd: %w", err)
	}
	unlock, err := lock(ctx, filepath.Join(cacheDir, ".install.lock"))
	if err != nil {
		return "", fmt.Errorf("install workerd: %w", err)
	}
	defer unlock()
	if bin, err := installedBinary(dir); err == nil {
		return bin, nil
	}
	if err := install(ctx, npm, cacheDir, dir, progress); err != nil {
		return "", fmt.Errorf("install workerd: %w", err)
	}
	return installedBinary(dir)
}

// install installs into a temporary directory in cacheDir and moves it to dir.
func install(ctx context.Context, npm, cacheDir, dir string, progress func(string)) error {
	removeStale(cacheDir, time.Now().Add(-staleAfter))
	temp, err := os.MkdirTemp(cacheDir, ".workerd-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	if err := runNPM(ctx, npm, temp, progress); err != nil {
		return err
	}
	bin, err := installedBinary(temp)
	if err != nil {
		return fmt.Errorf("npm did not bring the binary: %w", err)
	}
	if err := checkRuns(ctx, bin); err != nil {
		return err
	}
	return moveInto(temp, dir)
}

// runNPM installs into dir. The binary is an optional dependency, which the user's npm configuration may omit, so the
// command line includes these. It also reduces npm's retries, which take more than a minute without a network.
func runNPM(ctx context.Context, npm, dir string, progress func(string)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, installTimeout, fmt.Errorf("npm install took over %v", installTimeout))
	defer cancel()
	cmd := exec.CommandContext(ctx, npm, "install", "--prefix", dir, "--ignore-scripts", "--no-audit", "--no-fund",
		"--include=optional", "--loglevel=http", "--fetch-retries=1", "--fetch-retry-mintimeout=2000", "workerd@"+Version)
	cmd.Dir = dir
	cmd.Env = environWithoutKeys()
	killWithParent(cmd)
	runtime.LockOSThread() // killWithParent refers to the thread that starts the process
	defer runtime.UnlockOSThread()
	cmd.WaitDelay = 2 * time.Second
	out := &lineWriter{onLine: progress}
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	out.flush()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("npm install: %w: %s", err, out.errorSummary())
	}
	return nil
}

// checkRuns returns an error if the binary cannot run here, for example because of another libc or a full disk.
func checkRuns(ctx context.Context, bin string) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "--version")
	cmd.Env = environWithoutKeys()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("workerd does not run on this machine: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// moveInto renames temp to dir. An existing dir is kept if it is a complete install of another process, and replaced if not.
func moveInto(temp, dir string) error {
	err := os.Rename(temp, dir)
	if err == nil {
		return nil
	}
	if _, found := installedBinary(dir); found == nil {
		return nil
	}
	if asideErr := os.Rename(dir, temp+"-old"); asideErr != nil {
		return err
	}
	defer os.RemoveAll(temp + "-old")
	return os.Rename(temp, dir)
}

// removeStale removes the unfinished installs of killed processes that were last modified before the given time. Errors are
// ignored.
func removeStale(cacheDir string, before time.Time) {
	old, _ := filepath.Glob(filepath.Join(cacheDir, ".workerd-*"))
	for _, dir := range old {
		if info, err := os.Stat(dir); err == nil && info.ModTime().Before(before) {
			_ = os.RemoveAll(dir)
		}
	}
}

// lineWriter calls onLine for each line written to it and keeps the last lines.
type lineWriter struct {
	onLine func(string)
	mu     sync.Mutex
	part   []byte
	last   []string
}

func (l *lineWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.part = append(l.part, p...)
	for {
		advance, token, _ := bufio.ScanLines(l.part, false)
		if advance == 0 {
			return len(p), nil
		}
		l.add(string(token))
		l.part = l.part[advance:]
	}
}

func (l *lineWriter) flush() { _, _ = io.WriteString(l, "\n") }

func (l *lineWriter) add(line string) {
	if line = strings.TrimSpace(line); line == "" {
		return
	}
	if l.last = append(l.last, line); len(l.last) > 50 {
		l.last = l.last[1:]
	}
	if l.onLine != nil {
		l.onLine(line)
	}
}

// errorSummary returns the lines that npm marked as errors, or else the last lines of its output, at most five.
func (l *lineWriter) errorSummary() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []string
	for _, line := range l.last {
		if strings.HasPrefix(line, "npm error") || strings.HasPrefix(line, "npm ERR!") {
			errs = append(errs, line)
		}
	}
	if errs == nil {
		errs = l.last[max(0, len(l.last)-5):]
	}
	return strings.Join(errs[:min(5, len(errs))], "; ")
}
