package sandbox

import (
	"strings"
	"sync"
)

// lagging delays the visibility of writes, as the replicas of a distributed database do: each request (path and query)
// returns the state before a write a number of times. It is in the memory of a handler, so it does not change the file,
// and reads never write.
type lagging struct {
	mu       sync.Mutex
	subjects map[string]*subject
}

// subject is a resource that can be written, such as the routes of one zone. A write affects the reads of that resource
// only.
type subject struct {
	first  *state            // before the first write: the state for requests that have not been made since
	trails map[string]*trail // by request
}

// trail is how far one request is behind.
type trail struct {
	shown     *state
	remaining int // number of responses that still come from shown
}

// subjectsOf returns the resources that a path below /client/v4 belongs to, the most specific last. A script also belongs
// to the list of scripts.
func subjectsOf(path string) []string {
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

// wrote is called after a write with the state before it. A request that is already behind keeps its state and starts to
// count again.
func (l *lagging) wrote(names []string, before *state) {
	if before.Lag == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range names {
		s := l.subjects[name]
		if s == nil {
			s = &subject{first: before, trails: map[string]*trail{}}
			l.subjects[name] = s
		}
		for _, t := range s.trails {
			if t.remaining == 0 {
				t.shown = before
			}
			t.remaining = before.Lag
		}
	}
}

// read returns the state for a request; now is the current state.
func (l *lagging) read(path, question string, now *state) *state {
	if now.Lag == 0 {
		return now
	}
	names := subjectsOf(path)
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.subjects[names[len(names)-1]]
	if s == nil {
		return now
	}
	t := s.trails[question]
	if t == nil {
		t = &trail{shown: s.first, remaining: now.Lag}
		s.trails[question] = t
	}
	if t.remaining == 0 {
		return now
	}
	shown := t.shown
	if t.remaining--; t.remaining == 0 {
		t.shown = nil // the next response is up to date
	}
	return shown
}
