package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/atomicfile"
	"github.com/cfproxy/cfproxy/provision/sandbox"
	"github.com/cfproxy/cfproxy/provision/sandbox/standin"
)

// heard is a stderr that tells when something was said.
type heard struct {
	said  strings.Builder
	wants string
	found chan struct{}
}

func (h *heard) Write(b []byte) (int, error) {
	before := strings.Contains(h.said.String(), h.wants)
	n, err := h.said.Write(b)
	if !before && strings.Contains(h.said.String(), h.wants) {
		close(h.found)
	}
	return n, err
}

// begin runs the program in the background and returns when it waits for its turn.
func begin(t *testing.T, ctx context.Context, variables map[string]string, args ...string) (status chan int, h *heard) {
	t.Helper()
	h = &heard{wants: "Another cfproxy process is changing", found: make(chan struct{})}
	status = background(ctx, h, variables, args...)
	select {
	case <-h.found:
	case code := <-status:
		t.Fatalf("it did not wait: exit status %d\n%s", code, h.said.String())
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

// heldFile is a file of which somebody else has the turn.
func heldFile(t *testing.T) (f tokenFile, release func()) {
	t.Helper()
	f = tokensFile(t, oneToken)
	real, err := atomicfile.RealPath(f.path)
	if err != nil {
		t.Fatal(err)
	}
	release, err = hold(t.Context(), real, time.Minute, func() {})
	if err != nil {
		t.Fatal(err)
	}
	return f, release
}

// Whoever waited for another one goes by what that one left behind.
func TestAWaitingChangeReadsTheFileAnew(t *testing.T) {
	t.Parallel()
	f, release := heldFile(t)
	status, h := begin(t, t.Context(), nil, "key", "add", "carol", "--no-deploy", "--config", f.path)
	gone, err := f.without("mallory")
	if err == nil {
		err = f.write(gone)
	}
	release()
	if err != nil {
		t.Fatal(err)
	}
	if code := <-status; code != problem.ExitOK {
		t.Fatalf("exit status %d\n%s", code, h.said.String())
	}
	if now, err := openTokens(f.path); err != nil || now.names() != "carol" {
		t.Errorf("%v: the file lists %s", err, now.names())
	}
}

func TestAWaitCanBeInterrupted(t *testing.T) {
	t.Parallel()
	f, release := heldFile(t)
	defer release()
	for _, args := range [][]string{{"key", "revoke", "mallory", "--no-deploy"}, {"deploy", "--yes"}} {
		ctx, interrupt := context.WithCancel(t.Context())
		status, h := begin(t, ctx, nil, append(args, "--config", f.path)...)
		interrupt()
		if code := <-status; code != problem.ExitInterrupted {
			t.Errorf("exit status %d\n%s", code, h.said.String())
		}
	}
	if text, err := os.ReadFile(f.path); err != nil || string(text) != oneToken {
		t.Errorf("%v: the file was changed:\n%s", err, text)
	}
}

func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), configName)
	release, err := hold(t.Context(), path, time.Minute, func() {})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hold(t.Context(), path, time.Millisecond, func() {}); !errors.Is(err, errHeld) {
		t.Errorf("got %v", err)
	}
	release()
	release()
	// Whoever gave up has not kept the turn that came too late.
	release, err = hold(t.Context(), path, time.Minute, func() {})
	if err != nil {
		t.Fatal(err)
	}
	release()
}

// An upload that takes long does not bring back whom somebody else revokes meanwhile.
func TestASlowChangeKeepsOthersWaiting(t *testing.T) {
	t.Parallel()
	store, err := sandbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	uploading, goOn := make(chan struct{}, 9), make(chan struct{})
	handler := sandbox.Handler(store)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			uploading <- struct{}{}
			<-goOn
		}
		handler.ServeHTTP(w, r)
	}))
	defer api.Close()
	f := tokensFile(t, "access = \"managed\"\n"+oneToken)
	variables := map[string]string{
		"CLOUDFLARE_BASE_URL": api.URL + "/client/v4", "CLOUDFLARE_API_TOKEN": store.Token(), "CFPROXY_KEY_OPENAI": standin.Key,
	}
	flags := []string{"--config", f.path, "--yes", "--no-verify"}
	goOnOnce := sync.OnceFunc(func() { close(goOn) })
	defer goOnOnce()
	var said strings.Builder
	deployed := background(t.Context(), &said, variables, append([]string{"deploy"}, flags...)...)
	select {
	case <-uploading:
	case code := <-deployed:
		t.Fatalf("exit status %d\n%s", code, said.String())
	}
	revoked, h := begin(t, t.Context(), variables, append([]string{"key", "revoke", "mallory"}, flags...)...)
	goOnOnce()
	if code := <-deployed; code != problem.ExitOK {
		t.Fatalf("exit status %d\n%s", code, said.String())
	}
	if code := <-revoked; code != problem.ExitOK {
		t.Fatalf("exit status %d\n%s", code, h.said.String())
	}
	var status strings.Builder
	if code := <-background(t.Context(), &status, variables, "plan", "--config", f.path, "--exit-code"); code != problem.ExitOK {
		t.Errorf("the relay does not follow the file: exit status %d\n%s", code, status.String())
	}
	if now, err := openTokens(f.path); err != nil || len(now.tokens) > 0 {
		t.Errorf("%v: the file lists %s", err, now.names())
	}
}
