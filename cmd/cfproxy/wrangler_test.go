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
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

// envWrangler switches on what needs wrangler from npm; wranglerPatience bounds one run of it.
const (
	envWrangler      = "CFPROXY_WRANGLER"
	wranglerFolder   = "../../provision/sandbox/wrangler"
	wranglerPatience = 2 * time.Minute
)

// sharedAccount has a token as the dashboard's template "Edit Cloudflare Workers" makes it, with DNS.
const (
	sharedAccountID = "00000000000000000000000000000001"
	sharedAccount   = `{"accounts": [{"id": "` + sharedAccountID + `", "name": "Acme", "zones": [{"name": "example.com",
		"records": [{"type": "A", "name": "shared", "content": "192.0.2.1", "proxied": true}]}]}],
	"tokens": [{"value": "cfut_for_both_0123456789abcdefghijklmnopqrstuv", "permissions": ["Workers Scripts Write", "Workers Routes Write",
		"Workers KV Storage Write", "DNS Write", "Zone Read", "Account Settings Read", "User Details Read", "Memberships Read"]}]}`
)

// Cloudflare's own command line and ours on one account: neither takes what the other has.
func TestWranglerOnTheSameAccount(t *testing.T) {
	t.Parallel()
	if os.Getenv(envWrangler) != "1" {
		t.Skip("NOT TESTED: wrangler comes from npm; run `npm ci` in provision/sandbox/wrangler and set " + envWrangler + "=1")
	}
	s := shareAccount(t)

	s.wranglerSays(0, "deploy").wants(t, "Uploaded other", "shared.example.com/* (zone name: example.com)", "Current Version ID: ")
	s.write("index.js", answering("two"))
	s.wranglerSays(0, "deploy").wants(t, "Uploaded other", "Current Version ID: ")
	s.serves("two")
	if got := strings.Count(string(s.wranglerSays(0, "versions", "list")), "Version ID: "); got != 2 {
		t.Errorf("wrangler lists %d versions, not 2", got)
	}
	s.wranglerSays(0, "rollback", "--yes", "--message", "back").wants(t, "has been deployed to 100% of traffic")
	s.serves("one")
	s.wranglerSays(0, "deployments", "status").wants(t, "Message:     back", "(100%)")

	before := s.read("account.json")
	for _, command := range [][]string{{"plan", "--exit-code"}, {"deploy", "--yes"}} {
		out := s.cfproxySays(3, append(command, "--domain", "shared.example.com", "--json")...)
		s.wantsForeignRoute(out)
	}
	if diff := cmp.Diff(before, s.read("account.json")); diff != "" {
		t.Errorf("a refused deploy wrote: %s", diff)
	}
	s.cfproxySays(0, "deploy", "--domain", "relay.example.com", "--yes", "--no-verify")
	const ours = "cfproxy-relay-example-com"
	s.wranglerSays(0, "versions", "list", "--name", ours).wants(t, "Version ID: ", "Source:      Upload", "Message:     cfproxy ")
	s.wranglerSays(0, "deployments", "list", "--name", ours).wants(t, "Automatic deployment on upload.", "(100%)")
	s.wranglerSays(1, "deploy", "--route", "relay.example.com/*").wants(t, "already assigned to routes", ours, "relay.example.com/*")
	s.cfproxySays(0, "plan", "--exit-code", "--domain", "relay.example.com")

	s.wranglerSays(0, "delete").wants(t, "Successfully deleted other")
	s.cfproxySays(0, "destroy", "--domain", "relay.example.com", "--yes")
	if left := s.read("account.json"); strings.Contains(left, `"scripts"`) {
		t.Errorf("a Worker is left:\n%s", left)
	}
}

// twoTools is one emulated account that both programs use.
type twoTools struct {
	t        *testing.T
	dir      string
	program  string
	wrangler string
	found    map[string]string // how to reach the server
	common   []string          // environment of both
}

func shareAccount(t *testing.T) *twoTools {
	t.Helper()
	program, err := exec.LookPath("cfproxy")
	if err != nil {
		t.Fatal(err)
	}
	s := &twoTools{t: t, dir: t.TempDir(), program: program, wrangler: findWrangler(t)}
	s.write("account.json", sharedAccount)
	s.write("wrangler.json", `{"name": "other", "main": "index.js", "compatibility_date": "2026-04-07", "workers_dev": false,
		"routes": [{"pattern": "shared.example.com/*", "zone_name": "example.com"}]}`)
	s.write("index.js", answering("one"))
	s.common = []string{"HOME=" + s.dir, "TMPDIR=" + s.dir, "PATH=" + os.Getenv("PATH"), "CFPROXY_WORKERD=" + workerdtest.Binary(t)}
	server := exec.Command(program, "sandbox", "--listen", "127.0.0.1:0", "--edge", "127.0.0.1:0", "--state", "account.json")
	server.Dir, server.Env = s.dir, s.common
	s.found = startServer(t, server)
	t.Cleanup(func() { stopServer(t, server, s.found) })
	s.common = append(s.common, "CLOUDFLARE_API_TOKEN="+s.found["token"])
	return s
}

func answering(text string) string {
	return "export default { fetch: () => new Response('" + text + "') }\n"
}

func findWrangler(t testing.TB) string {
	t.Helper()
	script, err := filepath.Abs(wranglerFolder + "/node_modules/wrangler/bin/wrangler.js")
	if err == nil {
		_, err = os.Stat(script)
	}
	if err != nil {
		t.Fatalf("run `npm ci` in provision/sandbox/wrangler: %v", err)
	}
	return script
}

// wranglerCommand runs wrangler as a program without a terminal would, in a folder with its configuration, against the API
// at base, and ends it with ctx. It reaches this machine only: nothing is reported, no newer version looked for.
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

// said is what a program printed.
type said string

func (s said) wants(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(string(s), text) {
			t.Errorf("no %q in\n%s", text, s)
		}
	}
}

func (s *twoTools) wranglerSays(status int, args ...string) said {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), wranglerPatience)
	defer cancel()
	return s.run(status, wranglerCommand(ctx, s.wrangler, s.dir, s.found["url"], s.common, args...))
}

func (s *twoTools) cfproxySays(status int, args ...string) said {
	s.t.Helper()
	command := exec.CommandContext(s.t.Context(), s.program, args...)
	command.Dir, command.Env = s.dir, append(s.common, "CLOUDFLARE_BASE_URL="+s.found["url"])
	return s.run(status, command)
}

// run gives what the program prints, stdout alone with --json.
func (s *twoTools) run(status int, command *exec.Cmd) said {
	s.t.Helper()
	var out, failure strings.Builder
	command.Stdout, command.Stderr = &out, &failure
	err := command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) || command.ProcessState.ExitCode() != status {
		s.t.Fatalf("%v: exit status %d, want %d: %v\n%s%s", command.Args[1:], command.ProcessState.ExitCode(), status, err, &out, &failure)
	}
	for _, arg := range command.Args {
		if arg == "--json" {
			return said(out.String())
		}
	}
	return said(out.String() + failure.String())
}

func (s *twoTools) wantsForeignRoute(out said) {
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
		s.t.Errorf("the route of the other Worker is not named:\n%s", out)
	}
}

// serves asks the edge for the shared host.
func (s *twoTools) serves(want string) {
	s.t.Helper()
	ca, err := os.ReadFile(s.found["ca"])
	if err != nil {
		s.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.found["edge"])
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

func (s *twoTools) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *twoTools) read(name string) string {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(data)
}
