package worker_test

import (
	"bufio"
	"compress/gzip"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"
)

// events are what providers send: data, comments that keep the line open, a
// named event, one in several lines, and the end.
var events = []string{
	": OPENROUTER PROCESSING\n\n", "data: {\"choices\":[]}\n\n", ":\n\n", "event: ping\ndata: {\"type\": \"ping\"}\n\n",
	"id: 7\r\nretry: 1\r\ndata: a\r\ndata: 你好\r\n\r\n", ": keep-alive\n", "\n", "data: [DONE]\n\n",
}

// Each event is sent only when the caller has seen the one before, to the last
// byte; whoever waited for more would wait for ever.
func TestEventsAndCommentsPassOneByOne(t *testing.T) {
	t.Parallel()
	for _, coding := range []string{"", "gzip"} {
		t.Run("coding "+coding, func(t *testing.T) {
			t.Parallel()
			h := running(t)
			seen := make(chan string)
			path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				write := eventWriter(w, coding)
				for _, event := range events {
					write(event)
					if got := wait(t, seen, "the client to see "+event); got != event {
						t.Errorf("sent %q, the client saw %q", event, got)
						return
					}
				}
			})
			response, err := client(t).Do(newRequest(t, "POST", h.url(path), nil, "Accept-Encoding", "gzip"))
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if got := response.Header.Get("Content-Encoding"); got != coding {
				t.Errorf("content encoding is %q", got)
			}
			var body io.Reader = response.Body
			if coding == "gzip" {
				if body, err = gzip.NewReader(bufio.NewReader(body)); err != nil {
					t.Fatal(err)
				}
			}
			for _, event := range events {
				got := make([]byte, len(event))
				if _, err := io.ReadFull(body, got); err != nil {
					t.Fatal(err)
				}
				tell(t, seen, string(got))
			}
		})
	}
}

// eventWriter sends one event at a time, so that it can be read as it arrives.
func eventWriter(w http.ResponseWriter, coding string) func(event string) {
	flush := http.NewResponseController(w).Flush
	if coding == "" {
		return func(event string) {
			_, _ = io.WriteString(w, event)
			_ = flush()
		}
	}
	w.Header().Set("Content-Encoding", coding)
	packed := gzip.NewWriter(w)
	return func(event string) {
		_, _ = io.WriteString(packed, event)
		_ = packed.Flush()
		_ = flush()
	}
}

// BenchmarkEvent measures how long an event is under way from the upstream to
// the caller: straight, through the barest Worker that relays at all, and
// through ours. The three take turns, event by event; the figures are medians.
func BenchmarkEvent(b *testing.B) {
	h := running(b)
	names := []string{"straight", "bare", "relay"}
	took := map[string][]float64{}
	next := map[string]func() time.Duration{}
	for _, name := range names {
		url := h.upstream.URL
		if name != "straight" {
			url = h.at(name, "")
		}
		next[name] = h.openEvents(b, url)
		for range 100 { // warms up
			next[name]()
		}
	}
	for b.Loop() {
		for _, name := range names {
			took[name] = append(took[name], float64(next[name]().Nanoseconds())/1e3)
		}
	}
	b.ReportMetric(0, "ns/op") // a round means nothing by itself
	median := func(name string) float64 {
		slices.Sort(took[name])
		return took[name][len(took[name])/2]
	}
	for _, name := range names {
		b.ReportMetric(median(name), name+"-µs/event")
	}
	b.ReportMetric(median("relay")-median("straight"), "added-µs/event")
	b.ReportMetric(median("relay")-median("bare"), "over-bare-µs/event")
}

// openEvents opens a stream of events. What it returns has one sent, and tells
// how long it took to arrive.
func (h *harness) openEvents(b *testing.B, url string) func() time.Duration {
	const event = "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\n"
	due, sent := make(chan bool), make(chan time.Time)
	path := h.handle(b, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_ = http.NewResponseController(w).Flush()
		for range due {
			at := time.Now()
			_, _ = io.WriteString(w, event)
			_ = http.NewResponseController(w).Flush()
			sent <- at
		}
	})
	response, err := client(b).Do(newRequest(b, "GET", url+path, nil).WithContext(b.Context()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		close(due)
		response.Body.Close()
	})
	got := make([]byte, len(event))
	return func() time.Duration {
		due <- true
		if _, err := io.ReadFull(response.Body, got); err != nil {
			b.Fatal(err)
		}
		arrived := time.Now()
		return arrived.Sub(<-sent)
	}
}
