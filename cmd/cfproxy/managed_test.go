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

// team is an owner at work in a folder, and callers at the sandbox's edge.
type team struct {
	t     *testing.T
	cloud cloud
	dir   string
	said  strings.Builder // all that the program ever said
	http  *http.Client
}

func newTeam(t *testing.T, config string) *team {
	t.Helper()
	x := &team{t: t, cloud: newCloud(t), dir: t.TempDir()}
	x.configure(config)
	pem, err := os.ReadFile(x.cloud.ca)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", x.cloud.edge)
		},
	}
	x.http = &http.Client{Transport: transport, Timeout: 20 * time.Second}
	return x
}

func (x *team) configure(text string) {
	x.t.Helper()
	if err := os.WriteFile(filepath.Join(x.dir, config.FileName), []byte(text), 0o600); err != nil {
		x.t.Fatal(err)
	}
}

// run is the program without a terminal; it gives what came on stdout. The owner's key is in the environment only if wanted.
func (x *team) run(key string, args ...string) string {
	x.t.Helper()
	program, err := exec.LookPath("cfproxy")
	if err != nil {
		x.t.Fatal(err)
	}
	command := exec.Command(program, append(args, "--yes", "--connect-to", "::"+x.cloud.edge, "--cacert", x.cloud.ca)...)
	command.Dir = x.dir
	command.Env = []string{"HOME=" + x.dir, "CLOUDFLARE_BASE_URL=" + x.cloud.baseURL, "CLOUDFLARE_API_TOKEN=" + x.cloud.store.Token(), "CFPROXY_KEY_OPENAI=" + key}
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		x.t.Fatalf("%v: %v\n%s%s", args, err, stdout.String(), stderr.String())
	}
	x.said.WriteString(stdout.String() + stderr.String())
	return strings.TrimSpace(stdout.String())
}

// ask sends a chat request with a token and gives the status and the relay's own code, if any.
func (x *team) ask(token string) string {
	x.t.Helper()
	r, err := http.NewRequestWithContext(x.t.Context(), http.MethodPost, "https://gptapi.example.com/v1/chat/completions",
		strings.NewReader(`{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hello"}]}`))
	if err != nil {
		x.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := x.http.Do(r)
	if err != nil {
		x.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || strings.Contains(string(body), standin.Key) {
		x.t.Errorf("%v: %s", err, body)
	}
	return strings.TrimSpace(fmt.Sprint(res.StatusCode, " ", res.Header.Get(worker.ErrorHeader)))
}

func (x *team) want(what, token, want string) {
	x.t.Helper()
	if got := x.ask(token); got != want {
		x.t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

const managedConfig = "domains = [\"gptapi.example.com\"]\naccess = \"managed\"\n"

// From the first token to its end, on the real runtime: what a token may do, and that a revoked one is refused.
func TestTokensFromAddingToRevoking(t *testing.T) {
	t.Parallel()
	x := newTeam(t, managedConfig)
	x.run(standin.Key, "deploy")
	x.want("the owner's own key", standin.Key, "401 token_missing")
	alice := x.run("", "key", "add", "alice")
	x.want("alice", alice, "200")
	x.want("a stranger", alice[:len(alice)-1]+"_", "401 token_unknown")
	bob := x.run("", "key", "add", "bob", "--rpm", "2", "--expires", "1d")
	for _, want := range []string{"200", "200", "429 token_rate"} {
		x.want("bob", bob, want)
	}
	x.want("alice, whom bob's limit is none of", alice, "200")
	x.run("", "key", "revoke", "alice")
	x.want("alice, revoked", alice, "401 token_unknown")
	carol, dave := config.GenerateToken(worker.Token{Name: "carol", Expires: 86400}), config.GenerateToken(worker.Token{Name: "dave", Providers: []string{"anthropic"}})
	x.configure(string(config.AppendToken(config.AppendToken([]byte(managedConfig), carol.Token), dave.Token)))
	x.run("", "deploy")
	x.want("carol, too late", carol.Secret, "401 token_expired")
	x.want("dave, elsewhere", dave.Secret, "403 token_provider")
	x.want("bob, whom nobody lists", bob, "401 token_unknown")
	if strings.Contains(x.said.String(), standin.Key) {
		t.Error("the owner's key was printed")
	}
	file, err := os.ReadFile(filepath.Join(x.dir, config.FileName))
	if err != nil || strings.Contains(string(file), standin.Key) || strings.Contains(string(file), worker.TokenPrefix) {
		t.Errorf("%v: a secret is in the file:\n%s", err, file)
	}
}

func TestATeamOfFiveHundred(t *testing.T) {
	t.Parallel()
	text, all := []byte(managedConfig), []config.NewToken{}
	for i := range 500 {
		all = append(all, config.GenerateToken(worker.Token{Name: fmt.Sprintf("member-%03d", i), RPM: 10 * (i%3 + 1)}))
		text = config.AppendToken(text, all[i].Token)
	}
	x := newTeam(t, string(text))
	x.run(standin.Key, "deploy")
	for _, i := range []int{0, 1, 250, 499} {
		x.want(all[i].Token.Name, all[i].Secret, "200")
	}
	x.run("", "key", "revoke", "member-250")
	x.want("the one that was revoked", all[250].Secret, "401 token_unknown")
	x.want("another", all[251].Secret, "200")
}
