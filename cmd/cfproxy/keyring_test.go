package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/term"

	"github.com/cfproxy/cfproxy/cmd/internal/leaktest"
)

// pretendKeyring is a keyring in a file, for a program in another process: no test asks the owner's real one. Without a name
// there is no keyring; where the name is a folder's it fails.
type pretendKeyring string

func (k pretendKeyring) get() (string, error) {
	if k == "" {
		return "", errNoKeyring
	}
	text, err := os.ReadFile(string(k))
	return string(text), orNotKept(err)
}

func (k pretendKeyring) set(secret string) error {
	if k == "" {
		return errNoKeyring
	}
	return os.WriteFile(string(k), []byte(secret), 0o600)
}

func (k pretendKeyring) remove() error {
	if k == "" {
		return errNoKeyring
	}
	if _, err := k.get(); err != nil {
		return err
	}
	return os.Remove(string(k))
}

func orNotKept(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errNotKept
	}
	return err
}

// mainOfTests is the program, but for the keyring. Whatever a test is about, the secrets that it gives by the environment may not
// be in what the program says.
func mainOfTests() {
	env := systemEnvironment()
	env.keyring = pretendKeyring(os.Getenv("CFPROXY_TEST_KEYRING"))
	said := &overheard{}
	for _, w := range []*io.Writer{&env.stdout, &env.stderr} {
		if file, is := (*w).(*os.File); is && !term.IsTerminal(int(file.Fd())) {
			*w = io.MultiWriter(file, said)
		}
	}
	status := run(context.Background(), os.Args, env)
	var secrets leaktest.Secrets
	for _, variable := range os.Environ() {
		name, secret, _ := strings.Cut(variable, "=")
		if name == "CLOUDFLARE_API_TOKEN" || strings.HasPrefix(name, "CFPROXY_KEY_") {
			secrets.Add(name, secret)
		}
	}
	if leaks := secrets.Find(said.text()); len(leaks) > 0 {
		fmt.Fprintln(os.Stderr, "a secret was said:", leaks)
		status = 99
	}
	os.Exit(status)
}

// overheard is what was said on both streams, by all goroutines.
type overheard struct {
	mu   sync.Mutex
	said []byte
}

func (o *overheard) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.said = append(o.said, p...)
	return len(p), nil
}

func (o *overheard) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.said)
}

// A keyring that never answers is left alone, having been mentioned once; so is one while the program is interrupted.
func TestAKeyringThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	unlock := make(chan struct{})
	var asked sync.WaitGroup
	defer asked.Wait()
	defer close(unlock)
	hang := func() error {
		defer asked.Done()
		<-unlock
		return nil
	}
	told := 0
	asked.Add(1)
	if err := inTime(context.Background(), func() { told++ }, time.Nanosecond, 50*time.Millisecond, hang); !errors.Is(err, errKeyringSilent) || told != 1 {
		t.Errorf("got %v, told %d times", err, told)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	asked.Add(1)
	if err := inTime(ctx, func() {}, time.Hour, time.Hour, hang); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := inTime(context.Background(), func() { t.Error("told") }, time.Hour, time.Hour, func() error { return errNotKept }); !errors.Is(err, errNotKept) {
		t.Errorf("got %v", err)
	}
}

// The real keyring, where there is one that does not want to be unlocked. What it holds is left as it was.
func TestTheRealKeyring(t *testing.T) {
	t.Parallel()
	if os.Getenv("CFPROXY_KEYRING") == "" {
		t.Skip("set CFPROXY_KEYRING=1 to use the keyring of this system")
	}
	before, err := systemKeyring{}.get()
	if err != nil && !errors.Is(err, errNotKept) {
		t.Skip(err)
	}
	if err := (systemKeyring{}).set("a text, “quoted”"); err != nil {
		t.Fatal(err)
	}
	if got, err := (systemKeyring{}).get(); got != "a text, “quoted”" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if err := (systemKeyring{}).remove(); err != nil {
		t.Error(err)
	}
	if _, err := (systemKeyring{}).get(); !errors.Is(err, errNotKept) {
		t.Errorf("got %v", err)
	}
	if before != "" {
		if err := (systemKeyring{}).set(before); err != nil {
			t.Error(err)
		}
	}
}
