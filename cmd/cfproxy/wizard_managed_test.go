//go:build !windows

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt/ptytest"
	"github.com/cfproxy/cfproxy/provision/sandbox/standin"
)

// For a managed relay the wizard asks for the provider key, which is masked, and creates the first token, which is
// shown once.
func TestWizardManagedRelay(t *testing.T) {
	t.Parallel()
	inBothLanguages(t, func(t *testing.T, language string, text *i18n.Catalog) {
		sb, dir := startSandbox(t), t.TempDir()
		s := sb.start(t, dir, []string{"LANG=" + language, "CLOUDFLARE_API_TOKEN=" + sb.store.Token()},
			"init", "--domain", "chat.example.com", "--provider", "openai", "--connect-to", "::"+sb.edge, "--cacert", sb.ca)
		s.Expect(text.T("ask.access.title"))
		s.Expect(text.T("prompt.key-quit"))
		s.Send(ptytest.Down + ptytest.Enter)
		s.Expect(text.T("ask.first-token.title"))
		s.Expect(text.T("prompt.key-quit"))
		s.Send("no blanks" + ptytest.Enter)
		s.Expect(text.T("error.name-invalid", "value", "no blanks"))
		s.Send(ptytest.CtrlU + "王小明" + ptytest.Enter)
		s.Expect(text.T("ask.owner-key.title", "provider", "OpenAI"))
		s.Expect(text.T("prompt.key-quit"))
		s.Send(ptytest.Paste("cfp_0123") + ptytest.Enter)
		s.Expect(text.T("error.owner-key-token", "name", "CFPROXY_KEY_OPENAI"))
		s.Send(ptytest.CtrlU + ptytest.Paste("sk–0123") + ptytest.Enter)
		s.Expect(text.T("error.secret-character", "name", "CFPROXY_KEY_OPENAI", "position", "3", "character", "U+2013"))
		s.Send(ptytest.CtrlU + ptytest.Paste("'Bearer "+standin.Key+"'\u200b") + ptytest.Enter)
		s.Expect(text.T("content.managed", "tokens", "王小明"))
		s.Expect(text.T("ask.init.title"))
		s.Expect(text.T("prompt.key-quit"))
		s.Send(ptytest.Enter)
		s.Expect(text.T("key.new", "name", "王小明"))
		s.Expect("cfp_")
		if status := s.Wait(); status != 0 {
			t.Errorf("exit status %d", status)
		}
		if strings.Contains(s.Raw(), standin.Key) {
			t.Error("the owner's key was shown")
		}
		secret := regexp.MustCompile(`cfp_[A-Za-z0-9_-]{43}`).FindString(s.Raw())
		file, err := os.ReadFile(filepath.Join(dir, "cfproxy.toml"))
		if err != nil || !strings.Contains(string(file), config.SHA256(secret)) || strings.Contains(string(file), secret) {
			t.Errorf("cfproxy.toml does not list the digest of %q: %v\n%s", secret, err, file)
		}
	})
}

// With a cfproxy.toml the wizard does not ask for access, even if the file does not set it, because init does not
// change the file.
func TestWizardDoesNotAskForAccessWithFile(t *testing.T) {
	t.Parallel()
	sb, dir := startSandbox(t), t.TempDir()
	file := "domains = [\"gptapi.example.com\"]\nproviders = [\"openai\"]\n"
	if err := os.WriteFile(filepath.Join(dir, "cfproxy.toml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	s := sb.start(t, dir, []string{"CLOUDFLARE_API_TOKEN=" + sb.store.Token()}, "init", "--no-verify")
	s.Expect("Apply this plan?")
	s.Expect("quit")
	s.Send(ptytest.Enter)
	s.Expect("was not changed")
	if status := s.Wait(); status != 0 || strings.Contains(s.Raw(), "Who may use it?") {
		t.Errorf("exit status %d", status)
	}
}

// For a deployed managed relay without a file, init reads the settings from the relay: it neither asks for them nor
// creates a token.
func TestWizardReadsDeployedRelay(t *testing.T) {
	t.Parallel()
	r := newManagedRelay(t, managedConfig)
	r.run(standin.Key, "deploy", "--no-verify")
	r.run("", "key", "add", "alice", "--no-verify")
	dir := t.TempDir()
	s := r.sandbox.start(t, dir, []string{"CLOUDFLARE_API_TOKEN=" + r.sandbox.store.Token()}, "init", "--domain", "gptapi.example.com", "--no-verify")
	s.Expect("already exists")
	s.Expect("Wrote cfproxy.toml")
	status := s.Wait()
	for _, question := range []string{"Who may use it?", "Who gets the first token?", "Which provider"} {
		if strings.Contains(s.Raw(), question) {
			t.Errorf("the wizard asks %q", question)
		}
	}
	file, err := config.OpenTokens(filepath.Join(dir, config.FileName))
	if status != 0 || err != nil || file.Names() != "alice" || file.Relays[0].Access != "managed" {
		t.Errorf("exit status %d, %v: %s", status, err, file.Names())
	}
}
