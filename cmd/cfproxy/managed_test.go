//go:build !windows

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/provision/sandbox/standin"
	"github.com/cfproxy/cfproxy/worker"
)

// managedRelay is a managed relay in a sandbox, the directory that it is deployed from, and a client that calls it.
type managedRelay struct {
	t       *testing.T
	sandbox servedSandbox
	dir     string
	output  strings.Builder // stdout and stderr of all runs
	http    *http.Client
}

func newManagedRelay(t *testing.T, config string) *managedRelay {
	t.Helper()
	r := &managedRelay{t: t, sandbox: startSandbox(t), dir: t.TempDir()}
	r.configure(config)
	pem, err := os.ReadFile(r.sandbox.ca)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", r.sandbox.edge)
		},
	}
	r.http = &http.Client{Transport: transport, Timeout: 20 * time.Second}
	return r
}

// configure writes cfproxy.toml.
func (r *managedRelay) configure(text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, config.FileName), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// run runs the program with the owner's key, which may be empty, in its environment, and returns its stdout.
func (r *managedRelay) run(key string, args ...string) string {
	r.t.Helper()
	program, err := exec.LookPath("cfproxy")
	if err != nil {
		r.t.Fatal(err)
	}
	command := exec.Command(program, append(args, "--yes", "--connect-to", "::"+r.sandbox.edge, "--cacert", r.sandbox.ca)...)
	command.Dir = r.dir
	command.Env = []string{"HOME=" + r.dir, "CLOUDFLARE_BASE_URL=" + r.sandbox.baseURL, "CLOUDFLARE_API_TOKEN=" + r.sandbox.store.Token(), "CFPROXY_KEY_OPENAI=" + key}
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		r.t.Fatalf("%v: %v\n%s%s", args, err, stdout.String(), stderr.String())
	}
	r.output.WriteString(stdout.String() + stderr.String())
	return strings.TrimSpace(stdout.String())
}

// request sends a chat request with a token and returns the status and, if there is one, the relay's error code.
func (r *managedRelay) request(token string) string {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, "https://gptapi.example.com/v1/chat/completions",
		strings.NewReader(`{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hello"}]}`))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := r.http.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || strings.Contains(string(body), standin.Key) {
		r.t.Errorf("%v: %s", err, body)
	}
	return strings.TrimSpace(fmt.Sprint(res.StatusCode, " ", res.Header.Get(worker.ErrorHeader)))
}

func (r *managedRelay) wantResponse(what, token, want string) {
	r.t.Helper()
	if got := r.request(token); got != want {
		r.t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

const managedConfig = "domains = [\"gptapi.example.com\"]\naccess = \"managed\"\n"

// On the real runtime: tokens are accepted within their limits, and rejected when they are expired, revoked or not in
// the file.
func TestTokenLifecycle(t *testing.T) {
	t.Parallel()
	r := newManagedRelay(t, managedConfig)
	r.run(standin.Key, "deploy")
	r.wantResponse("the owner's own key", standin.Key, "401 token_missing")
	alice := r.run("", "key", "add", "alice")
	r.wantResponse("alice", alice, "200")
	r.wantResponse("an unknown token", alice[:len(alice)-1]+"_", "401 token_unknown")
	bob := r.run("", "key", "add", "bob", "--rpm", "2", "--expires", "1d")
	for _, want := range []string{"200", "200", "429 token_rate"} {
		r.wantResponse("bob", bob, want)
	}
	r.wantResponse("alice, after bob reached his limit", alice, "200")
	r.run("", "key", "revoke", "alice")
	r.wantResponse("alice, revoked", alice, "401 token_unknown")
	carol, dave := config.GenerateToken(worker.Token{Name: "carol", Expires: 86400}), config.GenerateToken(worker.Token{Name: "dave", Providers: []string{"anthropic"}})
	r.configure(string(config.AppendToken(config.AppendToken([]byte(managedConfig), carol.Token), dave.Token)))
	r.run("", "deploy")
	r.wantResponse("carol, expired", carol.Secret, "401 token_expired")
	r.wantResponse("dave, for another provider", dave.Secret, "403 token_provider")
	r.wantResponse("bob, no longer in the file", bob, "401 token_unknown")
	if strings.Contains(r.output.String(), standin.Key) {
		t.Error("the owner's key was printed")
	}
	file, err := os.ReadFile(filepath.Join(r.dir, config.FileName))
	if err != nil || strings.Contains(string(file), standin.Key) || strings.Contains(string(file), worker.TokenPrefix) {
		t.Errorf("%v: a secret is in the file:\n%s", err, file)
	}
}

func TestFiveHundredTokens(t *testing.T) {
	t.Parallel()
	text, all := []byte(managedConfig), []config.NewToken{}
	for i := range 500 {
		all = append(all, config.GenerateToken(worker.Token{Name: fmt.Sprintf("member-%03d", i), RPM: 10 * (i%3 + 1)}))
		text = config.AppendToken(text, all[i].Token)
	}
	r := newManagedRelay(t, string(text))
	r.run(standin.Key, "deploy")
	for _, i := range []int{0, 1, 250, 499} {
		r.wantResponse(all[i].Token.Name, all[i].Secret, "200")
	}
	r.run("", "key", "revoke", "member-250")
	r.wantResponse("member-250, revoked", all[250].Secret, "401 token_unknown")
	r.wantResponse("member-251", all[251].Secret, "200")
}
