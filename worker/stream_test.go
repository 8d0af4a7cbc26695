package worker_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

func TestEventsAreNotBuffered(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	seen := make(chan string)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, event := range []string{"data: 1\n\n", "data: 2\n\n", "data: [DONE]\n\n"} {
			_, _ = io.WriteString(w, event)
			_ = http.NewResponseController(w).Flush()
			if got := receive(t, seen, "the client to see "+event); got != event {
				t.Errorf("sent %q, the client saw %q", event, got)
			}
		}
	})
	response, err := client(t).Do(newRequest(t, "POST", h.relayURL(path), nil))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type is %q", got)
	}
	for _, size := range []int{9, 9, 14} {
		event := make([]byte, size)
		if _, err := io.ReadFull(response.Body, event); err != nil {
			t.Fatal(err)
		}
		send(t, seen, string(event))
	}
	if rest, err := io.ReadAll(response.Body); err != nil || len(rest) != 0 {
		t.Errorf("after the last event: %q, %v", rest, err)
	}
}

func TestResponseHeadersArriveBeforeTheBody(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	seen := make(chan bool)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		receive(t, seen, "the client to see the head")
	})
	response, err := client(t).Do(newRequest(t, "GET", h.relayURL(path), nil))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	close(seen)
}

func TestUploadIsStreamed(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	arrived := make(chan string)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		part := make([]byte, 5)
		for {
			n, err := io.ReadFull(r.Body, part)
			if err != nil {
				_, _ = io.WriteString(w, "complete")
				return
			}
			send(t, arrived, string(part[:n]))
		}
	})
	request, body := streamingRequest(t, h.relayURL(path))
	go func() {
		for _, part := range []string{"first", "secnd", "third"} {
			_, _ = io.WriteString(body, part)
			if got := receive(t, arrived, part); got != part {
				t.Errorf("sent %q, %q arrived", part, got)
			}
		}
		body.Close()
	}()
	if _, got := do(t, request); got != "complete" {
		t.Errorf("got %q", got)
	}
}

func TestFullDuplex(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		part := make([]byte, 4)
		for {
			if _, err := io.ReadFull(r.Body, part); err != nil {
				return
			}
			_, _ = w.Write(part)
			_ = http.NewResponseController(w).Flush()
		}
	})
	request, body := streamingRequest(t, h.relayURL(path))
	go func() { _, _ = io.WriteString(body, "ping") }() // read once the request has started
	response, err := client(t).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	defer body.Close()
	echo := make([]byte, 4)
	if _, err := io.ReadFull(response.Body, echo); err != nil || string(echo) != "ping" {
		t.Fatalf("the first echo is %q, %v", echo, err)
	}
	_, _ = io.WriteString(body, "pong")
	if _, err := io.ReadFull(response.Body, echo); err != nil || string(echo) != "pong" {
		t.Fatalf("the second echo is %q, %v", echo, err)
	}
}

// On Cloudflare the edge tells the runtime that a caller has disconnected. On a plain socket a reset does, even while
// nothing is being sent.
func TestDisconnectCancelsTheUpstream(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	for _, started := range []bool{false, true} {
		arrived, cancelled := make(chan bool, 1), make(chan bool, 1)
		path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
			if started {
				_, _ = io.WriteString(w, "data: 1\n\n")
				_ = http.NewResponseController(w).Flush()
			}
			arrived <- true
			receive(t, r.Context().Done(), "the end of the request")
			cancelled <- true
		})
		request := newRequest(t, "POST", h.relayURL(path), nil)
		ctx, cancel := context.WithCancel(request.Context())
		go func() {
			response, err := client(t).Do(request.WithContext(ctx))
			if err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		}()
		receive(t, arrived, "the upstream request")
		cancel()
		receive(t, cancelled, "the upstream request to be cancelled")
	}
}

func TestClosedConnectionCancelsTheUpstreamAtItsNextWrite(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	cancelled := make(chan bool, 1)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		ticks := time.NewTicker(10 * time.Millisecond)
		defer ticks.Stop()
		for {
			_, _ = io.WriteString(w, "data: 1\n\n")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
				cancelled <- true
				return
			case <-t.Context().Done():
				return
			case <-ticks.C:
			}
		}
	})
	conn, err := net.Dial("tcp", h.server.Addr("relay"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(testTimeout))
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: relay.example\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	receive(t, cancelled, "the upstream request to be cancelled")
}
