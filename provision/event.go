package provision

import (
	"time"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// EventType names what happened. The names are part of what observers may show.
type EventType string

// The types of events.
const (
	EventStart EventType = "start" // a step begins
	EventDone  EventType = "done"  // a step took effect
	EventFail  EventType = "fail"  // a step failed for good
	EventWait  EventType = "wait"  // a call failed and will be repeated after Wait
	EventPause EventType = "pause" // calls stand still for Wait, to stay below the API's limit
)

// Event is all that a user interface sees of the engine at work. It is told synchronously and, where steps go out
// together, from several goroutines, one at a time; an observer must not block.
type Event struct {
	Type    EventType
	Step    plan.Step     // EventStart, EventDone, EventFail
	Call    string        // EventWait: which call ("zones", "script", "routes", "records", "create route", …)
	Code    errcode.Code  // EventFail, EventWait: why
	Attempt int           // EventWait: how many attempts were made, from 1
	Wait    time.Duration // EventWait, EventPause: until the next one
	// Done of All steps have ended, well or not, with this one; of EventStart, EventDone and EventFail.
	Done, All int
	// Remaining is how long the rest will have to stand still at the least, to stay below the API's limit; of the same events.
	Remaining time.Duration
}
