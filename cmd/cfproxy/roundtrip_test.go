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

// trip is how much later every answer of the API comes: a user far from Cloudflare.
const trip = 100 * time.Millisecond

// BenchmarkRoundTrips counts how many calls a deploy makes one after another, in two ways. "roundtrips" is the time that it
// takes when every call is 100 ms late, less the time when none is, in units of 100 ms, of the shortest runs: it leaves out
// what a program does by itself, such as starting or bundling, and wants a quiet machine. "waits" is how long at least one
// call was under way, in the same units; it leaves out the same and is steady on a busy one. wrangler is given the account
// and the zone, so that it need not ask; it makes no DNS record.
func BenchmarkRoundTrips(b *testing.B) {
	program := build(b, os.Environ(), ".")
	ours := func(c *farCloud) *exec.Cmd {
		command := exec.CommandContext(b.Context(), program, "deploy", "--domain", "relay.example.com", "--no-verify", "--yes")
		command.Dir, command.Env = c.dir, append(c.env, "CLOUDFLARE_BASE_URL="+c.url)
		return command
	}
	b.Run("cfproxy", func(b *testing.B) { countRoundTrips(b, ours) })
	b.Run("wrangler", func(b *testing.B) {
		if os.Getenv(envWrangler) != "1" {
			b.Skip("NOT MEASURED: run `npm ci` in provision/sandbox/wrangler and set " + envWrangler + "=1")
		}
		script := findWrangler(b)
		countRoundTrips(b, func(c *farCloud) *exec.Cmd {
			return wranglerCommand(b.Context(), script, c.dir, c.url, c.env, "deploy")
		})
	})
}

func countRoundTrips(b *testing.B, deploy func(*farCloud) *exec.Cmd) {
	for before, name := range []string{"fresh", "unchanged"} {
		b.Run(name, func(b *testing.B) {
			var near, far, waits []time.Duration
			for b.Loop() {
				quick, _ := timeDeploy(b, 0, before, deploy)
				slow, waited := timeDeploy(b, trip, before, deploy)
				near, far, waits = append(near, quick), append(far, slow), append(waits, waited)
			}
			b.ReportMetric(float64(slices.Min(far)-slices.Min(near))/float64(trip), "roundtrips")
			b.ReportMetric(float64(slices.Min(waits))/float64(trip), "waits")
			b.ReportMetric(slices.Min(far).Seconds(), "s/deploy")
		})
	}
}

// timeDeploy times one deploy to an account of its own, after some that are not timed: the whole of it, and the time with a
// call under way.
func timeDeploy(b *testing.B, delay time.Duration, before int, deploy func(*farCloud) *exec.Cmd) (whole, waited time.Duration) {
	b.Helper()
	c := newFarCloud(b)
	defer c.server.Close()
	for range before {
		c.run(b, deploy(c))
	}
	c.recount(delay)
	start := time.Now()
	c.run(b, deploy(c))
	whole = time.Since(start)
	return whole, c.recount(0)
}

// farCloud is an emulated account whose answers come late, and a folder to deploy from.
type farCloud struct {
	server *httptest.Server
	url    string
	dir    string
	env    []string

	calls    sync.WaitGroup
	mu       sync.Mutex
	delay    time.Duration
	underWay int
	since    time.Time
	waited   time.Duration
}

// begin and end keep the time during which calls are under way.
func (c *farCloud) begin() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.underWay++; c.underWay == 1 {
		c.since = time.Now()
	}
	return c.delay
}

func (c *farCloud) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.underWay--; c.underWay == 0 {
		c.waited += time.Since(c.since)
	}
}

// recount gives the time so far and begins anew, with another delay.
func (c *farCloud) recount(delay time.Duration) time.Duration {
	c.calls.Wait() // a program that has its last answer may be ahead of end
	c.mu.Lock()
	defer c.mu.Unlock()
	waited := c.waited
	c.delay, c.waited = delay, 0
	return waited
}

func newFarCloud(b *testing.B) *farCloud {
	b.Helper()
	store, err := sandbox.Parse([]byte(sharedAccount))
	if err != nil {
		b.Fatal(err)
	}
	c, api := &farCloud{dir: b.TempDir()}, sandbox.Handler(store)
	c.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.calls.Add(1)
		defer c.calls.Done()
		time.Sleep(c.begin())
		defer c.end()
		api.ServeHTTP(w, r)
	}))
	c.url = c.server.URL + "/client/v4"
	c.env = []string{"HOME=" + c.dir, "TMPDIR=" + c.dir, "PATH=" + os.Getenv("PATH"), "LANG=en_US.UTF-8",
		"CLOUDFLARE_API_TOKEN=" + store.Token(), "CLOUDFLARE_ACCOUNT_ID=" + sharedAccountID}
	for name, text := range map[string]string{
		"wrangler.json": `{"name": "relay", "main": "index.js", "compatibility_date": "2026-04-07", "workers_dev": false,
			"routes": [{"pattern": "relay.example.com/*", "zone_name": "example.com"}]}`,
		"index.js": answering("hello"),
	} {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return c
}

func (c *farCloud) run(b *testing.B, command *exec.Cmd) {
	b.Helper()
	if out, err := command.CombinedOutput(); err != nil {
		b.Fatalf("%v: %v\n%s", command.Args, err, out)
	}
}
