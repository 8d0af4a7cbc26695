package main

import (
	"strconv"

	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/provision"
)

// engineProgress shows the events of the engine. It is closed before anything else is printed or asked, and opens again by itself.
type engineProgress struct {
	console *console
	shown   *view.Progress // nil while closed
}

func (c *console) engineProgress() *engineProgress { return &engineProgress{console: c} }

func (e *engineProgress) close() {
	if e.shown != nil {
		e.shown.Close()
		e.shown = nil
	}
}

// show is called by the engine for every event.
func (e *engineProgress) show(event provision.Event) {
	switch event.Type {
	case provision.EventUndoStart, provision.EventUndoEnd, provision.EventRollback:
		e.close()
		e.console.printReverted(event)
		return
	}
	if e.shown == nil {
		e.shown = e.console.progress()
	}
	e.shown.Engine(event)
}

// printReverted prints the events that follow a failed deploy.
func (c *console) printReverted(event provision.Event) {
	switch {
	case event.Type == provision.EventRollback:
		c.printRollback(event.Rollback)
	case event.Type == provision.EventUndoStart && event.Done > 0:
		c.errf("undo.begin-some", "count", strconv.Itoa(event.All-event.Done))
	case event.Type == provision.EventUndoStart:
		c.errf("undo.begin")
	case event.Err != nil:
		c.errf("undo.failed")
	default:
		c.errf("undo.done")
	}
}
