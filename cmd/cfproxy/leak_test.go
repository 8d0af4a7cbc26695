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

// The whole life of a relay, in both languages, with all that the program can be asked to say about itself.
func TestNothingLeaksWhereAllGoesWell(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"en", "zh"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			x := newOwner(t, leakStore(t))
			do := func(env []string, args ...string) string {
				t.Helper()
				return x.run(0, env, "", append([]string{"--lang", language, "--debug"}, args...)...)
			}
			bare := append(slices.Clone(x.env), "CLOUDFLARE_BASE_URL="+x.baseURL)
			x.run(0, bare, leakToken+"\n", "--debug", "--lang", language, "login")
			do(bare, "init", "--domain", leakHost, "--access", "managed", "--yes", "--no-verify")
			do(bare, "plan", "--json")
			do(bare, "deploy", "--yes", "--no-verify", "--json")
			if issued := do(bare, "key", "add", "alice", "--yes", "--no-verify"); issued == "" {
				t.Error("no token was handed out")
			}
			do(bare, "key", "add", "bob", "--rpm", "60", "--yes", "--no-verify", "--json")
			do(bare, "key", "list")
			do(bare, "key", "list", "--json")
			do(bare, "key", "revoke", "alice", "--yes", "--no-verify")
			do(bare, "key", "revoke", "bob", "--yes", "--no-verify", "--json")
			do(bare, "status")
			do(bare, "status", "--json")
			do(bare, "versions")
			do(bare, "versions", "--json")
			do(bare, "rollback", "--yes", "--force", "--no-verify", "--json")
			do(bare, "destroy", "--yes", "--json")
			do(bare, "logout")
			x.run(0, bare, leakToken, "--lang", language, "--debug", "login", "--file", "--json")
			do(bare, "status", "--json")
			x.lookEverywhere(x.in("config", "cfproxy", "token.json"))
			do(bare, "logout", "--json")
			x.lookEverywhere()
		})
	}
}

// The same with the edge and the real runtime in processes of their own, whose arguments are looked at.
func TestNothingLeaksToTheRuntime(t *testing.T) {
	t.Parallel()
	x := newOwner(t, http.NotFoundHandler())
	state := x.in("work", "account.json")
	if err := os.WriteFile(state, []byte(leakAccount), 0o600); err != nil {
		t.Fatal(err)
	}
	env := x.withToken()
	x.run(0, env, "", "--sandbox", state, "--debug", "init", "--domain", leakHost, "--access", "managed", "--yes")
	x.run(0, env, "", "--sandbox", state, "--debug", "key", "add", "alice", "--yes")
	x.run(0, env, "", "--sandbox", state, "verify", "--json")
	x.run(problem.ExitUnverified, env, "", "--sandbox", state, "--debug", "--lang", "zh", "verify", "--key-env", "USER_KEY")
	x.run(problem.ExitUnverified, env, "", "--sandbox", state, "verify", "--key-env", "USER_KEY", "--json")
	x.run(0, env, "", "--sandbox", state, "--debug", "destroy", "--yes")
	x.lookEverywhere(state)
	if text, err := os.ReadFile(x.in("state", "seen")); err != nil || !bytes.Contains(text, []byte("--control-fd")) {
		t.Errorf("the runtime's arguments were not seen: %v\n%s", err, text)
	}
}

// repeating is an API that sends back what it was sent, in every way that it could.
func repeating(kind string) http.Handler {
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
		case "half an answer":
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

// Every command at an API that fails, in every way, and repeats what it was sent.
func TestNothingLeaksWhereTheAPIFails(t *testing.T) {
	t.Parallel()
	for kind, status := range map[string]int{
		"refusal": problem.ExitFailed, "rejected": problem.ExitToken, "failure at 200": problem.ExitFailed, "wrong shape": problem.ExitFailed, "half an answer": problem.ExitFailed,
		"page": problem.ExitFailed, "redirect": problem.ExitFailed, "overload": problem.ExitFailed,
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			x := newOwner(t, repeating(kind))
			text := managedConfig + "providers = [\"openai\"]\n"
			if err := os.WriteFile(x.in("work", config.FileName), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			languages := []string{"en", "zh"}
			for i, args := range [][]string{
				{"plan"}, {"deploy", "--yes"}, {"status", "--json"}, {"destroy", "--yes"}, {"init", "--yes", "--json"}, {"key", "add", "alice", "--yes"},
				{"versions", "--json"}, {"rollback", "--yes"},
			} {
				for range 2 {
					x.run(status, x.withToken(), "", append([]string{"--debug", "--lang", languages[i%2]}, args...)...)
					i++
				}
			}
			// A stored token that is no longer valid.
			stored := append(slices.Clone(x.env), "CLOUDFLARE_BASE_URL="+x.baseURL)
			file := credential.NewFileStore(func() (string, error) { return x.in("config"), nil })
			if err := file.Save(context.Background(), credential.StoredToken{Token: leakToken, BaseURL: x.baseURL + "/"}); err != nil {
				t.Fatal(err)
			}
			x.run(status, stored, "", "--debug", "status", "--json")
			for _, language := range languages {
				x.run(status, stored, leakOther, "--debug", "--lang", language, "login")
				x.run(status, stored, leakOther, "--lang", language, "login", "--file", "--json")
			}
			x.lookEverywhere(x.in("config", "cfproxy", "token.json"))
		})
	}
}

// The upload is the one call that carries the owner's key. It fails, and what was sent comes back.
func TestNothingLeaksWhereTheUploadFails(t *testing.T) {
	t.Parallel()
	store := leakStore(t)
	x := newOwner(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			repeating("refusal").ServeHTTP(w, r)
			return
		}
		store.ServeHTTP(w, r)
	}))
	for _, language := range []string{"en", "zh"} {
		args := []string{"--debug", "--lang", language, "deploy", "--domain", leakHost, "--access", "managed", "--yes"}
		x.run(problem.ExitFailed, x.withToken(), "", args...)
		x.run(problem.ExitFailed, x.withToken(), "", append(args, "--json")...)
	}
	x.lookEverywhere()
}

// Where something other than HTTP answers, the library's error has its first line. The second address is nobody's.
func TestNothingLeaksWhereNothingAnswers(t *testing.T) {
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
			// What was asked is read first, or closing would look like a reset.
			io.ReadAtLeast(conn, make([]byte, 64<<10), 1)
			fmt.Fprintf(conn, "WHAT %s %s\r\n\r\n", leakToken, leakOwnerKey)
			conn.Close()
		}
	}()
	for _, address := range []string{listener.Addr().String(), "127.0.0.1:1"} {
		for _, language := range []string{"en", "zh"} {
			t.Run(address+" "+language, func(t *testing.T) {
				t.Parallel()
				x := newOwner(t, http.NotFoundHandler())
				x.baseURL = "http://" + address + "/client/v4"
				x.run(problem.ExitFailed, x.withToken(), "", "--debug", "--lang", language, "deploy", "--domain", leakHost, "--access", "managed", "--yes", "--json")
				x.lookEverywhere()
			})
		}
	}
}

// Mistakes in settings, and a token or a key where none belongs.
func TestNothingLeaksOfMistakes(t *testing.T) {
	t.Parallel()
	x := newOwner(t, leakStore(t))
	tokens := func(token string) []string { return append(x.withToken(), "CLOUDFLARE_API_TOKEN="+token) }
	for _, language := range []string{"en", "zh"} {
		for _, token := range []string{`"` + leakToken + `"`, "Bearer " + leakToken, leakToken + " " + leakToken, leakOwnerKey} {
			x.run(problem.ExitToken, tokens(token), "", "--lang", language, "--debug", "plan", "--domain", leakHost, "--json")
			x.run(problem.ExitToken, x.env, token, "--lang", language, "--debug", "login", "--json")
		}
		for _, args := range [][]string{
			{leakOther}, {"plan", leakOther}, {"login", leakOther}, {"login", "--token", leakOther}, {"login", "--token=" + leakOther},
			{"key", "add", leakOther}, {"key", "add", leakOwnerKey}, {"key", "revoke", leakOther}, {"key", leakOther}, {"logout", leakOther},
		} {
			x.run(problem.ExitUsage, x.withToken(), "", append([]string{"--lang", language, "--debug"}, args...)...)
		}
		for _, base := range []string{"https://user:" + leakToken + "@api.example.com/", "http://api.example.com/?token=" + leakToken, "https://" + leakToken + " /"} {
			x.run(problem.ExitUsage, append(x.withToken(), "CLOUDFLARE_BASE_URL="+base), "", "--lang", language, "plan", "--domain", leakHost)
		}
	}
	x.lookEverywhere()
}

// On a terminal: what is typed and what is pasted, wrong and right.
func TestNothingLeaksOnATerminal(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"en", "zh"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			english, chinese := catalogues(t)
			text := map[string]*i18n.Catalog{"en": english, "zh": chinese}[language].T
			x := newOwner(t, leakStore(t))
			start := func(args ...string) *ptytest.Session {
				program, err := exec.LookPath("cfproxy")
				if err != nil {
					t.Fatal(err)
				}
				command := exec.Command(program, append([]string{"--lang", language, "--debug"}, args...)...)
				command.Dir, command.Env = x.in("work"), append(slices.Clone(x.env), "CLOUDFLARE_BASE_URL="+x.baseURL)
				return ptytest.Start(t, command, 80, 40)
			}
			s := start("login")
			s.Expect(text("ask.token.title"))
			s.Expect(text("prompt.key-quit"))
			s.Send(ptytest.Paste("Bearer "+leakToken) + ptytest.Enter)
			s.Expect("✗ ")
			s.Send(ptytest.CtrlU + ptytest.Paste(leakOther) + ptytest.Enter)
			s.Expect(text("error.token-rejected"))
			s.Expect(text("ask.token.title"))
			s.Expect(text("prompt.key-quit"))
			s.Send(leakToken + ptytest.Enter)
			s.Expect("example.com")
			s.Expect("cfproxy logout")
			if status := s.Wait(); status != problem.ExitOK {
				t.Errorf("exit status %d", status)
			}
			x.look("login", s.Raw())
			s = start("plan", "--domain", leakHost)
			s.Expect(text("plan.counts", "create", "3", "update", "0", "delete", "0"))
			if status := s.Wait(); status != problem.ExitOK {
				t.Errorf("exit status %d", status)
			}
			x.look("plan", s.Raw())
			x.lookEverywhere()
		})
	}
}

// A panic, of ours or of a library, with a secret in its words.
func TestNothingLeaksOfAPanic(t *testing.T) {
	t.Parallel()
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
			said := out.String() + errout.String()
			if status == problem.ExitOK || !strings.Contains(said, "…") {
				t.Errorf("exit status %d: %s", status, said)
			}
			for _, leak := range secrets.Find(said) {
				t.Error(leak)
			}
		}
	}
}

type panickingKeyring struct{ credential.Keyring }

func (panickingKeyring) Get() (string, error) { panic("the key " + leakOwnerKey + " is odd") }
