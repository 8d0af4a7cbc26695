package sandbox

import (
	"strings"
	"sync"
)

// lagging makes reads trail behind writes, as the copies of a distributed database do: what a question (path and query)
// showed before a write it goes on showing so many times more. It lives in the memory of a handler, so that it leaves no
// trace in the file and asking never writes.
type lagging struct {
	mu       sync.Mutex
	subjects map[string]*subject
}

// subject is what a call is about, such as the routes of one zone: a write to it holds up the reads of it alone.
type subject struct {
	first  *state            // before the first write: what a question that was not asked since still shows
	trails map[string]*trail // by question
}

// trail is how far behind one question is.
type trail struct {
	shown *state
	left  int // answers that still come from shown
}

// subjectsOf names what a path below /client/v4 is about, the most specific last: a script belongs to the list of scripts.
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

// wrote is called after a write, with the state before it. A question that is behind already stays where it is, and counts
// anew.
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
			if t.left == 0 {
				t.shown = before
			}
			t.left = before.Lag
		}
	}
}

// read returns the state that a question is answered from, given what stands now.
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
		t = &trail{shown: s.first, left: now.Lag}
		s.trails[question] = t
	}
	if t.left == 0 {
		return now
	}
	shown := t.shown
	if t.left--; t.left == 0 {
		t.shown = nil // the next answer has caught up
	}
	return shown
}
