//go:build !windows

package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/provision/sandbox"
)

// trip is how much later every answer of the API comes: a user far from Cloudflare.
const trip = 100 * time.Millisecond

// BenchmarkRoundTrips counts how many calls a deploy makes one after another: the time that it takes when every call is
// 100 ms late, less the time when none is, in units of 100 ms. That leaves out what a program does by itself, such as
// starting or bundling. The shortest of the runs counts, since a busy machine only adds. wrangler is given the account and the
// zone, so that it need not ask; it makes no DNS record.
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
			var near, far []time.Duration
			for b.Loop() {
				near = append(near, timeDeploy(b, 0, before, deploy))
				far = append(far, timeDeploy(b, trip, before, deploy))
			}
			b.ReportMetric(float64(slices.Min(far)-slices.Min(near))/float64(trip), "roundtrips")
			b.ReportMetric(slices.Min(far).Seconds(), "s/deploy")
		})
	}
}

// timeDeploy times one deploy to an account of its own, after some that are not timed.
func timeDeploy(b *testing.B, delay time.Duration, before int, deploy func(*farCloud) *exec.Cmd) time.Duration {
	b.Helper()
	c := newFarCloud(b)
	defer c.server.Close()
	for range before {
		c.run(b, deploy(c))
	}
	c.delay.Store(int64(delay))
	start := time.Now()
	c.run(b, deploy(c))
	return time.Since(start)
}

// farCloud is an emulated account whose answers come late, and a folder to deploy from.
type farCloud struct {
	server *httptest.Server
	url    string
	delay  atomic.Int64
	dir    string
	env    []string
}

func newFarCloud(b *testing.B) *farCloud {
	b.Helper()
	store, err := sandbox.Parse([]byte(sharedAccount))
	if err != nil {
		b.Fatal(err)
	}
	c, api := &farCloud{dir: b.TempDir()}, sandbox.Handler(store)
	c.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Duration(c.delay.Load()))
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
