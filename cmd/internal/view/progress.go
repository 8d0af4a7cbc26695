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

// Progress tells what is going on while it goes on. On a terminal it keeps one line alive at the bottom, with a spinner or
// a countdown; elsewhere it writes a line for everything that ended and for every wait.
type Progress struct {
	view View
	out  io.Writer
	live bool
	// width is that of the terminal, in cells: a live line that wrapped could not be erased any more.
	width func() int

	mu   sync.Mutex
	draw func(time.Time) string // what the live line says; nil for none
	stop chan struct{}
	// began is when the count of a long run began, at before steps; counted is how many it was at last.
	began           time.Time
	before, counted int
	paused          time.Duration              // since then
	until           time.Time                  // the end of the last pause
	waits           map[errcode.Code]time.Time // until when calls wait, by the reason that was told
	ended           sync.WaitGroup
}

// NewProgress begins to draw on out if it is a terminal. Close it.
func (v View) NewProgress(out io.Writer, terminal bool, width func() int) *Progress {
	p := &Progress{view: v, out: out, live: terminal, width: width, stop: make(chan struct{})}
	if terminal {
		p.ended.Go(p.tick)
	}
	return p
}

// Close takes the live line away.
func (p *Progress) Close() {
	close(p.stop)
	p.ended.Wait()
	p.set(nil)
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
	if p.draw != nil {
		fmt.Fprint(p.out, eraseLine, p.fitting(p.draw(now)))
	}
}

// fitting cuts a line to the terminal.
func (p *Progress) fitting(line string) string {
	if width := p.width() - 1; width > 0 {
		return runewidth.Truncate(line, width, "…")
	}
	return line
}

// set replaces the live line; where there is no terminal, nothing is shown.
func (p *Progress) set(draw func(time.Time) string) {
	if !p.live {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draw = draw
	fmt.Fprint(p.out, eraseLine)
	if draw != nil {
		fmt.Fprint(p.out, p.fitting(draw(time.Now())))
	}
}

// Line writes a line that stays.
func (p *Progress) Line(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draw = nil
	if p.live {
		fmt.Fprint(p.out, eraseLine)
	}
	fmt.Fprintln(p.out, text)
}

// Doing shows what has begun, with a spinner, until something else is shown.
func (p *Progress) Doing(text string) {
	start := time.Now()
	p.set(func(now time.Time) string {
		frames := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
		frame := frames[int(now.Sub(start)/(100*time.Millisecond))%len(frames)]
		return "  " + string(frame) + "  " + text
	})
}

// waiting counts down on a terminal, and writes one line elsewhere.
func (p *Progress) waiting(key string, wait time.Duration, pairs ...string) {
	until := time.Now().Add(wait)
	say := func(left time.Duration) string {
		seconds := strconv.Itoa(int(math.Ceil(left.Seconds())))
		return "  …  " + p.view.Text.T(key, append([]string{"seconds", seconds}, pairs...)...)
	}
	if !p.live {
		p.Line(say(wait))
		return
	}
	p.set(func(now time.Time) string { return say(max(0, until.Sub(now))) })
}

// mostSteps of a run are told one by one; of more a bar shows how far it is.
const mostSteps = 20

// barCells is how long the bar is, in terminal cells.
const barCells = 24

// Count shows how much of a long run is done, as a bar on a terminal and as a line for every tenth elsewhere. left is how long
// the rest will have to stand still at the least; the time that is shown is that or what the pace so far, but for pauses, makes of
// the rest.
func (p *Progress) Count(text string, done, all int, left time.Duration) {
	p.mu.Lock()
	if done < p.counted { // overtaken by one that came later
		p.mu.Unlock()
		return
	}
	if p.began.IsZero() {
		p.began, p.before = time.Now(), done
	}
	p.counted = done
	var rest time.Duration
	if ended := done - p.before; ended > 0 {
		rest = max(0, time.Since(p.began)-p.paused) / time.Duration(ended) * time.Duration(all-done)
	}
	isTenth := all > 0 && done*10/all > (done-1)*10/all
	p.mu.Unlock()
	line := p.view.Text.T("progress.count", "text", text, "done", strconv.Itoa(done), "all", strconv.Itoa(all),
		"left", p.view.duration(max(rest, left)))
	if done == all {
		line = p.view.Text.T("progress.all", "text", text, "all", strconv.Itoa(all))
	}
	if !p.live {
		if isTenth {
			p.Line("  …  " + line)
		}
		return
	}
	full := barCells * done / max(all, 1)
	bar := strings.Repeat("█", full) + strings.Repeat("░", barCells-full)
	p.set(func(now time.Time) string {
		if pause := p.until.Sub(now); pause > 0 {
			return "  …  " + p.view.Text.T("progress.paused", "text", text, "done", strconv.Itoa(done), "all", strconv.Itoa(all),
				"left", p.view.duration(pause))
		}
		return "  " + bar + "  " + line
	})
}

// isCounting tells whether the live line is that of a long run, which says by itself that it stands still.
func (p *Progress) isCounting() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.live && p.counted > 0
}

// stands notes that all calls stand still for so long, and tells whether that is news: many of them tell of the same pause.
func (p *Progress) stands(wait time.Duration) (isNews bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	from, until := now, now.Add(wait)
	if p.until.After(now) {
		from = p.until
	}
	if !until.After(from) {
		return false
	}
	isNews = until.Sub(from) > time.Second || from.Equal(now)
	p.paused, p.until = p.paused+until.Sub(from), until
	return isNews
}

// duration is a time as people say it: seconds, and where there are many, minutes.
func (v View) duration(d time.Duration) string {
	if d < 2*time.Minute {
		return v.Text.T("duration.seconds", "count", strconv.Itoa(int(math.Ceil(d.Seconds()))))
	}
	return v.Text.T("duration.minutes", "count", strconv.Itoa(int(math.Ceil(d.Minutes()))))
}

// Engine shows an event of the engine.
func (p *Progress) Engine(e provision.Event) {
	if e.All > mostSteps && e.Type != provision.EventFail {
		if e.Type == provision.EventDone {
			p.Count(p.view.Text.T("doing.steps"), e.Done, e.All, e.Remaining)
		}
		return
	}
	switch e.Type {
	case provision.EventObserve:
		p.Doing(p.view.Text.T("doing.observe"))
	case provision.EventPause:
		if p.stands(e.Wait); !p.isCounting() {
			p.waiting("waiting.pace", e.Wait)
		}
	case provision.EventStart:
		p.Doing(p.view.Text.T("doing."+string(e.Step.Action), "kind", p.view.kind(e.Step.Address.Kind), "name", name(e.Step.Address)))
	case provision.EventDone:
		p.Line(p.step(e, "✓", good, "done."))
	case provision.EventFail:
		p.Line(p.step(e, "✗", bad, "failed."))
	case provision.EventWait:
		// What holds up all calls is told once, and so is what many calls meet together.
		if e.Code == errcode.RateLimited && (!p.stands(e.Wait) || p.isCounting()) || !p.isNews(e) {
			return
		}
		p.waiting("waiting.api", e.Wait, "reason", p.view.Text.T("reason."+string(e.Code)))
	}
}

// isNews tells whether a wait for that reason was not told of yet, or is over.
func (p *Progress) isNews(e provision.Event) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Before(p.waits[e.Code]) {
		return false
	}
	if p.waits == nil {
		p.waits = map[errcode.Code]time.Time{}
	}
	p.waits[e.Code] = now.Add(e.Wait)
	return true
}

func (p *Progress) step(e provision.Event, glyph, style, prefix string) string {
	text := p.view.Text.T(prefix+string(e.Step.Action), "kind", p.view.kind(e.Step.Address.Kind), "name", name(e.Step.Address))
	return "  " + p.view.paint(style, glyph) + "  " + text
}

// Verify shows a wait of the verifier.
func (p *Progress) Verify(host string, names func(id string) string) func(verify.Event) {
	return func(e verify.Event) {
		found := p.view.Found(e.Failed, host, names(e.Failed.Provider))
		p.waiting("waiting.verify", e.Wait,
			"found", found,
			"left", strconv.Itoa(int(math.Ceil(e.Remaining.Seconds()))))
	}
}
