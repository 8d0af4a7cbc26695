package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/filelock"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/atomicfile"
	"github.com/cfproxy/cfproxy/provision/sandbox"
	"github.com/cfproxy/cfproxy/provision/sandbox/standin"
)

// noticeWriter is a stderr that closes found when the text want appears.
type noticeWriter struct {
	output strings.Builder
	want   string
	found  chan struct{}
}

func (w *noticeWriter) Write(b []byte) (int, error) {
	before := strings.Contains(w.output.String(), w.want)
	n, err := w.output.Write(b)
	if !before && strings.Contains(w.output.String(), w.want) {
		close(w.found)
	}
	return n, err
}

// runUntilWaiting starts a run in the background and returns when it waits for the lock. stderr must not be read before
// status was received.
func runUntilWaiting(ctx context.Context, t *testing.T, variables map[string]string, args ...string) (status chan int, stderr *noticeWriter) {
	t.Helper()
	stderr = &noticeWriter{want: "Another cfproxy process is changing", found: make(chan struct{})}
	status = runInBackground(ctx, t, stderr, variables, args...)
	select {
	case <-stderr.found:
	case code := <-status:
		t.Fatalf("it did not wait: exit status %d\n%s", code, stderr.output.String())
	case <-t.Context().Done():
		t.Fatal("the test ended")
	}
	return status, stderr
}

// runInBackground starts the program with these environment variables and returns a channel that receives its exit
// status. The end of ctx interrupts the program.
func runInBackground(ctx context.Context, t *testing.T, stderr io.Writer, variables map[string]string, args ...string) chan int {
	t.Helper()
	program, err := exec.LookPath("cfproxy")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(ctx, program, args...)
	command.Dir = t.TempDir()
	command.Env = []string{"XDG_CONFIG_HOME=" + command.Dir, "AppData=" + command.Dir}
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData", "TMPDIR"} { // the locks are in the user's cache directory
		if value, isSet := os.LookupEnv(name); isSet {
			command.Env = append(command.Env, name+"="+value)
		}
	}
	for name, value := range variables {
		command.Env = append(command.Env, name+"="+value)
	}
	command.Stderr = stderr
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	status := make(chan int, 1)
	go func() {
		_ = command.Wait() // the exit status is returned
		status <- command.ProcessState.ExitCode()
	}()
	return status
}

const oneToken = "domains = [\"gptapi.example.com\"]\n" +
	"\n[[tokens]]\nname = \"mallory\"\nsha256 = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n"

// lockedFile returns a file with oneToken that is locked, and a function that unlocks it.
func lockedFile(t *testing.T) (f config.TokenFile, unlock func()) {
	t.Helper()
	f = tokensFile(t, oneToken)
	real, err := atomicfile.RealPath(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	unlock, err = filelock.Lock(t.Context(), real, time.Minute, func() {})
	if err != nil {
		t.Fatal(err)
	}
	return f, unlock
}

// A command reads the file after it has acquired the lock, so it sees what another process wrote meanwhile.
func TestUnlockedFileIsReadAgain(t *testing.T) {
	t.Parallel()
	f, unlock := lockedFile(t)
	status, stderr := runUntilWaiting(t.Context(), t, nil, "key", "add", "carol", "--no-deploy", "--config", f.Path)
	edited, err := f.Without("mallory")
	if err == nil {
		err = f.Write(edited)
	}
	unlock()
	if err != nil {
		t.Fatal(err)
	}
	if code := <-status; code != problem.ExitOK {
		t.Fatalf("exit status %d\n%s", code, stderr.output.String())
	}
	if now, err := config.OpenTokens(f.Path); err != nil || now.Names() != "carol" {
		t.Errorf("%v: the file lists %s", err, now.Names())
	}
}

func TestInterruptWhileWaitingForTheLock(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("os.Process.Signal cannot interrupt a process on Windows")
	}
	f, unlock := lockedFile(t)
	defer unlock()
	for _, args := range [][]string{{"key", "revoke", "mallory", "--no-deploy"}, {"deploy", "--yes"}} {
		ctx, interrupt := context.WithCancel(t.Context())
		status, stderr := runUntilWaiting(ctx, t, nil, append(args, "--config", f.Path)...)
		interrupt()
		if code := <-status; code != problem.ExitInterrupted {
			t.Errorf("exit status %d\n%s", code, stderr.output.String())
		}
	}
	if text, err := os.ReadFile(f.Path); err != nil || string(text) != oneToken {
		t.Errorf("%v: the file was changed:\n%s", err, text)
	}
}

// A slow upload does not restore a token that another command revokes meanwhile.
func TestRevokeWaitsForSlowDeploy(t *testing.T) {
	t.Parallel()
	store, err := sandbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	uploading, proceed := make(chan struct{}, 9), make(chan struct{})
	handler := sandbox.Handler(store)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			uploading <- struct{}{}
			<-proceed
		}
		handler.ServeHTTP(w, r)
	}))
	defer api.Close()
	f := tokensFile(t, "access = \"managed\"\n"+oneToken)
	variables := map[string]string{
		"CLOUDFLARE_BASE_URL": api.URL + "/client/v4", "CLOUDFLARE_API_TOKEN": store.Token(), "CFPROXY_KEY_OPENAI": standin.Key,
	}
	flags := []string{"--config", f.Path, "--yes", "--no-verify"}
	continueOnce := sync.OnceFunc(func() { close(proceed) })
	defer continueOnce()
	var output strings.Builder
	deployed := runInBackground(t.Context(), t, &output, variables, append([]string{"deploy"}, flags...)...)
	select {
	case <-uploading:
	case code := <-deployed:
		t.Fatalf("exit status %d\n%s", code, output.String())
	}
	revoked, stderr := runUntilWaiting(t.Context(), t, variables, append([]string{"key", "revoke", "mallory"}, flags...)...)
	continueOnce()
	if code := <-deployed; code != problem.ExitOK {
		t.Fatalf("exit status %d\n%s", code, output.String())
	}
	if code := <-revoked; code != problem.ExitOK {
		t.Fatalf("exit status %d\n%s", code, stderr.output.String())
	}
	var status strings.Builder
	if code := <-runInBackground(t.Context(), t, &status, variables, "plan", "--config", f.Path, "--exit-code"); code != problem.ExitOK {
		t.Errorf("the relay does not follow the file: exit status %d\n%s", code, status.String())
	}
	if now, err := config.OpenTokens(f.Path); err != nil || len(now.Tokens) > 0 {
		t.Errorf("%v: the file lists %s", err, now.Names())
	}
}

// tokensFile returns a cfproxy.toml with a text.
func tokensFile(t *testing.T, text string) config.TokenFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), config.FileName)
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	f, err := config.OpenTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
