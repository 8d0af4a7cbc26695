package worker_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

func TestAnEventLeavesBeforeTheNextOneIsThere(t *testing.T) {
	t.Parallel()
	h := running(t)
	seen := make(chan string)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, event := range []string{"data: 1\n\n", "data: 2\n\n", "data: [DONE]\n\n"} {
			_, _ = io.WriteString(w, event)
			_ = http.NewResponseController(w).Flush()
			if got := wait(t, seen, "the client to see "+event); got != event {
				t.Errorf("sent %q, the client saw %q", event, got)
			}
		}
	})
	response, err := client(t).Do(newRequest(t, "POST", h.url(path), nil))
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
		tell(t, seen, string(event))
	}
	if rest, err := io.ReadAll(response.Body); err != nil || len(rest) != 0 {
		t.Errorf("after the end: %q, %v", rest, err)
	}
}

func TestTheHeadLeavesBeforeTheBody(t *testing.T) {
	t.Parallel()
	h := running(t)
	seen := make(chan bool)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		wait(t, seen, "the client to see the head")
	})
	response, err := client(t).Do(newRequest(t, "GET", h.url(path), nil))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	close(seen)
}

func TestAnUploadArrivesBeforeItIsComplete(t *testing.T) {
	t.Parallel()
	h := running(t)
	arrived := make(chan string)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		part := make([]byte, 5)
		for {
			n, err := io.ReadFull(r.Body, part)
			if err != nil {
				_, _ = io.WriteString(w, "whole")
				return
			}
			tell(t, arrived, string(part[:n]))
		}
	})
	request, body := upload(t, h.url(path))
	go func() {
		for _, part := range []string{"first", "secnd", "third"} {
			_, _ = io.WriteString(body, part)
			if got := wait(t, arrived, part); got != part {
				t.Errorf("sent %q, %q arrived", part, got)
			}
		}
		body.Close()
	}()
	if _, got := ask(t, request); got != "whole" {
		t.Errorf("got %q", got)
	}
}

func TestAnAnswerMayBeginBeforeTheUploadEnds(t *testing.T) {
	t.Parallel()
	h := running(t)
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
	request, body := upload(t, h.url(path))
	go func() { _, _ = io.WriteString(body, "ping") }() // read once the request is under way
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

// On Cloudflare the edge tells the runtime that a caller has gone; on a plain
// socket it is the reset that says so, even when nothing is being sent.
func TestACallerThatLeavesStopsTheUpstream(t *testing.T) {
	t.Parallel()
	h := running(t)
	for _, begun := range []bool{false, true} {
		arrived, stopped := make(chan bool, 1), make(chan bool, 1)
		path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
			if begun {
				_, _ = io.WriteString(w, "data: 1\n\n")
				_ = http.NewResponseController(w).Flush()
			}
			arrived <- true
			wait(t, r.Context().Done(), "the end of the request")
			stopped <- true
		})
		request := newRequest(t, "POST", h.url(path), nil)
		ctx, leave := context.WithCancel(request.Context())
		go func() {
			response, err := client(t).Do(request.WithContext(ctx))
			if err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		}()
		wait(t, arrived, "the upstream to be asked")
		leave()
		wait(t, stopped, "the upstream to be stopped")
	}
}

func TestACallerThatHangsUpStopsTheUpstreamAtItsNextWord(t *testing.T) {
	t.Parallel()
	h := running(t)
	stopped := make(chan bool, 1)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		ticks := time.NewTicker(10 * time.Millisecond)
		defer ticks.Stop()
		for {
			_, _ = io.WriteString(w, "data: 1\n\n")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
				stopped <- true
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
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: relay.example\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	wait(t, stopped, "the upstream to be stopped")
}
