//go:build !windows

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/credential"
	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/cmd/internal/leaktest"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt/ptytest"
)

const leakHost = "gptapi.example.com"

// Every command in the life of a relay, in both languages, with --debug.
func TestNoLeakOnSuccess(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"en", "zh"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			c := newLeakChecker(t, leakAPI(t))
			run := func(env []string, args ...string) string {
				t.Helper()
				return c.run(0, env, "", append([]string{"--lang", language, "--debug"}, args...)...)
			}
			bare := append(slices.Clone(c.env), "CLOUDFLARE_BASE_URL="+c.baseURL)
			c.run(0, bare, leakToken+"\n", "--debug", "--lang", language, "login")
			run(bare, "init", "--domain", leakHost, "--access", "managed", "--yes", "--no-verify")
			run(bare, "plan", "--json")
			run(bare, "deploy", "--yes", "--no-verify", "--json")
			if issued := run(bare, "key", "add", "alice", "--yes", "--no-verify"); issued == "" {
				t.Error("no token was issued")
			}
			run(bare, "key", "add", "bob", "--rpm", "60", "--yes", "--no-verify", "--json")
			run(bare, "key", "list")
			run(bare, "key", "list", "--json")
			run(bare, "key", "revoke", "alice", "--yes", "--no-verify")
			run(bare, "key", "revoke", "bob", "--yes", "--no-verify", "--json")
			run(bare, "status")
			run(bare, "status", "--json")
			run(bare, "versions")
			run(bare, "versions", "--json")
			run(bare, "rollback", "--yes", "--force", "--no-verify", "--json")
			run(bare, "destroy", "--yes", "--json")
			run(bare, "logout")
			c.run(0, bare, leakToken, "--lang", language, "--debug", "login", "--file", "--json")
			run(bare, "status", "--json")
			c.checkFiles(c.path("config", "cfproxy", "token.json"))
			run(bare, "logout", "--json")
			c.checkFiles()
		})
	}
}

// The edge starts the real runtime as a process of its own. Its arguments and environment are checked.
func TestNoLeakToRuntime(t *testing.T) {
	t.Parallel()
	c := newLeakChecker(t, http.NotFoundHandler())
	state := c.path("work", "account.json")
	if err := os.WriteFile(state, []byte(leakAccount), 0o600); err != nil {
		t.Fatal(err)
	}
	env := c.withToken()
	c.run(0, env, "", "--sandbox", state, "--debug", "init", "--domain", leakHost, "--access", "managed", "--yes")
	c.run(0, env, "", "--sandbox", state, "--debug", "key", "add", "alice", "--yes")
	c.run(0, env, "", "--sandbox", state, "verify", "--json")
	c.run(problem.ExitUnverified, env, "", "--sandbox", state, "--debug", "--lang", "zh", "verify", "--key-env", "USER_KEY")
	c.run(problem.ExitUnverified, env, "", "--sandbox", state, "verify", "--key-env", "USER_KEY", "--json")
	c.run(0, env, "", "--sandbox", state, "--debug", "destroy", "--yes")
	c.checkFiles(state)
	if text, err := os.ReadFile(c.path("state", "record")); err != nil || !bytes.Contains(text, []byte("--control-fd")) {
		t.Errorf("the runtime's arguments were not recorded: %v\n%s", err, text)
	}
}

// echoAPI returns an API that fails and repeats the secrets of the request in its response.
func echoAPI(kind string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := r.Header.Get("Authorization")
		_, token, _ := strings.Cut(header, " ")
		body, _ := io.ReadAll(r.Body)
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(fmt.Sprint(
			"you sent ", header, " (", base64.StdEncoding.EncodeToString([]byte(header)), "), beginning with ", token[:min(len(token), 20)], " and ", leakOwnerKey))
		w.Header().Set("Content-Type", "application/json")
		switch kind {
		case "refusal":
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"success": false, "errors": [{"code": 4242, "message": "%s", "error_chain": [{"code": 1, "message": "%[1]s"}]}], "result": null}`, quoted)
		case "rejected":
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, `{"success": false, "errors": [{"code": 9109, "message": "%s"}], "result": null}`, quoted)
		case "failure at 200":
			fmt.Fprintf(w, `{"success": false, "errors": [{"code": 4242, "message": "%s"}]}`, quoted)
		case "wrong shape":
			fmt.Fprintf(w, `{"success": true, "errors": [], "result": "%s"}`, quoted)
		case "truncated":
			fmt.Fprintf(w, `{"success": true, "errors": [], "result": [{"id": "%s`, quoted)
		case "page":
			w.Header().Set("Content-Type", "text/html; was="+token)
			w.Header().Set("Cf-Ray", token)
			fmt.Fprintf(w, "<html>%s %s %s</html>", header, leakOwnerKey, body)
		case "redirect":
			w.Header().Set("Location", "https://elsewhere.example/?token="+token)
			w.WriteHeader(http.StatusFound)
		case "overload":
			w.Header().Set("Retry-After", "600")
			w.Header().Set("Content-Type", "text/"+token)
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, header)
		}
	})
}

// Every command calls an API that fails and repeats what it was sent, in each of several ways.
func TestNoLeakOnAPIErrors(t *testing.T) {
	t.Parallel()
	for kind, status := range map[string]int{
		"refusal": problem.ExitFailed, "rejected": problem.ExitToken, "failure at 200": problem.ExitFailed, "wrong shape": problem.ExitFailed, "truncated": problem.ExitFailed,
		"page": problem.ExitFailed, "redirect": problem.ExitFailed, "overload": problem.ExitFailed,
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			c := newLeakChecker(t, echoAPI(kind))
			text := managedConfig + "providers = [\"openai\"]\n"
			if err := os.WriteFile(c.path("work", config.FileName), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			languages := []string{"en", "zh"}
			for i, args := range [][]string{
				{"plan"}, {"deploy", "--yes"}, {"status", "--json"}, {"destroy", "--yes"}, {"init", "--yes", "--json"}, {"key", "add", "alice", "--yes"},
				{"versions", "--json"}, {"rollback", "--yes"},
			} {
				for range 2 {
					c.run(status, c.withToken(), "", append([]string{"--debug", "--lang", languages[i%2]}, args...)...)
					i++
				}
			}
			// A stored token that is no longer valid.
			stored := append(slices.Clone(c.env), "CLOUDFLARE_BASE_URL="+c.baseURL)
			file := credential.NewFileStore(func() (string, error) { return c.path("config"), nil })
			if err := file.Save(context.Background(), credential.StoredToken{Token: leakToken, BaseURL: c.baseURL + "/"}); err != nil {
				t.Fatal(err)
			}
			c.run(status, stored, "", "--debug", "status", "--json")
			for _, language := range languages {
				c.run(status, stored, leakOtherToken, "--debug", "--lang", language, "login")
				c.run(status, stored, leakOtherToken, "--lang", language, "login", "--file", "--json")
			}
			c.checkFiles(c.path("config", "cfproxy", "token.json"))
		})
	}
}

// The upload is the only call that carries the owner's key. It fails, and the response repeats the key.
func TestNoLeakOnUploadFailure(t *testing.T) {
	t.Parallel()
	store := leakAPI(t)
	c := newLeakChecker(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			echoAPI("refusal").ServeHTTP(w, r)
			return
		}
		store.ServeHTTP(w, r)
	}))
	for _, language := range []string{"en", "zh"} {
		args := []string{"--debug", "--lang", language, "deploy", "--domain", leakHost, "--access", "managed", "--yes"}
		c.run(problem.ExitFailed, c.withToken(), "", args...)
		c.run(problem.ExitFailed, c.withToken(), "", append(args, "--json")...)
	}
	c.checkFiles()
}

// If the server does not speak HTTP, the error of net/http quotes its first line. Nothing listens on the second
// address.
func TestNoLeakWithoutHTTPServer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			// The request is read first, since closing a connection with unread data resets it.
			io.ReadAtLeast(conn, make([]byte, 64<<10), 1)
			fmt.Fprintf(conn, "WHAT %s %s\r\n\r\n", leakToken, leakOwnerKey)
			conn.Close()
		}
	}()
	for _, address := range []string{listener.Addr().String(), "127.0.0.1:1"} {
		for _, language := range []string{"en", "zh"} {
			t.Run(address+" "+language, func(t *testing.T) {
				t.Parallel()
				c := newLeakChecker(t, http.NotFoundHandler())
				c.baseURL = "http://" + address + "/client/v4"
				c.run(problem.ExitFailed, c.withToken(), "", "--debug", "--lang", language, "deploy", "--domain", leakHost, "--access", "managed", "--yes", "--json")
				c.checkFiles()
			})
		}
	}
}

// Invalid settings, and a token or a key in the wrong place.
func TestNoLeakOnInvalidInput(t *testing.T) {
	t.Parallel()
	c := newLeakChecker(t, leakAPI(t))
	tokens := func(token string) []string { return append(c.withToken(), "CLOUDFLARE_API_TOKEN="+token) }
	for _, language := range []string{"en", "zh"} {
		for _, token := range []string{`"` + leakToken + `!"`, "Bearer " + leakToken + "\u2013", leakToken + " " + leakToken, leakOwnerKey} {
			c.run(problem.ExitToken, tokens(token), "", "--lang", language, "--debug", "plan", "--domain", leakHost, "--json")
			c.run(problem.ExitToken, c.env, token, "--lang", language, "--debug", "login", "--json")
		}
		c.run(0, tokens(`"Bearer `+leakToken[:9]+"\u200b"+leakToken[9:]+`"`), "", "--lang", language, "--debug", "plan", "--domain", leakHost, "--json")
		for _, args := range [][]string{
			{leakOtherToken}, {"plan", leakOtherToken}, {"login", leakOtherToken}, {"login", "--token", leakOtherToken}, {"login", "--token=" + leakOtherToken},
			{"key", "add", leakOtherToken}, {"key", "add", leakOwnerKey}, {"key", "revoke", leakOtherToken}, {"key", leakOtherToken}, {"logout", leakOtherToken},
		} {
			c.run(problem.ExitUsage, c.withToken(), "", append([]string{"--lang", language, "--debug"}, args...)...)
		}
		for _, base := range []string{"https://user:" + leakToken + "@api.example.com/", "http://api.example.com/?token=" + leakToken, "https://" + leakToken + " /"} {
			c.run(problem.ExitUsage, append(c.withToken(), "CLOUDFLARE_BASE_URL="+base), "", "--lang", language, "plan", "--domain", leakHost)
		}
	}
	c.checkFiles()
}

// On a terminal: invalid and valid tokens, typed and pasted.
func TestNoLeakOnTerminal(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"en", "zh"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			english, chinese := catalogues(t)
			text := map[string]*i18n.Catalog{"en": english, "zh": chinese}[language].T
			c := newLeakChecker(t, leakAPI(t))
			start := func(args ...string) *ptytest.Session {
				program, err := exec.LookPath("cfproxy")
				if err != nil {
					t.Fatal(err)
				}
				command := exec.Command(program, append([]string{"--lang", language, "--debug"}, args...)...)
				command.Dir, command.Env = c.path("work"), append(slices.Clone(c.env), "CLOUDFLARE_BASE_URL="+c.baseURL)
				return ptytest.Start(t, command, 80, 40)
			}
			s := start("login")
			s.Expect(text("ask.token.title"))
			s.Expect(text("prompt.key-quit"))
			s.Send(ptytest.Paste("Bearer "+leakToken+"!") + ptytest.Enter)
			s.Expect("✗ ")
			s.Send(ptytest.CtrlU + ptytest.Paste(leakOtherToken) + ptytest.Enter)
			s.Expect(text("error.token-rejected"))
			s.Expect(text("ask.token.title"))
			s.Expect(text("prompt.key-quit"))
			s.Send(leakToken + ptytest.Enter)
			s.Expect("example.com")
			s.Expect("cfproxy logout")
			if status := s.Wait(); status != problem.ExitOK {
				t.Errorf("exit status %d", status)
			}
			c.check("login", s.Raw())
			s = start("plan", "--domain", leakHost)
			s.Expect(text("plan.counts", "create", "3", "update", "0", "delete", "0"))
			if status := s.Wait(); status != problem.ExitOK {
				t.Errorf("exit status %d", status)
			}
			c.check("plan", s.Raw())
			c.checkFiles()
		})
	}
}

// A panic whose message contains a secret.
func TestNoLeakOnPanic(t *testing.T) {
	var secrets leaktest.Secrets
	secrets.Add("owner's key", leakOwnerKey)
	for _, broken := range []environment{
		{configDir: func() (string, error) { panic("the key " + leakOwnerKey + " is odd") }},
		{keyring: panickingKeyring{}},
	} {
		for _, language := range []string{"en", "zh"} {
			var out, errout bytes.Buffer
			env := broken
			env.stdin, env.stdout, env.stderr = strings.NewReader(""), &out, &errout
			env.width = func() int { return 0 }
			env.getenv = func(name string) string { return map[string]string{"CFPROXY_KEY_OPENAI": leakOwnerKey}[name] }
			status := run(context.Background(), []string{"cfproxy", "--lang", language, "--debug", "status", "--domain", leakHost, "--json"}, env)
			output := out.String() + errout.String()
			if status == problem.ExitOK || !strings.Contains(output, "…") {
				t.Errorf("exit status %d: %s", status, output)
			}
			for _, leak := range secrets.Find(output) {
				t.Error(leak)
			}
		}
	}
}

type panickingKeyring struct{ credential.Keyring }

func (panickingKeyring) Get() (string, error) { panic("the key " + leakOwnerKey + " is odd") }
