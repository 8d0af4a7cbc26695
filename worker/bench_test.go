package worker_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// slice is how many requests in a row go to one of the two workers.
const slice = 50

// BenchmarkRelay measures what a request costs workerd in CPU time, through our
// Worker and through the barest one that relays at all. The two take turns, so
// that whatever else the machine does falls on both alike. The measure to look
// at is the ratio; give it time: -benchtime 20s.
func BenchmarkRelay(b *testing.B) {
	h := running(b)
	c := client(b)
	cpu := func() float64 { return cpuTime(b, h.server.Pid()) }
	path := h.handle(b, answerAsOpenAI)
	turn := func(worker string) float64 {
		before := cpu()
		for range slice {
			sendAsSDK(b, c, "http://"+h.server.Addr(worker)+path)
		}
		return cpu() - before
	}
	turn("bare") // warms both up
	turn("relay")
	var relay, bare float64
	rounds := 0
	for b.Loop() {
		first, second := &relay, &bare
		names := []string{"relay", "bare"}
		if rounds%2 == 1 {
			first, second = second, first
			names[0], names[1] = names[1], names[0]
		}
		*first += turn(names[0])
		*second += turn(names[1])
		rounds++
	}
	b.ReportMetric(0, "ns/op") // a round means nothing by itself
	b.ReportMetric(relay/float64(rounds*slice)*1e6, "relay-µs/req")
	b.ReportMetric(bare/float64(rounds*slice)*1e6, "bare-µs/req")
	b.ReportMetric(relay/bare, "ratio")
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
func sendAsSDK(b *testing.B, c *http.Client, url string) {
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url,
		strings.NewReader(`{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello!"}]}`))
	if err != nil {
		b.Fatal(err)
	}
	for name, value := range map[string]string{
		"Authorization": "Bearer sk-0123456789abcdef0123456789abcdef", "Content-Type": "application/json",
		"Accept": "application/json", "Accept-Encoding": "gzip, br", "User-Agent": "OpenAI/JS 6.1.0",
		"X-Stainless-Lang": "js", "X-Stainless-Package-Version": "6.1.0", "X-Stainless-Os": "Linux",
		"X-Stainless-Arch": "x64", "X-Stainless-Runtime": "node", "X-Stainless-Runtime-Version": "v22.0.0",
		"X-Stainless-Retry-Count": "0", "X-Stainless-Timeout": "600",
		"Cf-Connecting-Ip": "203.0.113.7", "Cf-Ipcountry": "NL", "Cf-Ray": "8c1f2e3d4b5a6978-AMS",
		"Cf-Visitor": `{"scheme":"https"}`, "Cdn-Loop": "cloudflare; loops=1", "X-Forwarded-For": "203.0.113.7",
		"X-Forwarded-Proto": "https", "X-Real-Ip": "203.0.113.7",
	} {
		request.Header.Set(name, value)
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
