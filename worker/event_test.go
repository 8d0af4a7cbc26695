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

// events are examples of what providers send: data, comments that keep the connection open, a named event, an event
// of several lines, and the end marker.
var events = []string{
	": OPENROUTER PROCESSING\n\n", "data: {\"choices\":[]}\n\n", ":\n\n", "event: ping\ndata: {\"type\": \"ping\"}\n\n",
	"id: 7\r\nretry: 1\r\ndata: a\r\ndata: 你好\r\n\r\n", ": keep-alive\n", "\n", "data: [DONE]\n\n",
}

// Each event is sent only after the client has read the previous one to the last byte, so any buffering blocks.
func TestEventsArriveOneByOne(t *testing.T) {
	t.Parallel()
	for _, coding := range []string{"", "gzip"} {
		t.Run("coding "+coding, func(t *testing.T) {
			t.Parallel()
			h := sharedHarness(t)
			seen := make(chan string)
			path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				write := eventWriter(w, coding)
				for _, event := range events {
					write(event)
					if got := receive(t, seen, "the client to see "+event); got != event {
						t.Errorf("sent %q, the client saw %q", event, got)
						return
					}
				}
			})
			response, err := client(t).Do(newRequest(t, "POST", h.relayURL(path), nil, "Accept-Encoding", "gzip"))
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
				send(t, seen, string(got))
			}
		})
	}
}

// eventWriter returns a function that sends one event and flushes it.
func eventWriter(w http.ResponseWriter, coding string) func(event string) {
	flush := http.NewResponseController(w).Flush
	if coding == "" {
		return func(event string) {
			_, _ = io.WriteString(w, event)
			_ = flush()
		}
	}
	w.Header().Set("Content-Encoding", coding)
	compressed := gzip.NewWriter(w)
	return func(event string) {
		_, _ = io.WriteString(compressed, event)
		_ = compressed.Flush()
		_ = flush()
	}
}

// BenchmarkEvent measures the time of an event from the upstream to the caller: directly, through the minimal Worker,
// and through the embedded one. The three take turns event by event. The results are medians.
func BenchmarkEvent(b *testing.B) {
	h := sharedHarness(b)
	names := []string{"direct", "minimal", "relay"}
	times := map[string][]float64{}
	next := map[string]func() time.Duration{}
	for _, name := range names {
		url := h.upstream.URL
		if name != "direct" {
			url = h.workerURL(name, "")
		}
		next[name] = h.openEvents(b, url)
		for range 100 { // warm-up
			next[name]()
		}
	}
	for b.Loop() {
		for _, name := range names {
			times[name] = append(times[name], float64(next[name]().Nanoseconds())/1e3)
		}
	}
	b.ReportMetric(0, "ns/op") // the time of a round is meaningless
	median := func(name string) float64 {
		slices.Sort(times[name])
		return times[name][len(times[name])/2]
	}
	for _, name := range names {
		b.ReportMetric(median(name), name+"-µs/event")
	}
	b.ReportMetric(median("relay")-median("direct"), "added-µs/event")
	b.ReportMetric(median("relay")-median("minimal"), "over-minimal-µs/event")
}

// openEvents opens an event stream. It returns a function that has one event sent, and returns the time until it
// arrived.
func (h *harness) openEvents(b *testing.B, url string) func() time.Duration {
	const event = "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\n"
	trigger, sent := make(chan bool), make(chan time.Time)
	path := h.handle(b, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_ = http.NewResponseController(w).Flush()
		for range trigger {
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
		close(trigger)
		response.Body.Close()
	})
	got := make([]byte, len(event))
	return func() time.Duration {
		trigger <- true
		if _, err := io.ReadFull(response.Body, got); err != nil {
			b.Fatal(err)
		}
		arrived := time.Now()
		return arrived.Sub(<-sent)
	}
}
