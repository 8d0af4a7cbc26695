//go:build !windows

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

// envWrangler enables the tests that need wrangler from npm. wranglerTimeout limits each run of it.
const (
	envWrangler     = "CFPROXY_WRANGLER"
	wranglerDir     = "../../provision/sandbox/wrangler"
	wranglerTimeout = 2 * time.Minute
)

// sharedAccount has a token with the permissions of the dashboard's template "Edit Cloudflare Workers", and of DNS.
const (
	sharedAccountID = "00000000000000000000000000000001"
	sharedAccount   = `{"accounts": [{"id": "` + sharedAccountID + `", "name": "Acme", "zones": [{"name": "example.com",
		"records": [{"type": "A", "name": "shared", "content": "192.0.2.1", "proxied": true}]}]}],
	"tokens": [{"value": "cfut_for_both_0123456789abcdefghijklmnopqrstuv", "permissions": ["Workers Scripts Write", "Workers Routes Write",
		"Workers KV Storage Write", "DNS Write", "Zone Read", "Account Settings Read", "User Details Read", "Memberships Read"]}]}`
)

// wrangler and cfproxy use the same account: neither changes the resources of the other.
func TestWranglerOnTheSameAccount(t *testing.T) {
	t.Parallel()
	if os.Getenv(envWrangler) != "1" {
		t.Skip("NOT TESTED: wrangler comes from npm; run `npm ci` in provision/sandbox/wrangler and set " + envWrangler + "=1")
	}
	s := startSharedSandbox(t)

	s.runWrangler(0, "deploy").mustContain(t, "Uploaded other", "shared.example.com/* (zone name: example.com)", "Current Version ID: ")
	s.write("index.js", workerReturning("two"))
	s.runWrangler(0, "deploy").mustContain(t, "Uploaded other", "Current Version ID: ")
	s.wantServed("two")
	if got := strings.Count(string(s.runWrangler(0, "versions", "list")), "Version ID: "); got != 2 {
		t.Errorf("wrangler lists %d versions, not 2", got)
	}
	s.runWrangler(0, "rollback", "--yes", "--message", "back").mustContain(t, "has been deployed to 100% of traffic")
	s.wantServed("one")
	s.runWrangler(0, "deployments", "status").mustContain(t, "Message:     back", "(100%)")

	before := s.read("account.json")
	for _, command := range [][]string{{"plan", "--exit-code"}, {"deploy", "--yes"}} {
		out := s.runCfproxy(3, append(command, "--domain", "shared.example.com", "--json")...)
		s.wantRouteConflict(out)
	}
	if diff := cmp.Diff(before, s.read("account.json")); diff != "" {
		t.Errorf("a refused deploy wrote: %s", diff)
	}
	s.runCfproxy(0, "deploy", "--domain", "relay.example.com", "--yes", "--no-verify")
	const worker = "cfproxy-relay-example-com"
	s.runWrangler(0, "versions", "list", "--name", worker).mustContain(t, "Version ID: ", "Source:      Upload", "Message:     cfproxy ")
	s.runWrangler(0, "deployments", "list", "--name", worker).mustContain(t, "Automatic deployment on upload.", "(100%)")
	s.runWrangler(1, "deploy", "--route", "relay.example.com/*").mustContain(t, "already assigned to routes", worker, "relay.example.com/*")
	s.runCfproxy(0, "plan", "--exit-code", "--domain", "relay.example.com")

	s.runWrangler(0, "delete").mustContain(t, "Successfully deleted other")
	s.runCfproxy(0, "destroy", "--domain", "relay.example.com", "--yes")
	if left := s.read("account.json"); strings.Contains(left, `"scripts"`) {
		t.Errorf("a Worker is left:\n%s", left)
	}
}

// sharedSandbox is a running `cfproxy sandbox` that both programs use.
type sharedSandbox struct {
	t         *testing.T
	dir       string
	program   string
	wrangler  string
	endpoints map[string]string // see startServer
	common    []string          // environment of both
}

func startSharedSandbox(t *testing.T) *sharedSandbox {
	t.Helper()
	program, err := exec.LookPath("cfproxy")
	if err != nil {
		t.Fatal(err)
	}
	s := &sharedSandbox{t: t, dir: t.TempDir(), program: program, wrangler: findWrangler(t)}
	s.write("account.json", sharedAccount)
	s.write("wrangler.json", `{"name": "other", "main": "index.js", "compatibility_date": "2026-04-07", "workers_dev": false,
		"routes": [{"pattern": "shared.example.com/*", "zone_name": "example.com"}]}`)
	s.write("index.js", workerReturning("one"))
	s.common = []string{"HOME=" + s.dir, "TMPDIR=" + s.dir, "PATH=" + os.Getenv("PATH"), "CFPROXY_WORKERD=" + workerdtest.Binary(t)}
	server := exec.Command(program, "sandbox", "--listen", "127.0.0.1:0", "--edge", "127.0.0.1:0", "--state", "account.json")
	server.Dir, server.Env = s.dir, s.common
	s.endpoints = startServer(t, server)
	t.Cleanup(func() { stopServer(t, server, s.endpoints) })
	s.common = append(s.common, "CLOUDFLARE_API_TOKEN="+s.endpoints["token"])
	return s
}

// workerReturning returns the source of a Worker that responds with a text.
func workerReturning(text string) string {
	return "export default { fetch: () => new Response('" + text + "') }\n"
}

// findWrangler returns the path of wrangler's script.
func findWrangler(t testing.TB) string {
	t.Helper()
	script, err := filepath.Abs(wranglerDir + "/node_modules/wrangler/bin/wrangler.js")
	if err == nil {
		_, err = os.Stat(script)
	}
	if err != nil {
		t.Fatalf("run `npm ci` in provision/sandbox/wrangler: %v", err)
	}
	return script
}

// wranglerCommand returns a command that runs wrangler without a terminal in dir, with the API at base, and is killed
// when ctx ends. It cannot reach other machines, so wrangler sends no metrics and does not look for a newer version.
func wranglerCommand(ctx context.Context, script, dir, base string, env []string, args ...string) *exec.Cmd {
	guard := filepath.Join(filepath.Dir(script), "../../../loopback.cjs")
	command := exec.CommandContext(ctx, "node", append([]string{script}, args...)...)
	command.Dir = dir
	command.Env = append(env, "CLOUDFLARE_API_BASE_URL="+base, "NODE_OPTIONS=--require="+strconv.Quote(guard), "CI=true", "NO_COLOR=1",
		"WRANGLER_SEND_METRICS=false", "WRANGLER_HIDE_BANNER=true", "WRANGLER_LOG_PATH="+filepath.Join(dir, "logs"))
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = time.Second
	return command
}

// toolOutput is the output of cfproxy or wrangler.
type toolOutput string

// mustContain reports texts that are not in the output.
func (o toolOutput) mustContain(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(string(o), text) {
			t.Errorf("no %q in\n%s", text, o)
		}
	}
}

func (s *sharedSandbox) runWrangler(status int, args ...string) toolOutput {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), wranglerTimeout)
	defer cancel()
	return s.run(status, wranglerCommand(ctx, s.wrangler, s.dir, s.endpoints["url"], s.common, args...))
}

func (s *sharedSandbox) runCfproxy(status int, args ...string) toolOutput {
	s.t.Helper()
	command := exec.CommandContext(s.t.Context(), s.program, args...)
	command.Dir, command.Env = s.dir, append(s.common, "CLOUDFLARE_BASE_URL="+s.endpoints["url"])
	return s.run(status, command)
}

// run runs a command, checks its exit status, and returns its output; with --json only stdout.
func (s *sharedSandbox) run(status int, command *exec.Cmd) toolOutput {
	s.t.Helper()
	var out, failure strings.Builder
	command.Stdout, command.Stderr = &out, &failure
	err := command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) || command.ProcessState.ExitCode() != status {
		s.t.Fatalf("%v: exit status %d, want %d: %v\n%s%s", command.Args[1:], command.ProcessState.ExitCode(), status, err, &out, &failure)
	}
	if slices.Contains(command.Args, "--json") {
		return toolOutput(out.String())
	}
	return toolOutput(out.String() + failure.String())
}

// wantRouteConflict checks that a conflict with the route of the other Worker is listed once.
func (s *sharedSandbox) wantRouteConflict(out toolOutput) {
	s.t.Helper()
	var answer struct {
		Error struct {
			Code      string
			Conflicts []struct {
				Address struct{ Kind, Name string }
				Attrs   map[string]string
				Owned   bool
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
	routes := 0
	for _, c := range answer.Error.Conflicts {
		if c.Address.Kind == "route" && c.Address.Name == "shared.example.com/*" && c.Attrs["script"] == "other" && !c.Owned {
			routes++
		}
	}
	if answer.Error.Code != "conflict" || routes != 1 {
		s.t.Errorf("the route of the other Worker is not listed as a conflict:\n%s", out)
	}
}

// wantServed checks the response for the shared host at the edge.
func (s *sharedSandbox) wantServed(want string) {
	s.t.Helper()
	ca, err := os.ReadFile(s.endpoints["ca"])
	if err != nil {
		s.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.endpoints["edge"])
		},
	}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, Timeout: time.Minute}
	res, err := client.Get("https://shared.example.com/")
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || string(body) != want {
		s.t.Errorf("shared.example.com: %v: got %d %q, want %q", err, res.StatusCode, body, want)
	}
}

func (s *sharedSandbox) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *sharedSandbox) read(name string) string {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(data)
}
