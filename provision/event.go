package provision

import (
	"time"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// EventType names what happened. The names are stable: user interfaces may show them.
type EventType string

// The types of events.
const (
	EventObserve   EventType = "observe"    // the accounts are about to be read
	EventStart     EventType = "start"      // a step begins
	EventDone      EventType = "done"       // a step took effect
	EventFail      EventType = "fail"       // a step failed and is not retried
	EventWait      EventType = "wait"       // a call failed and will be retried after Wait
	EventPause     EventType = "pause"      // calls wait for Wait, to stay below the API's rate limit
	EventUndoStart EventType = "undo-start" // what a failed run created is about to be removed
	EventUndoEnd   EventType = "undo-end"   // it is removed, or, with an Err, could not be
	EventRollback  EventType = "rollback"   // a Worker that a failed run updated was rolled back, or could not be
)

// Event reports progress to a user interface. The functions that take events are called synchronously and, where steps
// run in parallel, from several goroutines, one at a time. They must not block.
type Event struct {
	Type    EventType
	Step    plan.Step     // EventStart, EventDone, EventFail
	Call    string        // EventWait: which call ("zones", "script", "routes", "records", "create route", …)
	Code    errcode.Code  // EventFail, EventWait: why
	Attempt int           // EventWait: how many attempts were made, from 1
	Wait    time.Duration // EventWait, EventPause: until the next one
	// Done is how many of All steps have ended, successfully or not, including this one (EventStart, EventDone,
	// EventFail); or how many of All hosts are served as planned (EventUndoStart).
	Done, All int
	// Remaining is the minimum time that the remaining steps will wait for the rate limit; of EventDone and EventFail.
	Remaining time.Duration
	Rollback  Rollback // EventRollback
	Err       error    // EventUndoEnd: why not all of it is removed
}
