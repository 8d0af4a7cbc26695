package sandbox

import (
	"strings"
	"sync"
)

// lagTracker delays the visibility of writes, as the replicas of a distributed database do: each request (path and query)
// returns the state before a write a number of times. It is in the memory of a handler, so it does not change the file,
// and reads never write.
type lagTracker struct {
	mu        sync.Mutex
	resources map[string]*lagResource
}

// lagResource is a resource that can be written, such as the routes of one zone. A write affects the reads of that resource
// only.
type lagResource struct {
	first *state                  // before the first write: the state for requests that have not been made since
	reads map[string]*delayedRead // by request
}

// delayedRead is how far one request is behind.
type delayedRead struct {
	state     *state
	remaining int // number of responses that still come from state
}

// resourcesOf returns the resources that a path below /client/v4 belongs to, the most specific last. A script also belongs
// to the list of scripts.
func resourcesOf(path string) []string {
	parts := strings.Split(path, "/")
	n := 4 // /zones/ID/dns_records
	if len(parts) > 3 && parts[3] == "workers" {
		n = 5 // /zones/ID/workers/routes
	}
	out := []string{strings.Join(parts[:min(n, len(parts))], "/")}
	if len(parts) > 5 && parts[4] == "scripts" {
		out = append(out, strings.Join(parts[:6], "/"))
	}
	return out
}

// recordWrite is called after a write with the state before it. A request that is already behind keeps its state and starts to
// count again.
func (l *lagTracker) recordWrite(names []string, before *state) {
	if before.Lag == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range names {
		s := l.resources[name]
		if s == nil {
			s = &lagResource{first: before, reads: map[string]*delayedRead{}}
			l.resources[name] = s
		}
		for _, t := range s.reads {
			if t.remaining == 0 {
				t.state = before
			}
			t.remaining = before.Lag
		}
	}
}

// read returns the state for a request; now is the current state.
func (l *lagTracker) read(path, request string, now *state) *state {
	if now.Lag == 0 {
		return now
	}
	names := resourcesOf(path)
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.resources[names[len(names)-1]]
	if s == nil {
		return now
	}
	t := s.reads[request]
	if t == nil {
		t = &delayedRead{state: s.first, remaining: now.Lag}
		s.reads[request] = t
	}
	if t.remaining == 0 {
		return now
	}
	shown := t.state
	if t.remaining--; t.remaining == 0 {
		t.state = nil // the next response is up to date
	}
	return shown
}
