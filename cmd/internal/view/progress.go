package view

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/verify"
)

// Progress shows the progress of a run. On a terminal it updates a status line at the bottom, with a spinner or a
// countdown. Elsewhere it prints a line for each finished step and for each wait.
type Progress struct {
	view     View
	out      io.Writer
	terminal bool
	// width returns the width of the terminal in cells. A status line that wraps cannot be erased.
	width func() int

	mu     sync.Mutex
	render func(time.Time) string // returns the status line; nil for none
	stop   chan struct{}
	// For Count: when it was first called and with how many done steps, and the last number of done steps.
	start                 time.Time
	startCount, lastCount int
	pausedFor             time.Duration              // sum of the pauses since start
	pausedUntil           time.Time                  // end of the last pause
	announced             map[errcode.Code]time.Time // end of the announced waits by their reason
	ticker                sync.WaitGroup
}

// NewProgress returns a Progress that writes to out. It must be closed.
func (v View) NewProgress(out io.Writer, terminal bool, width func() int) *Progress {
	p := &Progress{view: v, out: out, terminal: terminal, width: width, stop: make(chan struct{})}
	if terminal {
		p.ticker.Go(p.tick)
	}
	return p
}

// Close erases the status line and releases resources.
func (p *Progress) Close() {
	close(p.stop)
	p.ticker.Wait()
	p.setLine(nil)
}

const eraseLine = "\r\x1b[K"

func (p *Progress) tick() {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-p.stop:
			return
		case now := <-ticker.C:
			p.redraw(now)
		}
	}
}

func (p *Progress) redraw(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.render != nil {
		fmt.Fprint(p.out, eraseLine, p.truncate(p.render(now)))
	}
}

// truncate shortens a line to the width of the terminal.
func (p *Progress) truncate(line string) string {
	if width := p.width() - 1; width > 0 {
		return runewidth.Truncate(line, width, "…")
	}
	return line
}

// setLine replaces the status line. Without a terminal it does nothing.
func (p *Progress) setLine(render func(time.Time) string) {
	if !p.terminal {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.render = render
	fmt.Fprint(p.out, eraseLine)
	if render != nil {
		fmt.Fprint(p.out, p.truncate(render(time.Now())))
	}
}

// Line prints a line that remains.
func (p *Progress) Line(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.render = nil
	if p.terminal {
		fmt.Fprint(p.out, eraseLine)
	}
	fmt.Fprintln(p.out, text)
}

// Spinner shows text with a spinner until something else is shown.
func (p *Progress) Spinner(text string) {
	start := time.Now()
	p.setLine(func(now time.Time) string {
		frames := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
		// A tick of the ticker may be older than start.
		elapsed := max(now.Sub(start), 0)
		frame := frames[int(elapsed/(100*time.Millisecond))%len(frames)]
		return "  " + string(frame) + "  " + text
	})
}

// countdown shows a countdown on a terminal, and prints one line elsewhere.
func (p *Progress) countdown(key string, wait time.Duration, pairs ...string) {
	until := time.Now().Add(wait)
	text := func(remaining time.Duration) string {
		seconds := strconv.Itoa(int(math.Ceil(remaining.Seconds())))
		return "  …  " + p.view.Text.T(key, append([]string{"seconds", seconds}, pairs...)...)
	}
	if !p.terminal {
		p.Line(text(wait))
		return
	}
	p.setLine(func(now time.Time) string { return text(max(0, until.Sub(now))) })
}

// maxListedSteps is the number of steps up to which each is printed. Longer runs have a progress bar.
const maxListedSteps = 20

// barWidth is the width of the progress bar in cells.
const barWidth = 24

// Count shows how many of all steps are done, with a bar on a terminal and with a line for every tenth elsewhere.
// minRemaining is the time that the rest must wait for the rate limit. The displayed remaining time is that, or an
// estimate from the speed so far without pauses, whichever is longer.
func (p *Progress) Count(text string, done, all int, minRemaining time.Duration) {
	p.mu.Lock()
	if done < p.lastCount { // events may arrive out of order
		p.mu.Unlock()
		return
	}
	if p.start.IsZero() {
		p.start, p.startCount = time.Now(), done
	}
	p.lastCount = done
	var estimate time.Duration
	if counted := done - p.startCount; counted > 0 {
		estimate = max(0, time.Since(p.start)-p.pausedFor) / time.Duration(counted) * time.Duration(all-done)
	}
	isTenth := all > 0 && done*10/all > (done-1)*10/all
	p.mu.Unlock()
	line := p.view.Text.T("progress.count", "text", text, "done", strconv.Itoa(done), "all", strconv.Itoa(all),
		"left", p.view.duration(max(estimate, minRemaining)))
	if done == all {
		line = p.view.Text.T("progress.all", "text", text, "all", strconv.Itoa(all))
	}
	if !p.terminal {
		if isTenth {
			p.Line("  …  " + line)
		}
		return
	}
	full := barWidth * done / max(all, 1)
	bar := strings.Repeat("█", full) + strings.Repeat("░", barWidth-full)
	p.setLine(func(now time.Time) string {
		if pause := p.pausedUntil.Sub(now); pause > 0 {
			return "  …  " + p.view.Text.T("progress.paused", "text", text, "done", strconv.Itoa(done), "all", strconv.Itoa(all),
				"left", p.view.duration(pause))
		}
		return "  " + bar + "  " + line
	})
}

// isCounting reports whether the status line is that of Count, which shows pauses itself.
func (p *Progress) isCounting() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.terminal && p.lastCount > 0
}

// recordPause records a pause of all calls, and reports whether it is new, because many calls report the same pause.
func (p *Progress) recordPause(wait time.Duration) (isNew bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	from, until := now, now.Add(wait)
	if p.pausedUntil.After(now) {
		from = p.pausedUntil
	}
	if !until.After(from) {
		return false
	}
	isNew = until.Sub(from) > time.Second || from.Equal(now)
	p.pausedFor, p.pausedUntil = p.pausedFor+until.Sub(from), until
	return isNew
}

// duration formats a duration in seconds, or from two minutes on in minutes.
func (v View) duration(d time.Duration) string {
	if d < 2*time.Minute {
		return v.Text.T("duration.seconds", "count", strconv.Itoa(int(math.Ceil(d.Seconds()))))
	}
	return v.Text.T("duration.minutes", "count", strconv.Itoa(int(math.Ceil(d.Minutes()))))
}

// Engine shows an event of the engine.
func (p *Progress) Engine(e provision.Event) {
	if e.All > maxListedSteps && e.Type != provision.EventFail {
		if e.Type == provision.EventDone {
			p.Count(p.view.Text.T("doing.steps"), e.Done, e.All, e.Remaining)
		}
		return
	}
	switch e.Type {
	case provision.EventObserve:
		p.Spinner(p.view.Text.T("doing.observe"))
	case provision.EventPause:
		if p.recordPause(e.Wait); !p.isCounting() {
			p.countdown("waiting.rate-limit", e.Wait)
		}
	case provision.EventStart:
		p.Spinner(p.view.Text.T("doing."+string(e.Step.Action), "kind", p.view.kind(e.Step.Address.Kind), "name", name(e.Step.Address)))
	case provision.EventDone:
		p.Line(p.stepLine(e, "✓", good, "done."))
	case provision.EventFail:
		p.Line(p.stepLine(e, "✗", bad, "failed."))
	case provision.EventWait:
		// A wait that affects all calls, or many at the same time, is shown once.
		if e.Code == errcode.RateLimited && (!p.recordPause(e.Wait) || p.isCounting()) || !p.isNewWait(e) {
			return
		}
		p.countdown("waiting.api", e.Wait, "reason", p.view.Text.T("reason."+string(e.Code)))
	}
}

// isNewWait reports whether no wait for the same reason is in progress.
func (p *Progress) isNewWait(e provision.Event) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Before(p.announced[e.Code]) {
		return false
	}
	if p.announced == nil {
		p.announced = map[errcode.Code]time.Time{}
	}
	p.announced[e.Code] = now.Add(e.Wait)
	return true
}

func (p *Progress) stepLine(e provision.Event, glyph, style, prefix string) string {
	text := p.view.Text.T(prefix+string(e.Step.Action), "kind", p.view.kind(e.Step.Address.Kind), "name", name(e.Step.Address))
	return "  " + p.view.paint(style, glyph) + "  " + text
}

// Verify returns a function for verify.Options.OnWait that shows the waits of the verifier.
func (p *Progress) Verify(host string, names func(id string) string) func(verify.Event) {
	return func(e verify.Event) {
		result := p.view.result(e.Failed, host, names(e.Failed.Provider))
		p.countdown("waiting.verify", e.Wait,
			"found", result,
			"left", strconv.Itoa(int(math.Ceil(e.Remaining.Seconds()))))
	}
}
