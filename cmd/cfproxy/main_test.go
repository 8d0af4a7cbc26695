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

	"golang.org/x/term"

	"github.com/cfproxy/cfproxy/cmd/internal/credential"
	"github.com/cfproxy/cfproxy/cmd/internal/leaktest"
)

// fileKeyring is a keyring that stores its secret in a file, so that no test uses the real one. Without a file name
// there is no keyring. If the name is that of a directory, the keyring fails.
type fileKeyring string

func (k fileKeyring) Get() (string, error) {
	if k == "" {
		return "", credential.ErrNoKeyring
	}
	text, err := os.ReadFile(string(k))
	return string(text), orNotStored(err)
}

func (k fileKeyring) Set(secret string) error {
	if k == "" {
		return credential.ErrNoKeyring
	}
	return os.WriteFile(string(k), []byte(secret), 0o600)
}

func (k fileKeyring) Delete() error {
	if k == "" {
		return credential.ErrNoKeyring
	}
	if _, err := k.Get(); err != nil {
		return err
	}
	return os.Remove(string(k))
}

func orNotStored(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return credential.ErrNotStored
	}
	return err
}

// testMain is main with a fileKeyring. Its exit status is 99 if the output contains a secret of the environment.
func testMain() {
	env := systemEnvironment()
	env.keyring = fileKeyring(os.Getenv("CFPROXY_TEST_KEYRING"))
	output := &syncBuffer{}
	for _, w := range []*io.Writer{&env.stdout, &env.stderr} {
		if file, is := (*w).(*os.File); is && !term.IsTerminal(int(file.Fd())) {
			*w = io.MultiWriter(file, output)
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
	if leaks := secrets.Find(output.String()); len(leaks) > 0 {
		fmt.Fprintln(os.Stderr, "the output contains a secret:", leaks)
		status = 99
	}
	os.Exit(status)
}

// syncBuffer collects what is written to it. It is safe for concurrent use.
type syncBuffer struct {
	mu   sync.Mutex
	data []byte
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.data = append(b.data, p...)
	return len(p), nil
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.data)
}
