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

// Secrets like no others. The key has characters that JSON, URLs and shells write differently.
const (
	leakToken    = "cfut_Zq8vN3xK7mW2tR9yB4cJ6hD1fG5sL0pQaEuIoTzVa1b2c3d4"
	leakOther    = "cfut_Hn5bY8wS2kP7rF4jX1vM9dL6gC3tQ0zEoAiUyKxW9f8e7d6c"
	leakOwnerKey = `sk-proj-x7/Qw+Er"Ty&Ui<Op%As\Df9Gh2Jk4Lz6`
	leakUserKey  = "sk-user-Bv5Nm8Cx2Zl7Kj4Hg1Fd9Sa6Po3Iu0Yt"
)

// owner is somebody at work on a machine of their own, of whose secrets nothing may be left behind.
type owner struct {
	t       *testing.T
	secrets *leaktest.Secrets
	root    string // all that the program can write to by itself
	env     []string
	baseURL string
}

// leakAccount is an emulated account that knows the token.
const leakAccount = `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}], "tokens": [{"value": "` + leakToken + `"}]}`

func newOwner(t *testing.T, api http.Handler) *owner {
	t.Helper()
	x := &owner{t: t, root: t.TempDir(), secrets: &leaktest.Secrets{}}
	x.secrets.Add("API token", leakToken)
	x.secrets.Add("other API token", leakOther)
	x.secrets.Add("owner's key", leakOwnerKey)
	x.secrets.Add("user's key", leakUserKey)
	for _, name := range []string{"home", "config", "cache", "state", "data", "run", "tmp", "work"} {
		if err := os.Mkdir(filepath.Join(x.root, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	listening, err := exec.LookPath(listeningRuntime)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	x.baseURL = server.URL + "/client/v4"
	x.env = []string{
		"HOME=" + x.in("home"), "XDG_CONFIG_HOME=" + x.in("config"), "XDG_CACHE_HOME=" + x.in("cache"), "XDG_STATE_HOME=" + x.in("state"),
		"XDG_DATA_HOME=" + x.in("data"), "XDG_RUNTIME_DIR=" + x.in("run"), "TMPDIR=" + x.in("tmp"), "TERM=xterm-256color",
		"CFPROXY_WORKERD=" + listening, "CFPROXY_TEST_RUNTIME=" + workerdtest.Binary(t), "CFPROXY_TEST_SEEN=" + x.in("state", "seen"),
		"CFPROXY_TEST_KEYRING=" + filepath.Join(t.TempDir(), "keyring"),
		"CFPROXY_KEY_OPENAI=" + leakOwnerKey, "USER_KEY=" + leakUserKey, "PATH=" + os.Getenv("PATH"),
	}
	return x
}

func (x *owner) in(parts ...string) string {
	return filepath.Join(append([]string{x.root}, parts...)...)
}

// withToken is the environment where the token is in it.
func (x *owner) withToken() []string {
	return append(slices.Clone(x.env), "CLOUDFLARE_BASE_URL="+x.baseURL, "CLOUDFLARE_API_TOKEN="+leakToken)
}

// run runs the program and looks at all that it says. A token that is handed out may be on stdout once.
func (x *owner) run(want int, env []string, stdin string, args ...string) (issued string) {
	x.t.Helper()
	program, err := exec.LookPath("cfproxy")
	if err != nil {
		x.t.Fatal(err)
	}
	command := exec.Command(program, args...)
	command.Dir, command.Env, command.Stdin = x.in("work"), env, strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	_ = command.Run() // the status says it
	if got := command.ProcessState.ExitCode(); got != want {
		x.t.Errorf("%v: exit status %d, want %d\n%s%s", args, got, want, stdout.String(), stderr.String())
	}
	x.look(fmt.Sprint(args, " on stderr"), stderr.String())
	said := stdout.String()
	if issued = regexp.MustCompile(`cfp_[A-Za-z0-9_-]{43}`).FindString(said); issued != "" {
		x.secrets.Add("issued token", issued)
		said = strings.Replace(said, issued, "", 1)
		x.look(fmt.Sprint(args, " on stderr"), stderr.String())
	}
	x.look(fmt.Sprint(args, " on stdout"), said)
	return issued
}

func (x *owner) look(where, text string) {
	x.t.Helper()
	for _, leak := range x.secrets.Find(text) {
		x.t.Errorf("%s: %s", where, leak)
	}
}

// lookEverywhere looks at every file, but for those that are to hold a secret.
func (x *owner) lookEverywhere(except ...string) {
	x.t.Helper()
	found, err := x.secrets.FindInDir(x.root, func(path string) bool { return slices.Contains(except, path) })
	if err != nil {
		x.t.Error(err)
	}
	for _, leak := range found {
		x.t.Error(leak)
	}
}

func leakStore(t *testing.T) http.Handler {
	t.Helper()
	store, err := sandbox.Parse([]byte(leakAccount))
	if err != nil {
		t.Fatal(err)
	}
	return sandbox.Handler(store)
}
