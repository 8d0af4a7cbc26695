//go:build !windows

package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/provision/sandbox"
)

// latency delays every response of the API, as for a user who is far from Cloudflare.
const latency = 100 * time.Millisecond

// BenchmarkRoundTrips measures how many API calls of a deploy depend on each other, in two ways. "roundtrips" is the
// difference between the shortest runs with and without latency, in units of latency. It excludes what a program does
// by itself, such as starting or bundling, and needs an idle machine. "waits" is the time with at least one call in
// flight, in the same units. It excludes the same and is stable on a busy machine. wrangler gets the account and the
// zone by configuration, which saves it calls, and creates no DNS record.
func BenchmarkRoundTrips(b *testing.B) {
	program := build(b, os.Environ(), ".")
	cfproxy := func(a *slowAPI) *exec.Cmd {
		command := exec.CommandContext(b.Context(), program, "deploy", "--domain", "relay.example.com", "--no-verify", "--yes")
		command.Dir, command.Env = a.dir, append(a.env, "CLOUDFLARE_BASE_URL="+a.url)
		return command
	}
	b.Run("cfproxy", func(b *testing.B) { measureRoundTrips(b, cfproxy) })
	b.Run("wrangler", func(b *testing.B) {
		if os.Getenv(envWrangler) != "1" {
			b.Skip("NOT MEASURED: run `npm ci` in provision/sandbox/wrangler and set " + envWrangler + "=1")
		}
		script := findWrangler(b)
		measureRoundTrips(b, func(a *slowAPI) *exec.Cmd {
			return wranglerCommand(b.Context(), script, a.dir, a.url, a.env, "deploy")
		})
	})
}

func measureRoundTrips(b *testing.B, deploy func(*slowAPI) *exec.Cmd) {
	for before, name := range []string{"fresh", "unchanged"} {
		b.Run(name, func(b *testing.B) {
			var near, far, waits []time.Duration
			for b.Loop() {
				quick, _ := timeDeploy(b, 0, before, deploy)
				slow, waited := timeDeploy(b, latency, before, deploy)
				near, far, waits = append(near, quick), append(far, slow), append(waits, waited)
			}
			b.ReportMetric(float64(slices.Min(far)-slices.Min(near))/float64(latency), "roundtrips")
			b.ReportMetric(float64(slices.Min(waits))/float64(latency), "waits")
			b.ReportMetric(slices.Min(far).Seconds(), "s/deploy")
		})
	}
}

// timeDeploy deploys to a new account, first as often as before says without timing it. It returns the total time of
// the last deploy and its time with a call in flight.
func timeDeploy(b *testing.B, delay time.Duration, before int, deploy func(*slowAPI) *exec.Cmd) (whole, waited time.Duration) {
	b.Helper()
	a := newSlowAPI(b)
	defer a.server.Close()
	for range before {
		a.run(b, deploy(a))
	}
	a.restart(delay)
	start := time.Now()
	a.run(b, deploy(a))
	whole = time.Since(start)
	return whole, a.restart(0)
}

// slowAPI is the API of an emulated account with delayed responses, and a directory to deploy from.
type slowAPI struct {
	server *httptest.Server
	url    string
	dir    string
	env    []string

	calls    sync.WaitGroup
	mu       sync.Mutex
	delay    time.Duration
	inFlight int
	since    time.Time
	waited   time.Duration
}

// startCall and endCall measure the time with at least one call in flight. startCall returns the delay of the response.
func (a *slowAPI) startCall() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.inFlight++; a.inFlight == 1 {
		a.since = time.Now()
	}
	return a.delay
}

func (a *slowAPI) endCall() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.inFlight--; a.inFlight == 0 {
		a.waited += time.Since(a.since)
	}
}

// restart returns the time measured so far and resets it, with a new delay.
func (a *slowAPI) restart(delay time.Duration) time.Duration {
	a.calls.Wait() // the program may end before endCall of its last call
	a.mu.Lock()
	defer a.mu.Unlock()
	waited := a.waited
	a.delay, a.waited = delay, 0
	return waited
}

func newSlowAPI(b *testing.B) *slowAPI {
	b.Helper()
	store, err := sandbox.Parse([]byte(sharedAccount))
	if err != nil {
		b.Fatal(err)
	}
	a, handler := &slowAPI{dir: b.TempDir()}, sandbox.Handler(store)
	a.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.calls.Add(1)
		defer a.calls.Done()
		time.Sleep(a.startCall())
		defer a.endCall()
		handler.ServeHTTP(w, r)
	}))
	a.url = a.server.URL + "/client/v4"
	a.env = []string{"HOME=" + a.dir, "TMPDIR=" + a.dir, "PATH=" + os.Getenv("PATH"), "LANG=en_US.UTF-8",
		"CLOUDFLARE_API_TOKEN=" + store.Token(), "CLOUDFLARE_ACCOUNT_ID=" + sharedAccountID}
	for name, text := range map[string]string{
		"wrangler.json": `{"name": "relay", "main": "index.js", "compatibility_date": "2026-04-07", "workers_dev": false,
			"routes": [{"pattern": "relay.example.com/*", "zone_name": "example.com"}]}`,
		"index.js": workerReturning("hello"),
	} {
		if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return a
}

func (a *slowAPI) run(b *testing.B, command *exec.Cmd) {
	b.Helper()
	if out, err := command.CombinedOutput(); err != nil {
		b.Fatalf("%v: %v\n%s", command.Args, err, out)
	}
}
