//go:build !windows

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/sandbox"
)

// killAccount holds what is not ours beside every host that is deployed, and stops the clock, so that ids are the same in
// every run.
const killAccount = `{"clock": "2026-11-20T12:00:00Z", "accounts": [{"name": "Acme",
 "scripts": [{"name": "theirs", "modules": [{"name": "a.js", "text": "export default { fetch() {} }"}]}],
 "zones": [
  {"name": "example.com", "records": [
    {"type": "TXT", "name": "a.example.com", "content": "v=spf1 -all"},
    {"type": "A", "name": "www.example.com", "content": "192.0.2.7", "proxied": true, "comment": "the shop"}],
   "routes": [{"pattern": "www.example.com/*", "script": "theirs"}]},
  {"name": "example.org", "records": [{"type": "MX", "name": "a.example.org", "content": "mx.example.net", "priority": 1}]}]}]}`

// Killed at any of its calls, before the API has done it and after, a run leaves nothing open and nothing twice, and the same
// command brings the account to where a run that nobody disturbed would have left it.
func TestKilledAtEveryCall(t *testing.T) {
	t.Parallel()
	one := []string{"--domain", "a.example.com"}
	three := []string{"--domain", "a.example.com", "--domain", "b.example.com", "--domain", "a.example.org"}
	for name, x := range map[string]struct {
		first []string // what stands before the run that is killed
		edit  [2]string
		run   []string
	}{
		"first deploy": {run: append([]string{"deploy"}, one...)},
		"update": {
			first: append([]string{"deploy"}, one...), edit: [2]string{`"content": "2.2.2.2"`, `"content": "192.0.2.9"`},
			run: append([]string{"deploy", "--provider", "anthropic"}, one...),
		},
		"three hosts in two zones": {run: append([]string{"deploy"}, three...)},
		"destroy":                  {first: append([]string{"deploy"}, one...), run: append([]string{"destroy"}, one...)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			account := newKiller(t, killAccount).bytes(t) // completed once, so that all runs begin with the same
			if x.first != nil {
				account = undisturbed(t, account, x.first).bytes(t)
				edited := strings.ReplaceAll(account, x.edit[0], x.edit[1])
				if x.edit[0] != "" && edited == account {
					t.Fatalf("nothing to edit in:\n%s", account)
				}
				account = edited
			}
			good := undisturbed(t, account, x.run)
			want := normalState(good.bytes(t))
			for at := range good.calls.Load() {
				for _, after := range []bool{false, true} {
					if testing.Short() && (at%3 != 0 || after) {
						continue // -short is a sample
					}
					t.Run(fmt.Sprintf("call %d, done %v", at+1, after), func(t *testing.T) {
						t.Parallel()
						killOnce(t, account, want, x.run, at+1, after)
					})
				}
			}
		})
	}
}

// killOnce kills a run at its call number at. The number of calls is not constant: a call that gets no answer within
// Engine.CallTimeout is made again, as happens on a machine under load. So a run that ends well in fewer calls is not a
// failure: at is past its end. A call that was reached must have killed the run.
func killOnce(t *testing.T, account, want string, args []string, at int64, after bool) {
	a := newKiller(t, account)
	a.at, a.after = at, after
	err := a.run(t, args)
	switch {
	case err == nil && a.calls.Load() < at && at > 1:
		if diff := cmp.Diff(want, normalState(a.bytes(t))); diff != "" {
			t.Errorf("a run of %d calls leads elsewhere:\n%s", a.calls.Load(), diff)
		}
		return
	case err == nil || !a.killed.Load():
		t.Fatalf("the run was not killed: %v\n%s", err, a.said)
	}
	checkKilled(t, account, a.bytes(t))
	a.at = 0
	if err := a.run(t, args); err != nil {
		t.Errorf("the next run: %v\n%s", err, a.said)
	}
	if diff := cmp.Diff(want, normalState(a.bytes(t))); diff != "" {
		t.Errorf("the next run leads elsewhere:\n%s", diff)
	}
}

// undisturbed is a run to its end.
func undisturbed(t *testing.T, account string, args []string) *killer {
	t.Helper()
	a := newKiller(t, account)
	if err := a.run(t, args); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, a.said)
	}
	return a
}

// killer is an account whose API ends the program, or interrupts it, at one of its calls.
type killer struct {
	store   *sandbox.Store
	next    http.Handler
	baseURL string
	said    string

	at      int64 // the call at which the program is killed, from 1; 0 for none
	after   bool  // once the work of the call is done
	gently  bool  // by an interrupt, and the call is answered
	calls   atomic.Int64
	killed  atomic.Bool
	working sync.WaitGroup   // calls in progress
	program chan *os.Process // holds the one that runs
}

func newKiller(t *testing.T, account string) *killer {
	t.Helper()
	store, err := sandbox.Parse([]byte(account))
	if err != nil {
		t.Fatal(err)
	}
	k := &killer{store: store, next: sandbox.Handler(store)}
	server := httptest.NewServer(k)
	t.Cleanup(server.Close)
	k.baseURL = server.URL + "/client/v4"
	return k
}

// ServeHTTP implements http.Handler.
func (k *killer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer k.working.Done()
	k.working.Add(1)
	isLast := k.calls.Add(1) == k.at
	switch {
	case isLast && k.gently:
		program := <-k.program
		k.killed.Store(program.Signal(os.Interrupt) == nil)
		fallthrough
	case !isLast:
		k.next.ServeHTTP(w, r)
		return
	case k.after:
		k.next.ServeHTTP(httptest.NewRecorder(), r)
	}
	program := <-k.program
	k.killed.Store(program.Kill() == nil)
	panic(http.ErrAbortHandler)
}

// run starts the program and waits until it has ended, and with it all that it asked for.
func (k *killer) run(t *testing.T, args []string) error {
	t.Helper()
	program, err := exec.LookPath("cfproxy")
	if err != nil {
		t.Fatal(err)
	}
	args = append(args[:len(args):len(args)], "--yes")
	if args[0] == "deploy" {
		args = append(args, "--no-verify")
	}
	var said strings.Builder
	command := exec.CommandContext(t.Context(), program, args...)
	command.Dir = t.TempDir()
	command.Env = []string{"HOME=" + command.Dir, "CLOUDFLARE_BASE_URL=" + k.baseURL, "CLOUDFLARE_API_TOKEN=" + k.store.Token()}
	command.Stdout, command.Stderr = &said, &said
	k.program = make(chan *os.Process, 1)
	k.calls.Store(0)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	k.program <- command.Process
	err = command.Wait()
	k.working.Wait()
	k.said = said.String()
	return err
}

func (k *killer) bytes(t *testing.T) string {
	t.Helper()
	text, err := k.store.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var changing = regexp.MustCompile(`(?m)^\s*"(id|tag|version|number|created_on|modified_on|comment_modified_on)": .*\n`)

// normalState leaves out what differs between one upload and two.
func normalState(text string) string { return changing.ReplaceAllString(text, "") }

// killedState is what of a state is checked.
type killedState struct {
	Accounts []struct {
		Scripts []struct{ Name string }
		Zones   []struct {
			Name    string
			Records []struct{ Type, Name, Content, Comment string }
			Routes  []struct{ Pattern, Script string }
		}
	}
}

// checkKilled finds what must never be: a record of ours without its route, anything twice, and a foreign thing that was touched.
func checkKilled(t *testing.T, before, after string) {
	t.Helper()
	var state killedState
	if err := json.Unmarshal([]byte(after), &state); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	once := func(thing string) {
		if seen[thing] {
			t.Errorf("two of %s", thing)
		}
		seen[thing] = true
	}
	for _, script := range state.Accounts[0].Scripts {
		once("Worker " + script.Name)
	}
	for _, zone := range state.Accounts[0].Zones {
		for _, route := range zone.Routes {
			once("route " + route.Pattern)
		}
		for _, record := range zone.Records {
			once("record " + record.Type + " " + record.Name)
			if strings.HasPrefix(record.Comment, "managed-by=cfproxy") && !seen["route "+record.Name+"/*"] {
				t.Errorf("the record of %s stands without its route:\n%s", record.Name, after)
			}
		}
	}
	if diff := cmp.Diff(foreign(t, before), foreign(t, after)); diff != "" {
		t.Errorf("what is not ours was touched:\n%s", diff)
	}
}

// foreign lists what is not ours.
func foreign(t *testing.T, text string) []string {
	t.Helper()
	var state killedState
	if err := json.Unmarshal([]byte(text), &state); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, script := range state.Accounts[0].Scripts {
		if !strings.HasPrefix(script.Name, "cfproxy-") {
			all = append(all, fmt.Sprint(script))
		}
	}
	for _, zone := range state.Accounts[0].Zones {
		for _, route := range zone.Routes {
			if !strings.HasPrefix(route.Script, "cfproxy-") {
				all = append(all, fmt.Sprint(route))
			}
		}
		for _, record := range zone.Records {
			if !strings.HasPrefix(record.Comment, "managed-by=cfproxy") {
				all = append(all, fmt.Sprint(record))
			}
		}
	}
	return all
}
