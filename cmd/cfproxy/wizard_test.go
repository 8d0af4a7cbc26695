//go:build !windows

package main

import (
	"bytes"
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

// servedSandbox is a sandbox that listens on real sockets, for a program in another process.
type servedSandbox struct {
	store   *sandbox.Store
	baseURL string
	edge    string // address of the edge
	ca      string // file of its certificate authority
}

func startSandbox(t *testing.T) servedSandbox {
	t.Helper()
	store, err := sandbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	return serveSandbox(t, store)
}

func serveSandbox(t *testing.T, store *sandbox.Store) servedSandbox {
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
	return servedSandbox{store: store, baseURL: api.URL + "/client/v4", edge: edge.Addr(), ca: ca}
}

// start starts the program in dir, on a terminal of 80 columns and 40 lines.
func (sb servedSandbox) start(t *testing.T, dir string, environment []string, args ...string) *ptytest.Session {
	t.Helper()
	return sb.startWith(t, 40, dir, environment, args...)
}

// startWith is start with another number of lines.
func (sb servedSandbox) startWith(t *testing.T, lines int, dir string, environment []string, args ...string) *ptytest.Session {
	t.Helper()
	program, err := exec.LookPath("cfproxy")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, args...)
	command.Dir = dir
	command.Env = append([]string{"HOME=" + dir, "TERM=xterm-256color", "CLOUDFLARE_BASE_URL=" + sb.baseURL}, environment...)
	return ptytest.Start(t, command, 80, lines)
}

// inBothLanguages runs a subtest for each language, with its catalogue.
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

// All questions of the wizard: a rejected token and a valid one, a zone of several, a hostname outside the zone and a
// valid one, a provider, access and the plan. The relay works afterwards.
func TestWizardDeploysRelay(t *testing.T) {
	t.Parallel()
	inBothLanguages(t, func(t *testing.T, language string, text *i18n.Catalog) {
		sb, dir := startSandbox(t), t.TempDir()
		s := sb.start(t, dir, []string{"LANG=" + language}, "init", "--connect-to", "::"+sb.edge, "--cacert", sb.ca)
		s.Expect("dash.cloudflare.com/profile/api-tokens")
		s.Expect(text.T("ask.token.title"))
		s.Expect(text.T("prompt.key-quit"))
		s.Send(ptytest.Paste("cfut_unknown00000000000000000000000000000000000000000"))
		s.Send(ptytest.Enter)
		s.Expect(text.T("error.token-rejected"))
		s.Expect(text.T("ask.token.title"))
		s.Expect(text.T("prompt.key-quit"))
		s.Send(ptytest.Paste("“Bearer "+sb.store.Token()+"”\n") + ptytest.Enter)
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
		if strings.Contains(s.Raw(), sb.store.Token()) || strings.Contains(s.Raw(), "cfut_unknown") {
			t.Error("a token was shown")
		}
		file, err := os.ReadFile(filepath.Join(dir, "cfproxy.toml"))
		if err != nil || !strings.Contains(string(file), `"chat.example.com"`) || strings.Contains(string(file), "cfut_") {
			t.Errorf("cfproxy.toml: %v\n%s", err, file)
		}
	})
}

// Neither an interrupt in the wizard nor a declined plan changes the account.
func TestWizardCancelledChangesNothing(t *testing.T) {
	t.Parallel()
	sb, dir := startSandbox(t), t.TempDir()
	before, err := sb.store.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	token := "CLOUDFLARE_API_TOKEN=" + sb.store.Token()

	s := sb.start(t, dir, nil, "init")
	s.Expect("Cloudflare API token")
	s.Expect("quit")
	s.Send(ptytest.CtrlC)
	if status := s.Wait(); status != problem.ExitInterrupted {
		t.Errorf("Ctrl-C: exit status %d", status)
	}

	s = sb.start(t, dir, []string{token}, "deploy", "--domain", "gptapi.example.com")
	s.Expect("Apply this plan?")
	s.Expect("quit")
	s.Send("n")
	s.Expect("cancelled")
	if status := s.Wait(); status != problem.ExitFailed || strings.Contains(s.Raw(), "error: cancelled") {
		t.Errorf("no: exit status %d\n%s", status, s.Transcript())
	}
	after, err := sb.store.Bytes()
	if err != nil || !bytes.Equal(after, before) {
		t.Errorf("the account changed (%v)", err)
	}
}

// The list of providers is filtered by typing, and the wizard asks for the value of a provider that needs one. All of
// it fits 80 × 24.
func TestWizardAsksForProviderValue(t *testing.T) {
	t.Parallel()
	sb, dir := startSandbox(t), t.TempDir()
	s := sb.startWith(t, 24, dir, []string{"CLOUDFLARE_API_TOKEN=" + sb.store.Token()},
		"init", "--domain", "gptapi.example.com", "--connect-to", "::"+sb.edge, "--cacert", sb.ca)
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

// The wizard asks only for the missing value of a provider that was given by flag.
func TestWizardCompletesProviderFlag(t *testing.T) {
	t.Parallel()
	sb, dir := startSandbox(t), t.TempDir()
	s := sb.startWith(t, 24, dir, []string{"ACCESSIBLE=1", "CLOUDFLARE_API_TOKEN=" + sb.store.Token()},
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

// Questions in plain lines, for screen readers and dumb terminals.
func TestWizardAccessible(t *testing.T) {
	t.Parallel()
	sb, dir := startSandbox(t), t.TempDir()
	s := sb.start(t, dir, []string{"ACCESSIBLE=1", "LANG=zh_CN.UTF-8", "CLOUDFLARE_API_TOKEN=" + sb.store.Token()}, "init", "--no-verify")
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

// Ctrl-C while the API does not answer: the program ends at once with status 130.
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
	sb := servedSandbox{baseURL: "http://" + silent.Addr().String() + "/client/v4"}
	s := sb.start(t, t.TempDir(), []string{"CLOUDFLARE_API_TOKEN=cfut_0123456789abcdef0123456789abcdef0123456789abcdef"},
		"deploy", "--domain", "gptapi.example.com", "--yes")
	s.Expect("reading the account")
	s.Send(ptytest.CtrlC)
	s.Expect("interrupted")
	if status := s.Wait(); status != problem.ExitInterrupted {
		t.Errorf("exit status %d", status)
	}
}

// Ctrl-C while verification waits for the certificate: the program ends at once with status 130, and the relay stays
// deployed.
func TestInterruptWhileVerifying(t *testing.T) {
	t.Parallel()
	store, err := sandbox.Parse([]byte(`{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}],
		"faults": [{"at": "tls", "path": "gptapi.example.com", "times": -1}]}`))
	if err != nil {
		t.Fatal(err)
	}
	sb, dir := serveSandbox(t, store), t.TempDir()
	s := sb.start(t, dir, []string{"CLOUDFLARE_API_TOKEN=" + store.Token()},
		"deploy", "--domain", "gptapi.example.com", "--yes", "--connect-to", "::"+sb.edge, "--cacert", sb.ca)
	s.Expect("checking again in")
	s.Send(ptytest.CtrlC)
	s.Expect("interrupted")
	s.Expect("Deployed, but verification failed")
	if status := s.Wait(); status != problem.ExitInterrupted {
		t.Errorf("exit status %d", status)
	}
	if text, err := sb.store.Bytes(); err != nil || !strings.Contains(string(text), "gptapi.example.com/*") {
		t.Errorf("the route is missing (%v)", err)
	}
}

// The program sends no queries to the terminal, as termenv does when it is only linked: a terminal that does not answer
// them would delay every start by seconds.
func TestVersionSendsNoTerminalQueries(t *testing.T) {
	t.Parallel()
	s := servedSandbox{}.start(t, t.TempDir(), nil, "--version")
	s.Expect("cfproxy version")
	if status := s.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if raw := s.Raw(); strings.Contains(raw, "\x1b") {
		t.Errorf("escape sequences: %q", raw)
	}
}
