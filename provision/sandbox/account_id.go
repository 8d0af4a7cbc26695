package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// idPrefix is the beginning of all IDs that the sandbox creates, hexadecimal for "sandbo(x)", to recognise them
// elsewhere.
const idPrefix = "5a2db0"

// timeLayout is the format of times in the API: microseconds, UTC.
const timeLayout = "2006-01-02T15:04:05.000000Z"

var idPattern = lazyRegexp(`^[0-9a-f]{32}$`)

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// derivedID returns the ID of a resource that was written without one. It is the same on every machine.
func derivedID(parts ...string) string {
	return idPrefix + digest(parts...)[:32-len(idPrefix)]
}

// newID returns an unused ID, which is derived from the resource and the time. So the file needs no counter, and with a
// fixed clock the same calls create the same IDs.
func (s *state) newID(parts ...string) string {
	parts = append(parts, s.now().Format(time.RFC3339Nano))
	for n := 0; ; n++ {
		id := derivedID(append(parts, fmt.Sprint(n))...)
		if !s.idInUse(id) {
			return id
		}
	}
}

// newUUID returns a new ID in the form that versions have.
func (s *state) newUUID(parts ...string) string { return uuid(s.newID(parts...)) }

func uuid(hex32 string) string {
	return fmt.Sprintf("%s-%s-%s-%s-%s", hex32[:8], hex32[8:12], hex32[12:16], hex32[16:20], hex32[20:])
}

func (s *state) idInUse(id string) bool {
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
			if w.Tag == id || w.hasID(version) {
				return true
			}
		}
	}
	return false
}

// now returns the fixed time of the state, or else the current time.
func (s *state) now() time.Time {
	if s.Clock != "" {
		if t, err := time.Parse(time.RFC3339, s.Clock); err == nil {
			return t.UTC()
		}
	}
	return time.Now().UTC()
}

func (s *state) stamp() string { return s.now().Format(timeLayout) }
