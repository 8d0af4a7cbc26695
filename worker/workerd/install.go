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

// A proxy that swallows what it is sent would otherwise be waited for without end.
const (
	installLimit = 5 * time.Minute
	tryLimit     = 10 * time.Second
)

// staleAfter is the age at which an unfinished install is taken for abandoned.
const staleAfter = time.Hour

// Install puts workerd into cacheDir/workerd-<Version> with npm and returns the
// path of its binary; when it is there already nothing is done. npm runs no
// scripts of the package. progress, which may be nil, gets npm's output line by
// line, from one goroutine at a time.
//
// The install is made in a folder beside the final one and renamed at the end,
// so a broken-off one is never found; of two processes at once one waits for the
// other.
// Errors: [ErrNoNPM], [ErrUnsupported], ctx's own, or npm's last words.
func Install(ctx context.Context, cacheDir string, progress func(line string)) (string, error) {
	dir := installDir(cacheDir)
	if bin, err := installed(dir); err == nil || errors.Is(err, ErrUnsupported) {
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
	if bin, err := installed(dir); err == nil {
		return bin, nil
	}
	if err := install(ctx, npm, cacheDir, dir, progress); err != nil {
		return "", fmt.Errorf("install workerd: %w", err)
	}
	return installed(dir)
}

// install makes the install beside dir and moves it there.
func install(ctx context.Context, npm, cacheDir, dir string, progress func(string)) error {
	sweep(cacheDir, time.Now().Add(-staleAfter))
	temp, err := os.MkdirTemp(cacheDir, ".workerd-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	if err := runNPM(ctx, npm, temp, progress); err != nil {
		return err
	}
	bin, err := installed(temp)
	if err != nil {
		return fmt.Errorf("npm did not bring the binary: %w", err)
	}
	if err := tryRun(ctx, bin); err != nil {
		return err
	}
	return moveInto(temp, dir)
}

// runNPM installs into dir. Optional packages are asked for by name, since the
// binary is one and a user's own npm settings may leave those out. Without a
// network npm would go on trying for more than a minute.
func runNPM(ctx context.Context, npm, dir string, progress func(string)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, installLimit, fmt.Errorf("npm install took over %v", installLimit))
	defer cancel()
	cmd := exec.CommandContext(ctx, npm, "install", "--prefix", dir, "--ignore-scripts", "--no-audit", "--no-fund",
		"--include=optional", "--loglevel=http", "--fetch-retries=1", "--fetch-retry-mintimeout=2000", "workerd@"+Version)
	cmd.Dir = dir
	cmd.Env = environ()
	endWithUs(cmd)
	runtime.LockOSThread() // endWithUs means the thread that starts it
	defer runtime.UnlockOSThread()
	cmd.WaitDelay = 2 * time.Second
	out := &lines{each: progress}
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	out.flush()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("npm install: %w: %s", err, out.lastWords())
	}
	return nil
}

// tryRun tells a binary that cannot run here (another libc, a full disk) from a
// good one before it is kept.
func tryRun(ctx context.Context, bin string) error {
	ctx, cancel := context.WithTimeout(ctx, tryLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "--version")
	cmd.Env = environ()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("workerd does not run on this machine: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// moveInto renames temp to dir. When dir exists it is either the finished work
// of another process, and stays, or wreckage, and makes room.
func moveInto(temp, dir string) error {
	err := os.Rename(temp, dir)
	if err == nil {
		return nil
	}
	if _, found := installed(dir); found == nil {
		return nil
	}
	if errAside := os.Rename(dir, temp+"-old"); errAside != nil {
		return err
	}
	defer os.RemoveAll(temp + "-old")
	return os.Rename(temp, dir)
}

// sweep removes unfinished installs, of processes that were killed, last
// touched before the given time. What cannot be removed is left.
func sweep(cacheDir string, before time.Time) {
	old, _ := filepath.Glob(filepath.Join(cacheDir, ".workerd-*"))
	for _, dir := range old {
		if info, err := os.Stat(dir); err == nil && info.ModTime().Before(before) {
			_ = os.RemoveAll(dir)
		}
	}
}

// lines hands npm's output on by the line and keeps the end of it.
type lines struct {
	each func(string)
	mu   sync.Mutex
	part []byte
	kept []string
}

func (l *lines) Write(p []byte) (int, error) {
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

func (l *lines) flush() { _, _ = io.WriteString(l, "\n") }

func (l *lines) add(line string) {
	if line = strings.TrimSpace(line); line == "" {
		return
	}
	if l.kept = append(l.kept, line); len(l.kept) > 50 {
		l.kept = l.kept[1:]
	}
	if l.each != nil {
		l.each(line)
	}
}

// lastWords is what npm called errors, or the end of its output.
func (l *lines) lastWords() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []string
	for _, line := range l.kept {
		if strings.HasPrefix(line, "npm error") || strings.HasPrefix(line, "npm ERR!") {
			errs = append(errs, line)
		}
	}
	if errs == nil {
		errs = l.kept[max(0, len(l.kept)-5):]
	}
	return strings.Join(errs[:min(5, len(errs))], "; ")
}
