package worker_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/worker"
	"github.com/cfproxy/cfproxy/worker/workerd"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

// tutorial does what the script of the tutorials does: another host, a new
// request, and one header for browsers.
const tutorial = `export default { async fetch(request) {
  const url = new URL(request.url);
  const origin = request.headers.get("Access-Control-Allow-Origin") || "*";
  url.protocol = "https:";
  url.host = "api.openai.com";
  const answer = await fetch(new Request(url.toString(), {
    method: request.method, headers: request.headers, body: request.body, redirect: "follow",
  }));
  const changed = new Response(answer.body, answer);
  changed.headers.set("Access-Control-Allow-Origin", origin);
  return changed;
} }`

// runner is one way through a Worker: extra are the headers, in pairs, that the
// caller sends beside those of every request.
type runner struct {
	name, worker string
	extra        []string
}

var (
	ofSDK   = []string{"X-Stainless-Lang", "js", "Authorization", "Bearer sk-0123456789abcdef0123456789abcdef"}
	runners = []runner{
		{"bare", "bare", ofSDK},
		{"tutorial", "tutorial", ofSDK},
		{"relay", "relay", ofSDK},
		{"other-program", "relay", ofSDK[2:]}, // whose answers are changed, since it may be a browser
		{"managed", "managed", []string{"X-Stainless-Lang", "js", "Authorization", "Bearer cfp_alice"}},
	}
)

const (
	slice = 50 // requests in a row that go one way
	warm  = 6  // slices that are not counted, so that the runtime has compiled what it will
	turns = 40 // slices that are, of every runner by turns
)

// BenchmarkRelay measures what a request costs workerd in CPU time, through our
// Worker and through the barest one that relays at all. They take turns, so that
// whatever else the machine does falls on all alike, and every round has a
// workerd of its own, since no two are equally fast. The measures to look at are
// the ratios; give them time: -benchtime 10x.
func BenchmarkRelay(b *testing.B) {
	c := client(b)
	upstream := httptest.NewServer(http.HandlerFunc(answerAsOpenAI))
	defer upstream.Close()
	spent := map[string]float64{}
	rounds := 0
	for b.Loop() {
		measure(b, c, upstream.Listener.Addr().String(), spent)
		rounds++
	}
	b.ReportMetric(0, "ns/op") // a round means nothing by itself
	b.ReportMetric(spent["bare"]/float64(rounds*turns*slice)*1e6, "bare-µs/req")
	for _, r := range runners[1:] {
		b.ReportMetric(spent[r.name]/spent["bare"], r.name+"/bare")
	}
}

// measure adds to spent, by runner, the CPU time of one workerd.
func measure(b *testing.B, c *http.Client, upstream string, spent map[string]float64) {
	server, err := workerd.Start(b.Context(), workerdtest.Binary(b), workerd.Config{Workers: benchmarked(), Outbound: upstream})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	for turn := range warm + turns {
		for i := range runners {
			r := runners[(i+turn)%len(runners)]
			before := cpuTime(b, server.Pid())
			for range slice {
				sendAsSDK(b, c, "http://"+server.Addr(r.worker)+"/v1/chat/completions", r.extra)
			}
			if turn >= warm {
				spent[r.name] += cpuTime(b, server.Pid()) - before
			}
		}
	}
}

// BenchmarkStart measures the CPU time from nothing to the first answer, of
// workerd with the Worker for 500 tokens and with the barest one, by turns. The
// difference is what the Worker's own start takes.
func BenchmarkStart(b *testing.B) {
	c := client(b)
	upstream := httptest.NewServer(http.HandlerFunc(answerAsOpenAI))
	defer upstream.Close()
	start := func(w workerd.Worker, extra []string) float64 {
		server, err := workerd.Start(b.Context(), workerdtest.Binary(b), workerd.Config{Workers: []workerd.Worker{w}, Outbound: upstream.Listener.Addr().String()})
		if err != nil {
			b.Fatal(err)
		}
		defer server.Close()
		sendAsSDK(b, c, "http://"+server.Addr(w.Name)+"/v1/chat/completions", extra)
		return cpuTime(b, server.Pid())
	}
	workers := benchmarked()
	barest, managed := workers[0], workers[len(workers)-1]
	sum, rounds := 0.0, 0
	for b.Loop() {
		sum += start(managed, runners[len(runners)-1].extra) - start(barest, ofSDK)
		rounds++
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(sum/float64(rounds)*1e3, "ms-over-bare")
	b.ReportMetric(float64(packedSize(b))/1024, "KB-gzip")
}

func benchmarked() []workerd.Worker {
	script := func(name, source string) workerd.Worker {
		return workerd.Worker{Name: name, Main: "index.js", CompatibilityDate: worker.Load().CompatibilityDate,
			Modules: []workerd.Module{{Name: "index.js", Type: workerd.TypeESModule, Body: []byte(source)}}}
	}
	keyed := append(bindings(providers, worker.Settings{Managed: true, Page: true}),
		workerd.Binding{Name: worker.KeyBinding("openai"), Type: workerd.BindingSecret, Text: "sk-0123456789abcdef0123456789abcdef"})
	var team []worker.Token
	for i := range 500 {
		team = append(team, worker.Token{Name: strconv.Itoa(i), SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(strconv.Itoa(i))))})
	}
	team = append(team, worker.Token{Name: "alice", SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte("cfp_alice")))})
	return []workerd.Worker{script("bare", bare), script("tutorial", tutorial), relay("relay", good()), relay("managed", keyed, team...)}
}

// cpuTime is the CPU time, in seconds, that all threads of a process have used.
// https://docs.kernel.org/scheduler/sched-stats.html
func cpuTime(b *testing.B, pid int) float64 {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if len(threads) == 0 {
		b.Skip("CPU time per process can be read on Linux only")
	}
	total := 0.0
	for _, file := range threads {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // a thread that has ended
		}
		ns, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseFloat(ns, 64)
		if err != nil {
			b.Fatal(err)
		}
		total += n / 1e9
	}
	return total
}

func answerAsOpenAI(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	for _, name := range []string{"X-Request-Id", "Openai-Organization", "Openai-Processing-Ms", "Openai-Version",
		"X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests",
		"Cf-Cache-Status", "Cf-Ray", "Server", "Alt-Svc", "Strict-Transport-Security", "X-Content-Type-Options"} {
		w.Header().Set(name, "some-value-of-usual-length")
	}
	w.Header().Set("Set-Cookie", "__cf_bm=0123456789; Path=/; HttpOnly")
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello."}}]}`)
}

// sendAsSDK sends what OpenAI's Node SDK sends, with the headers that
// Cloudflare's edge adds.
func sendAsSDK(b *testing.B, c *http.Client, url string, extra []string) {
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url,
		strings.NewReader(`{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello!"}]}`))
	if err != nil {
		b.Fatal(err)
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json",
		"Accept":       "application/json", "Accept-Encoding": "gzip, br", "User-Agent": "OpenAI/JS 6.1.0",
		"X-Stainless-Package-Version": "6.1.0", "X-Stainless-Os": "Linux",
		"X-Stainless-Arch": "x64", "X-Stainless-Runtime": "node", "X-Stainless-Runtime-Version": "v22.0.0",
		"X-Stainless-Retry-Count": "0", "X-Stainless-Timeout": "600",
		"Cf-Connecting-Ip": "203.0.113.7", "Cf-Ipcountry": "NL", "Cf-Ray": "8c1f2e3d4b5a6978-AMS",
		"Cf-Visitor": `{"scheme":"https"}`, "Cdn-Loop": "cloudflare; loops=1", "X-Forwarded-For": "203.0.113.7",
		"X-Forwarded-Proto": "https", "X-Real-Ip": "203.0.113.7",
	} {
		request.Header.Set(name, value)
	}
	for i := 0; i+1 < len(extra); i += 2 {
		request.Header.Set(extra[i], extra[i+1])
	}
	response, err := c.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		b.Fatalf("status %d, %v", response.StatusCode, err)
	}
}
