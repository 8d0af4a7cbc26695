package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// idPrefix begins every id that the sandbox makes: hexadecimal for "sandbo(x)", so that a stray id is recognised.
const idPrefix = "5a2db0"

// timeLayout is how the API writes times: microseconds, UTC.
const timeLayout = "2006-01-02T15:04:05.000000Z"

var idPattern = regexp.MustCompile(`^[0-9a-f]{32}$`)

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// derivedID is the id of what a person wrote without one: the same on every machine.
func derivedID(parts ...string) string {
	return idPrefix + digest(parts...)[:32-len(idPrefix)]
}

// newID derives an id from what is made and when, so no counter stays in the file after the thing is gone, and a
// pinned clock gives the same ids again. A taken id gets another try.
func (s *state) newID(parts ...string) string {
	parts = append(parts, s.now().Format(time.RFC3339Nano))
	for n := 0; ; n++ {
		id := derivedID(append(parts, fmt.Sprint(n))...)
		if !s.taken(id) {
			return id
		}
	}
}

// newUUID is newID in the form that versions have.
func (s *state) newUUID(parts ...string) string { return uuid(s.newID(parts...)) }

func uuid(hex32 string) string {
	return fmt.Sprintf("%s-%s-%s-%s-%s", hex32[:8], hex32[8:12], hex32[12:16], hex32[16:20], hex32[20:])
}

func (s *state) taken(id string) bool {
	version := uuid(id)
	for _, a := range s.Accounts {
		for _, z := range a.Zones {
			if z.record(id) != nil || z.route(id) != nil {
				return true
			}
		}
		for _, d := range a.Domains {
			if d.ID == id {
				return true
			}
		}
		for _, w := range a.Scripts {
			if w.Tag == id || w.knows(version) {
				return true
			}
		}
	}
	return false
}

// now is the pinned clock of the file, or the real one.
func (s *state) now() time.Time {
	if s.Clock != "" {
		if t, err := time.Parse(time.RFC3339, s.Clock); err == nil {
			return t.UTC()
		}
	}
	return time.Now().UTC()
}

func (s *state) stamp() string { return s.now().Format(timeLayout) }
