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
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/sandbox"
)

// killAccount has unmanaged resources beside every host that is deployed. Its clock is stopped, so that IDs are the
// same in every run.
const killAccount = `{"clock": "2026-11-20T12:00:00Z", "accounts": [{"name": "Acme",
 "scripts": [{"name": "other", "modules": [{"name": "a.js", "text": "export default { fetch() {} }"}]}],
 "zones": [
  {"name": "example.com", "records": [
    {"type": "TXT", "name": "a.example.com", "content": "v=spf1 -all"},
    {"type": "A", "name": "www.example.com", "content": "192.0.2.7", "proxied": true, "comment": "the shop"}],
   "routes": [{"pattern": "www.example.com/*", "script": "other"}]},
  {"name": "example.org", "records": [{"type": "MX", "name": "a.example.org", "content": "mx.example.net", "priority": 1}]}]}]}`

// A run is killed at each of its API calls, before or after the call takes effect. It must leave no record without its
// route and no duplicates, and the next run of the same command must reach the state of a run that was not killed.
func TestKilledAtEveryCall(t *testing.T) {
	t.Parallel()
	one := []string{"--domain", "a.example.com"}
	three := []string{"--domain", "a.example.com", "--domain", "b.example.com", "--domain", "a.example.org"}
	for name, x := range map[string]struct {
		first []string  // run before the one that is killed
		edit  [2]string // replacement in the account between the two runs
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
			account := newKillServer(t, killAccount).bytes(t) // with IDs and defaults, so that all runs begin with the same
			if x.first != nil {
				account = runToEnd(t, account, x.first).bytes(t)
				edited := strings.ReplaceAll(account, x.edit[0], x.edit[1])
				if x.edit[0] != "" && edited == account {
					t.Fatalf("nothing to edit in:\n%s", account)
				}
				account = edited
			}
			clean := runToEnd(t, account, x.run)
			want := normalizedState(clean.bytes(t))
			for at := range clean.calls.Load() {
				for _, after := range []bool{false, true} {
					if testing.Short() && (at%3 != 0 || after) {
						continue // with -short, a sample of the calls
					}
					t.Run(fmt.Sprintf("call %d, done %v", at+1, after), func(t *testing.T) {
						t.Parallel()
						killAtCall(t, account, want, x.run, at+1, after)
					})
				}
			}
		})
	}
}

// killAtCall kills a run at its call number at. The number of calls is not constant: a call without an answer within
// Engine.CallTimeout is repeated, which happens under load. So a run may succeed with fewer than at calls; but if it
// reaches call at, it must have been killed.
func killAtCall(t *testing.T, account, want string, args []string, at int64, after bool) {
	k := newKillServer(t, account)
	k.at, k.after = at, after
	err := k.run(t, args)
	switch {
	case err == nil && k.calls.Load() < at && at > 1:
		if diff := cmp.Diff(want, normalizedState(k.bytes(t))); diff != "" {
			t.Errorf("a run of %d calls ends in another state (-want +got):\n%s", k.calls.Load(), diff)
		}
		return
	case err == nil || !k.killed.Load():
		t.Fatalf("the run was not killed: %v\n%s", err, k.output)
	}
	checkInvariants(t, account, k.bytes(t))
	k.at = 0
	if err := k.run(t, args); err != nil {
		t.Errorf("the next run: %v\n%s", err, k.output)
	}
	if diff := cmp.Diff(want, normalizedState(k.bytes(t))); diff != "" {
		t.Errorf("the next run ends in another state (-want +got):\n%s", diff)
	}
}

// runToEnd runs the program without killing it and returns the server that it used.
func runToEnd(t *testing.T, account string, args []string) *killServer {
	t.Helper()
	k := newKillServer(t, account)
	if err := k.run(t, args); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, k.output)
	}
	return k
}

// killServer serves an emulated account and kills or interrupts the program at one of its API calls.
type killServer struct {
	store   *sandbox.Store
	next    http.Handler
	baseURL string
	output  string // stdout and stderr of the last run

	at        int64 // the call at which the program is killed, from 1; 0 for none
	after     bool  // kill after the call took effect
	interrupt bool  // send an interrupt instead, and answer the call
	calls     atomic.Int64
	killed    atomic.Bool
	working   sync.WaitGroup   // calls in progress
	program   chan *os.Process // the running program
}

func newKillServer(t *testing.T, account string) *killServer {
	t.Helper()
	store, err := sandbox.Parse([]byte(account))
	if err != nil {
		t.Fatal(err)
	}
	k := &killServer{store: store, next: sandbox.Handler(store)}
	server := httptest.NewServer(k)
	t.Cleanup(server.Close)
	k.baseURL = server.URL + "/client/v4"
	return k
}

// ServeHTTP implements http.Handler.
func (k *killServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer k.working.Done()
	k.working.Add(1)
	isLast := k.calls.Add(1) == k.at
	switch {
	case isLast && k.interrupt:
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

// run runs the program and waits until it and its API calls have ended.
func (k *killServer) run(t *testing.T, args []string) error {
	t.Helper()
	program, err := exec.LookPath("cfproxy")
	if err != nil {
		t.Fatal(err)
	}
	args = append(slices.Clip(args), "--yes")
	if args[0] == "deploy" {
		args = append(args, "--no-verify")
	}
	var output strings.Builder
	command := exec.CommandContext(t.Context(), program, args...)
	command.Dir = t.TempDir()
	command.Env = []string{"HOME=" + command.Dir, "CLOUDFLARE_BASE_URL=" + k.baseURL, "CLOUDFLARE_API_TOKEN=" + k.store.Token()}
	command.Stdout, command.Stderr = &output, &output
	k.program = make(chan *os.Process, 1)
	k.calls.Store(0)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	k.program <- command.Process
	err = command.Wait()
	k.working.Wait()
	k.output = output.String()
	return err
}

func (k *killServer) bytes(t *testing.T) string {
	t.Helper()
	text, err := k.store.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var volatile = regexp.MustCompile(`(?m)^\s*"(id|tag|version|number|created_on|modified_on|comment_modified_on)": .*\n`)

// normalizedState removes what differs between one upload and two.
func normalizedState(text string) string { return volatile.ReplaceAllString(text, "") }

// accountState is the part of the sandbox's state that is checked.
type accountState struct {
	Accounts []struct {
		Scripts []struct{ Name string }
		Zones   []struct {
			Name    string
			Records []struct{ Type, Name, Content, Comment string }
			Routes  []struct{ Pattern, Script string }
		}
	}
}

// checkInvariants reports what must never happen: an owned record without its route, duplicates, and changes to
// unmanaged resources.
func checkInvariants(t *testing.T, before, after string) {
	t.Helper()
	var state accountState
	if err := json.Unmarshal([]byte(after), &state); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	checkUnique := func(resource string) {
		if seen[resource] {
			t.Errorf("duplicate %s", resource)
		}
		seen[resource] = true
	}
	for _, script := range state.Accounts[0].Scripts {
		checkUnique("Worker " + script.Name)
	}
	for _, zone := range state.Accounts[0].Zones {
		for _, route := range zone.Routes {
			checkUnique("route " + route.Pattern)
		}
		for _, record := range zone.Records {
			checkUnique("record " + record.Type + " " + record.Name)
			if strings.HasPrefix(record.Comment, "managed-by=cfproxy") && !seen["route "+record.Name+"/*"] {
				t.Errorf("the record of %s exists without its route:\n%s", record.Name, after)
			}
		}
	}
	if diff := cmp.Diff(unmanaged(t, before), unmanaged(t, after)); diff != "" {
		t.Errorf("unmanaged resources have changed (-before +after):\n%s", diff)
	}
}

// unmanaged returns the resources that cfproxy does not own.
func unmanaged(t *testing.T, text string) []string {
	t.Helper()
	var state accountState
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
