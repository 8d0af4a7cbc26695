package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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

// waitNotice is a stderr that closes found when the notice appears.
type waitNotice struct {
	output strings.Builder
	want   string
	found  chan struct{}
}

func (h *waitNotice) Write(b []byte) (int, error) {
	before := strings.Contains(h.output.String(), h.want)
	n, err := h.output.Write(b)
	if !before && strings.Contains(h.output.String(), h.want) {
		close(h.found)
	}
	return n, err
}

// runUntilWaiting runs the program in the background and returns when it waits for the lock.
func runUntilWaiting(t *testing.T, ctx context.Context, variables map[string]string, args ...string) (status chan int, h *waitNotice) {
	t.Helper()
	h = &waitNotice{want: "Another cfproxy process is changing", found: make(chan struct{})}
	status = background(ctx, h, variables, args...)
	select {
	case <-h.found:
	case code := <-status:
		t.Fatalf("it did not wait: exit status %d\n%s", code, h.output.String())
	case <-t.Context().Done():
		t.Fatal("the test ended")
	}
	return status, h
}

func background(ctx context.Context, stderr io.Writer, variables map[string]string, args ...string) chan int {
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, append([]string{"cfproxy"}, args...), environment{
			stdin: strings.NewReader(""), stdout: io.Discard, stderr: stderr,
			getenv: func(name string) string { return variables[name] }, width: func() int { return 0 },
		})
	}()
	return status
}

const oneToken = "domains = [\"gptapi.example.com\"]\n" +
	"\n[[tokens]]\nname = \"mallory\"\nsha256 = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n"

// lockedFile returns a file that is locked, and a function that unlocks it.
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

// A command that waited for the lock reads the file after it has the lock.
func TestLockedConfigIsReadAfterTheWait(t *testing.T) {
	t.Parallel()
	f, unlock := lockedFile(t)
	status, h := runUntilWaiting(t, t.Context(), nil, "key", "add", "carol", "--no-deploy", "--config", f.Path)
	gone, err := f.Without("mallory")
	if err == nil {
		err = f.Write(gone)
	}
	unlock()
	if err != nil {
		t.Fatal(err)
	}
	if code := <-status; code != problem.ExitOK {
		t.Fatalf("exit status %d\n%s", code, h.output.String())
	}
	if now, err := config.OpenTokens(f.Path); err != nil || now.Names() != "carol" {
		t.Errorf("%v: the file lists %s", err, now.Names())
	}
}

func TestInterruptWhileWaitingForTheLock(t *testing.T) {
	t.Parallel()
	f, unlock := lockedFile(t)
	defer unlock()
	for _, args := range [][]string{{"key", "revoke", "mallory", "--no-deploy"}, {"deploy", "--yes"}} {
		ctx, interrupt := context.WithCancel(t.Context())
		status, h := runUntilWaiting(t, ctx, nil, append(args, "--config", f.Path)...)
		interrupt()
		if code := <-status; code != problem.ExitInterrupted {
			t.Errorf("exit status %d\n%s", code, h.output.String())
		}
	}
	if text, err := os.ReadFile(f.Path); err != nil || string(text) != oneToken {
		t.Errorf("%v: the file was changed:\n%s", err, text)
	}
}

// A slow upload does not restore a token that another command revokes meanwhile.
func TestSlowDeployKeepsRevokeWaiting(t *testing.T) {
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
	deployed := background(t.Context(), &output, variables, append([]string{"deploy"}, flags...)...)
	select {
	case <-uploading:
	case code := <-deployed:
		t.Fatalf("exit status %d\n%s", code, output.String())
	}
	revoked, h := runUntilWaiting(t, t.Context(), variables, append([]string{"key", "revoke", "mallory"}, flags...)...)
	continueOnce()
	if code := <-deployed; code != problem.ExitOK {
		t.Fatalf("exit status %d\n%s", code, output.String())
	}
	if code := <-revoked; code != problem.ExitOK {
		t.Fatalf("exit status %d\n%s", code, h.output.String())
	}
	var status strings.Builder
	if code := <-background(t.Context(), &status, variables, "plan", "--config", f.Path, "--exit-code"); code != problem.ExitOK {
		t.Errorf("the relay does not follow the file: exit status %d\n%s", code, status.String())
	}
	if now, err := config.OpenTokens(f.Path); err != nil || len(now.Tokens) > 0 {
		t.Errorf("%v: the file lists %s", err, now.Names())
	}
}

// tokensFile is a file of the owner's with that text.
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
