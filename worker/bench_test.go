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

// tutorialScript is the script of the usual tutorials: it changes the host, builds a new request and sets one CORS
// header.
const tutorialScript = `export default { async fetch(request) {
  const url = new URL(request.url);
  const origin = request.headers.get("Access-Control-Allow-Origin") || "*";
  url.protocol = "https:";
  url.host = "api.openai.com";
  const response = await fetch(new Request(url.toString(), {
    method: request.method, headers: request.headers, body: request.body, redirect: "follow",
  }));
  const changed = new Response(response.body, response);
  changed.headers.set("Access-Control-Allow-Origin", origin);
  return changed;
} }`

// benchCase is one kind of request to one Worker. extra are additional request headers, as name and value pairs.
type benchCase struct {
	name, worker string
	extra        []string
}

var (
	sdkHeaders = []string{"X-Stainless-Lang", "js", "Authorization", "Bearer sk-0123456789abcdef0123456789abcdef"}
	benchCases = []benchCase{
		{"minimal", "minimal", sdkHeaders},
		{"tutorial", "tutorial", sdkHeaders},
		{"relay", "relay", sdkHeaders},
		{"other-program", "relay", sdkHeaders[2:]}, // its responses are copied, because the client may be a browser
		{"managed", "managed", []string{"X-Stainless-Lang", "js", "Authorization", "Bearer cfp_alice"}},
	}
)

const (
	requestsPerTurn = 50
	warmupTurns     = 6  // not counted, so that the runtime has compiled the code
	turns           = 40 // counted, for each case in rotation
)

// BenchmarkRelay measures the CPU time of workerd per request, through the embedded Worker and through the minimal
// one. The cases take turns, so that other load on the machine affects all alike, and each round starts a new
// workerd, because no two processes are equally fast. Compare the ratios, over several rounds: -benchtime 10x.
func BenchmarkRelay(b *testing.B) {
	c := client(b)
	upstream := httptest.NewServer(http.HandlerFunc(serveOpenAIResponse))
	defer upstream.Close()
	spent := map[string]float64{}
	rounds := 0
	for b.Loop() {
		measure(b, c, upstream.Listener.Addr().String(), spent)
		rounds++
	}
	b.ReportMetric(0, "ns/op") // the time of a round is meaningless
	b.ReportMetric(spent["minimal"]/float64(rounds*turns*requestsPerTurn)*1e6, "minimal-µs/req")
	for _, r := range benchCases[1:] {
		b.ReportMetric(spent[r.name]/spent["minimal"], r.name+"/minimal")
	}
}

// measure starts a workerd and adds its CPU time, in seconds, to spent by case name.
func measure(b *testing.B, c *http.Client, upstream string, spent map[string]float64) {
	server, err := workerd.Start(b.Context(), workerdtest.Binary(b), workerd.Config{Workers: benchWorkers(), Outbound: upstream})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	for turn := range warmupTurns + turns {
		for i := range benchCases {
			r := benchCases[(i+turn)%len(benchCases)]
			before := cpuTime(b, server.Pid())
			for range requestsPerTurn {
				sendSDKRequest(b, c, "http://"+server.Addr(r.worker)+"/v1/chat/completions", r.extra)
			}
			if turn >= warmupTurns {
				spent[r.name] += cpuTime(b, server.Pid()) - before
			}
		}
	}
}

// BenchmarkStart measures the CPU time of workerd from its start to the first response: with the managed Worker for
// 500 tokens, and with the minimal one. The difference is the start-up cost of the Worker.
func BenchmarkStart(b *testing.B) {
	c := client(b)
	upstream := httptest.NewServer(http.HandlerFunc(serveOpenAIResponse))
	defer upstream.Close()
	start := func(w workerd.Worker, extra []string) float64 {
		server, err := workerd.Start(b.Context(), workerdtest.Binary(b), workerd.Config{Workers: []workerd.Worker{w}, Outbound: upstream.Listener.Addr().String()})
		if err != nil {
			b.Fatal(err)
		}
		defer server.Close()
		sendSDKRequest(b, c, "http://"+server.Addr(w.Name)+"/v1/chat/completions", extra)
		return cpuTime(b, server.Pid())
	}
	workers := benchWorkers()
	minimal, managed := workers[0], workers[len(workers)-1]
	sum, rounds := 0.0, 0
	for b.Loop() {
		sum += start(managed, benchCases[len(benchCases)-1].extra) - start(minimal, sdkHeaders)
		rounds++
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(sum/float64(rounds)*1e3, "ms-over-minimal")
	b.ReportMetric(float64(gzipSize(b))/1024, "KB-gzip")
}

func benchWorkers() []workerd.Worker {
	script := func(name, source string) workerd.Worker {
		return workerd.Worker{Name: name, Main: "index.js", CompatibilityDate: worker.Load().CompatibilityDate,
			Modules: []workerd.Module{{Name: "index.js", Type: workerd.TypeESModule, Body: []byte(source)}}}
	}
	managed := append(newBindings(providers, worker.Settings{Managed: true, Page: true}),
		workerd.Binding{Name: worker.KeyBinding("openai"), Type: workerd.BindingSecret, Text: "sk-0123456789abcdef0123456789abcdef"})
	var tokens []worker.Token
	for i := range 500 {
		tokens = append(tokens, worker.Token{Name: strconv.Itoa(i), SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(strconv.Itoa(i))))})
	}
	tokens = append(tokens, worker.Token{Name: "alice", SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte("cfp_alice")))})
	return []workerd.Worker{script("minimal", minimalScript), script("tutorial", tutorialScript), relay("relay", validBindings()), relay("managed", managed, tokens...)}
}

// cpuTime returns the CPU time, in seconds, of all threads of a process.
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
			continue // the thread has ended
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

func serveOpenAIResponse(w http.ResponseWriter, r *http.Request) {
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

// sendSDKRequest sends a request as OpenAI's Node SDK does, with the headers that Cloudflare's edge adds.
func sendSDKRequest(b *testing.B, c *http.Client, url string, extra []string) {
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
