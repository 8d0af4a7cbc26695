//go:build !windows

package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/cmd/internal/leaktest"
	"github.com/cfproxy/cfproxy/provision/sandbox"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

// Secrets that share nothing with legitimate output. leakOwnerKey has characters that JSON, URLs and shells escape.
const (
	leakToken      = "cfut_Zq8vN3xK7mW2tR9yB4cJ6hD1fG5sL0pQaEuIoTzVa1b2c3d4"
	leakOtherToken = "cfut_Hn5bY8wS2kP7rF4jX1vM9dL6gC3tQ0zEoAiUyKxW9f8e7d6c"
	leakOwnerKey   = `sk-proj-x7/Qw+Er"Ty&Ui<Op%As\Df9Gh2Jk4Lz6`
	leakUserKey    = "sk-user-Bv5Nm8Cx2Zl7Kj4Hg1Fd9Sa6Po3Iu0Yt"
)

// leakChecker runs the program in directories of its own, and reports secrets in its output and in the files that it
// writes.
type leakChecker struct {
	t       *testing.T
	secrets *leaktest.Secrets
	root    string // contains the home, working, cache and temporary directories
	env     []string
	baseURL string
}

// leakAccount is an emulated account that accepts leakToken.
const leakAccount = `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}], "tokens": [{"value": "` + leakToken + `"}]}`

func newLeakChecker(t *testing.T, api http.Handler) *leakChecker {
	t.Helper()
	c := &leakChecker{t: t, root: t.TempDir(), secrets: &leaktest.Secrets{}}
	c.secrets.Add("API token", leakToken)
	c.secrets.Add("other API token", leakOtherToken)
	c.secrets.Add("owner's key", leakOwnerKey)
	c.secrets.Add("user's key", leakUserKey)
	for _, name := range []string{"home", "config", "cache", "state", "data", "run", "tmp", "work"} {
		if err := os.Mkdir(filepath.Join(c.root, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	runtime, err := exec.LookPath(recordingRuntime)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	c.baseURL = server.URL + "/client/v4"
	c.env = []string{
		"HOME=" + c.path("home"), "XDG_CONFIG_HOME=" + c.path("config"), "XDG_CACHE_HOME=" + c.path("cache"), "XDG_STATE_HOME=" + c.path("state"),
		"XDG_DATA_HOME=" + c.path("data"), "XDG_RUNTIME_DIR=" + c.path("run"), "TMPDIR=" + c.path("tmp"), "TERM=xterm-256color",
		"CFPROXY_WORKERD=" + runtime, "CFPROXY_TEST_RUNTIME=" + workerdtest.Binary(t), "CFPROXY_TEST_RECORD=" + c.path("state", "record"),
		"CFPROXY_TEST_KEYRING=" + filepath.Join(t.TempDir(), "keyring"),
		"CFPROXY_KEY_OPENAI=" + leakOwnerKey, "USER_KEY=" + leakUserKey, "PATH=" + os.Getenv("PATH"),
	}
	return c
}

// path returns a path below root.
func (c *leakChecker) path(parts ...string) string {
	return filepath.Join(append([]string{c.root}, parts...)...)
}

// withToken returns an environment with the API token.
func (c *leakChecker) withToken() []string {
	return append(slices.Clone(c.env), "CLOUDFLARE_BASE_URL="+c.baseURL, "CLOUDFLARE_API_TOKEN="+leakToken)
}

// run runs the program, checks its exit status, and checks its output for secrets. An issued token may be on stdout
// once; it is returned.
func (c *leakChecker) run(want int, env []string, stdin string, args ...string) (issued string) {
	c.t.Helper()
	program, err := exec.LookPath("cfproxy")
	if err != nil {
		c.t.Fatal(err)
	}
	command := exec.Command(program, args...)
	command.Dir, command.Env, command.Stdin = c.path("work"), env, strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	_ = command.Run() // the exit status is checked below
	if got := command.ProcessState.ExitCode(); got != want {
		c.t.Errorf("%v: exit status %d, want %d\n%s%s", args, got, want, stdout.String(), stderr.String())
	}
	c.check(fmt.Sprint(args, " on stderr"), stderr.String())
	output := stdout.String()
	if issued = regexp.MustCompile(`cfp_[A-Za-z0-9_-]{43}`).FindString(output); issued != "" {
		c.secrets.Add("issued token", issued)
		output = strings.Replace(output, issued, "", 1)
		c.check(fmt.Sprint(args, " on stderr"), stderr.String())
	}
	c.check(fmt.Sprint(args, " on stdout"), output)
	return issued
}

// check reports secrets in a text.
func (c *leakChecker) check(where, text string) {
	c.t.Helper()
	for _, leak := range c.secrets.Find(text) {
		c.t.Errorf("%s: %s", where, leak)
	}
}

// checkFiles reports secrets in the files below root, except those that are meant to store one.
func (c *leakChecker) checkFiles(except ...string) {
	c.t.Helper()
	found, err := c.secrets.FindInDir(c.root, func(path string) bool { return slices.Contains(except, path) })
	if err != nil {
		c.t.Error(err)
	}
	for _, leak := range found {
		c.t.Error(leak)
	}
}

// leakAPI returns the API of leakAccount.
func leakAPI(t *testing.T) http.Handler {
	t.Helper()
	store, err := sandbox.Parse([]byte(leakAccount))
	if err != nil {
		t.Fatal(err)
	}
	return sandbox.Handler(store)
}
