//go:build !windows

package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt/ptytest"
	"github.com/cfproxy/cfproxy/provision/sandbox"
	"github.com/cfproxy/cfproxy/provision/sandbox/edge"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

// cloud is a sandbox served over real sockets, for a program in another process.
type cloud struct {
	store   *sandbox.Store
	baseURL string
	edge    string
	ca      string
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	store, err := sandbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, store)
}

func serve(t *testing.T, store *sandbox.Store) cloud {
	t.Helper()
	edge, err := edge.Open(context.Background(), edge.Config{Store: store, Workerd: workerdtest.Binary(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { edge.Close() })
	api := httptest.NewServer(sandbox.Handler(store))
	t.Cleanup(api.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, edge.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return cloud{store: store, baseURL: api.URL + "/client/v4", edge: edge.Addr(), ca: ca}
}

// start runs the program on a terminal of 80 columns, in a folder of its own.
func (c cloud) start(t *testing.T, dir string, environment []string, args ...string) *ptytest.Session {
	t.Helper()
	return c.startWith(t, 40, dir, environment, args...)
}

// startWith does so on a terminal of that many lines.
func (c cloud) startWith(t *testing.T, lines int, dir string, environment []string, args ...string) *ptytest.Session {
	t.Helper()
	program, err := exec.LookPath("cfproxy")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, args...)
	command.Dir = dir
	command.Env = append([]string{"HOME=" + dir, "TERM=xterm-256color", "CLOUDFLARE_BASE_URL=" + c.baseURL}, environment...)
	return ptytest.Start(t, command, 80, lines)
}

// inBothLanguages runs a test in each language that there is, with its words.
func inBothLanguages(t *testing.T, test func(t *testing.T, language string, text *i18n.Catalog)) {
	t.Helper()
	for _, language := range []i18n.Language{i18n.English, i18n.Chinese} {
		t.Run(string(language), func(t *testing.T) {
			t.Parallel()
			text, err := i18n.Load(language)
			if err != nil {
				t.Fatal(err)
			}
			test(t, string(language), text)
		})
	}
}

// The wizard from nothing to a working relay: a token that is not good first, then a good one, a zone out of several, a
// hostname that is mistyped at first, a provider, the plan, yes.
func TestWizardFromNothingToAWorkingRelay(t *testing.T) {
	t.Parallel()
	inBothLanguages(t, func(t *testing.T, language string, text *i18n.Catalog) {
		cloud, dir := newCloud(t), t.TempDir()
		s := cloud.start(t, dir, []string{"LANG=" + language}, "init", "--connect-to", "::"+cloud.edge, "--cacert", cloud.ca)
		s.Expect("dash.cloudflare.com/profile/api-tokens")
		s.Expect(text.T("ask.token.title"))
		s.Expect(text.T("prompt.key-quit"))
		s.Send(ptytest.Paste("cfut_unknown00000000000000000000000000000000000000000"))
		s.Send(ptytest.Enter)
		s.Expect(text.T("error.token-rejected"))
		s.Expect(text.T("ask.token.title"))
		s.Expect(text.T("prompt.key-quit"))
		s.Send(ptytest.Paste(cloud.store.Token()+"\n") + ptytest.Enter)
		s.Expect(text.T("ask.zone.title"))
		s.Expect("example.org")
		s.Expect(text.T("prompt.key-quit"))
		s.Send(ptytest.Enter)
		s.Expect("gptapi.example.com")
		s.Expect(text.T("prompt.key-quit"))
		s.Send(ptytest.CtrlU + "chat.elsewhere.com" + ptytest.Enter)
		s.Expect(text.T("error.host-outside", "host", "chat.elsewhere.com", "zone", "example.com"))
		s.Send(ptytest.CtrlU + "chat.example.com" + ptytest.Enter)
		s.Expect(text.T("ask.provider.title"))
		s.Expect(text.T("prompt.key-quit"))
		s.Send(ptytest.Enter)
		s.Expect(text.T("ask.access.title"))
		s.Expect(text.T("prompt.key-quit"))
		s.Send(ptytest.Enter)
		s.Expect(text.T("plan.counts", "create", "3", "update", "0", "delete", "0"))
		s.Expect(text.T("ask.init.title"))
		s.Expect(text.T("prompt.key-quit"))
		s.Send(ptytest.Enter)
		s.Expect("OPENAI_BASE_URL=https://chat.example.com/v1")
		s.Expect("new OpenAI(")
		s.Expect(text.T("init.wrote", "file", "cfproxy.toml"))
		if status := s.Wait(); status != 0 {
			t.Errorf("exit status %d", status)
		}
		if strings.Contains(s.Raw(), cloud.store.Token()) || strings.Contains(s.Raw(), "cfut_unknown") {
			t.Error("a token was shown")
		}
		file, err := os.ReadFile(filepath.Join(dir, "cfproxy.toml"))
		if err != nil || !strings.Contains(string(file), `"chat.example.com"`) || strings.Contains(string(file), "cfut_") {
			t.Errorf("cfproxy.toml: %v\n%s", err, file)
		}
	})
}

// Whoever leaves the wizard, or says no, finds the account as it was.
func TestWizardCanBeLeft(t *testing.T) {
	t.Parallel()
	cloud, dir := newCloud(t), t.TempDir()
	before, err := cloud.store.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	token := "CLOUDFLARE_API_TOKEN=" + cloud.store.Token()

	s := cloud.start(t, dir, nil, "init")
	s.Expect("Cloudflare API token")
	s.Expect("quit")
	s.Send(ptytest.CtrlC)
	if status := s.Wait(); status != problem.ExitInterrupted {
		t.Errorf("Ctrl-C: exit status %d", status)
	}

	s = cloud.start(t, dir, []string{token}, "deploy", "--domain", "gptapi.example.com")
	s.Expect("Apply this plan?")
	s.Expect("quit")
	s.Send("n")
	s.Expect("cancelled")
	if status := s.Wait(); status != problem.ExitFailed || strings.Contains(s.Raw(), "error: cancelled") {
		t.Errorf("no: exit status %d\n%s", status, s.Transcript())
	}
	after, err := cloud.store.Bytes()
	if err != nil || string(after) != string(before) {
		t.Errorf("the account changed (%v)", err)
	}
}

// A provider among many is found by typing, and asks for what only its owner knows. 80 × 24 is enough for all of it.
func TestWizardAsksForTheValueOfAProvider(t *testing.T) {
	t.Parallel()
	cloud, dir := newCloud(t), t.TempDir()
	s := cloud.startWith(t, 24, dir, []string{"CLOUDFLARE_API_TOKEN=" + cloud.store.Token()},
		"init", "--domain", "gptapi.example.com", "--connect-to", "::"+cloud.edge, "--cacert", cloud.ca)
	s.Expect("Which provider?")
	s.Expect("1/21")
	s.Expect("Enter")
	s.Send("azu")
	s.Expect("1/1")
	s.Send(ptytest.Enter)
	s.Expect("Name of your Azure resource")
	s.Expect("Enter")
	s.Send("my.resource" + ptytest.Enter)
	s.Expect("is not a valid Azure resource name")
	s.Send(ptytest.CtrlU + "My-Resource" + ptytest.Enter)
	s.Expect("Who may use it?")
	s.Expect("quit")
	s.Send(ptytest.Enter)
	s.Expect("Apply this plan?")
	s.Expect("quit")
	s.Send(ptytest.Enter)
	s.Expect("OPENAI_BASE_URL=https://gptapi.example.com/openai/v1")
	if status := s.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	file, err := os.ReadFile(filepath.Join(dir, "cfproxy.toml"))
	if err != nil || !strings.Contains(string(file), `providers = ["azure=my-resource"]`) {
		t.Errorf("cfproxy.toml: %v\n%s", err, file)
	}
}

// A provider that a flag names is asked for what is missing, and for nothing else.
func TestWizardCompletesAFlag(t *testing.T) {
	t.Parallel()
	cloud, dir := newCloud(t), t.TempDir()
	s := cloud.startWith(t, 24, dir, []string{"ACCESSIBLE=1", "CLOUDFLARE_API_TOKEN=" + cloud.store.Token()},
		"init", "--no-verify", "--domain", "gptapi.example.com", "--provider", "openai", "--provider", "custom", "--access", "pass-through")
	s.Expect("Address of the API")
	s.Expect("Answer: ")
	s.Send("https://llm.example.org/v1\n")
	s.Expect("contains more than a hostname: /v1")
	s.Send("https://llm.example.org\n")
	s.Expect("[Yes]")
	s.Send("\n")
	s.Expect("# llm.example.org: https://gptapi.example.com/custom/v1")
	if status := s.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// Plain questions, for screen readers and dumb terminals.
func TestWizardInPlainLines(t *testing.T) {
	t.Parallel()
	cloud, dir := newCloud(t), t.TempDir()
	s := cloud.start(t, dir, []string{"ACCESSIBLE=1", "LANG=zh_CN.UTF-8", "CLOUDFLARE_API_TOKEN=" + cloud.store.Token()}, "init", "--no-verify")
	s.Expect("example.org")
	s.Expect("编号")
	s.Send("1\n")
	s.Expect("回答")
	s.Send("\n")
	s.Expect("OpenRouter")
	s.Expect("编号")
	s.Send("1\n")
	s.Expect("谁可以使用")
	s.Expect("编号")
	s.Send("1\n")
	s.Expect("执行这个计划吗")
	s.Expect("[")
	s.Send("是\n")
	s.Expect("OPENAI_BASE_URL=https://gptapi.example.com/v1")
	if status := s.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// Ctrl-C while the API does not answer: the program says what stands and ends with 130, at once and in order.
func TestInterruptWhileTheAPIIsSilent(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	released := make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-released:
		}
	})}
	go server.Serve(silent)
	t.Cleanup(func() { close(released); server.Close() })
	c := cloud{baseURL: "http://" + silent.Addr().String() + "/client/v4"}
	s := c.start(t, t.TempDir(), []string{"CLOUDFLARE_API_TOKEN=cfut_0123456789abcdef0123456789abcdef0123456789abcdef"},
		"deploy", "--domain", "gptapi.example.com", "--yes")
	s.Expect("reading the account")
	s.Send(ptytest.CtrlC)
	s.Expect("interrupted")
	if status := s.Wait(); status != problem.ExitInterrupted {
		t.Errorf("exit status %d", status)
	}
}

// Ctrl-C while the certificate is waited for: the wait ends at once, what was deployed stands, and the status says so.
func TestInterruptWhileVerifying(t *testing.T) {
	t.Parallel()
	store, err := sandbox.Parse([]byte(`{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}],
		"faults": [{"at": "tls", "path": "gptapi.example.com", "times": -1}]}`))
	if err != nil {
		t.Fatal(err)
	}
	cloud, dir := serve(t, store), t.TempDir()
	s := cloud.start(t, dir, []string{"CLOUDFLARE_API_TOKEN=" + store.Token()},
		"deploy", "--domain", "gptapi.example.com", "--yes", "--connect-to", "::"+cloud.edge, "--cacert", cloud.ca)
	s.Expect("checking again in")
	s.Send(ptytest.CtrlC)
	s.Expect("interrupted")
	s.Expect("Deployed, but verification failed")
	if status := s.Wait(); status != problem.ExitInterrupted {
		t.Errorf("exit status %d", status)
	}
	if text, err := cloud.store.Bytes(); err != nil || !strings.Contains(string(text), "gptapi.example.com/*") {
		t.Errorf("the route does not stand (%v)", err)
	}
}

// On a terminal the program says what it was asked for, and sends no queries that a silent terminal would leave unanswered
// for seconds, as a library would on being linked.
func TestVersionIsSilentBesides(t *testing.T) {
	t.Parallel()
	s := cloud{}.start(t, t.TempDir(), nil, "--version")
	s.Expect("cfproxy version")
	if status := s.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if raw := s.Raw(); strings.Contains(raw, "\x1b") {
		t.Errorf("escape sequences: %q", raw)
	}
}
