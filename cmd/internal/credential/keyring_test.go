package credential

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"
)

// The caller is told once that a keyring does not answer, and waits no longer than the timeout or the context.
func TestKeyringWithoutAnswer(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	var operations sync.WaitGroup
	defer operations.Wait()
	defer close(release)
	hang := func() error {
		defer operations.Done()
		<-release
		return nil
	}
	notices := 0
	operations.Add(1)
	if err := doWithTimeout(context.Background(), func() { notices++ }, time.Nanosecond, 50*time.Millisecond, hang); !errors.Is(err, errKeyringTimeout) || notices != 1 {
		t.Errorf("got %v, %d notices", err, notices)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	operations.Add(1)
	if err := doWithTimeout(ctx, func() {}, time.Hour, time.Hour, hang); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := doWithTimeout(context.Background(), func() { t.Error("notice") }, time.Hour, time.Hour, func() error { return ErrNotStored }); !errors.Is(err, ErrNotStored) {
		t.Errorf("got %v", err)
	}
}

// The keyring of this system, if there is one that need not be unlocked. Its entry is restored afterwards.
func TestSystemKeyring(t *testing.T) {
	t.Parallel()
	if os.Getenv("CFPROXY_KEYRING") == "" {
		t.Skip("set CFPROXY_KEYRING=1 to use the keyring of this system")
	}
	before, err := SystemKeyring{}.Get()
	if err != nil && !errors.Is(err, ErrNotStored) {
		t.Skip(err)
	}
	if err := (SystemKeyring{}).Set("a text, “quoted”"); err != nil {
		t.Fatal(err)
	}
	if got, err := (SystemKeyring{}).Get(); got != "a text, “quoted”" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if err := (SystemKeyring{}).Delete(); err != nil {
		t.Error(err)
	}
	if _, err := (SystemKeyring{}).Get(); !errors.Is(err, ErrNotStored) {
		t.Errorf("got %v", err)
	}
	if before != "" {
		if err := (SystemKeyring{}).Set(before); err != nil {
			t.Error(err)
		}
	}
}
