package view

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/errcode"
)

// Progress of a long run is printed at every tenth with the remaining time. The estimate excludes past pauses and
// includes a pause that is known in advance.
func TestLongRunProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		p := english(t).NewProgress(&b, false, func() int { return 80 })
		for i := 1; i <= 100; i++ {
			if i == 50 {
				p.Engine(provision.Event{Type: provision.EventPause, Wait: 300 * time.Second})
				p.Engine(provision.Event{Type: provision.EventWait, Wait: 299 * time.Second, Code: errcode.RateLimited})
				time.Sleep(300 * time.Second)
			}
			time.Sleep(time.Second)
			remaining := time.Duration(0)
			if i < 50 {
				remaining = time.Duration(50-i)*time.Second + 300*time.Second
			}
			p.Engine(provision.Event{Type: provision.EventDone, Done: i, All: 100, Remaining: remaining})
		}
		p.Close()
		const want = `  …  steps: 10 of 100, about 6 min left
  …  steps: 20 of 100, about 6 min left
  …  steps: 30 of 100, about 6 min left
  …  steps: 40 of 100, about 6 min left
  …  pausing 300 s for the API rate limit
  …  steps: 50 of 100, about 50 s left
  …  steps: 60 of 100, about 40 s left
  …  steps: 70 of 100, about 30 s left
  …  steps: 80 of 100, about 20 s left
  …  steps: 90 of 100, about 10 s left
  …  steps: all 100 done
`
		if b.String() != want {
			t.Errorf("got\n%s", b.String())
		}
	})
}

// On a terminal the status line is redrawn in place, truncated to the width, and erased in the end.
func TestProgressOnTerminal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		p := english(t).NewProgress(&b, true, func() int { return 16 })
		p.Spinner("a text that is too long")
		time.Sleep(150 * time.Millisecond)
		p.Line("a line that remains")
		p.Close()
		const want = eraseLine + "  ⠋  a text th…" + eraseLine + "  ⠙  a text th…" + eraseLine + "a line that remains\n" + eraseLine
		if b.String() != want {
			t.Errorf("got  %q\nwant %q", b.String(), want)
		}
	})
}

// On a busy machine a tick arrives late and is older than the spinner.
func TestSpinnerTickBeforeStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		p := english(t).NewProgress(&b, true, func() int { return 80 })
		p.Spinner("reading the account")
		p.redraw(time.Now().Add(-100 * time.Millisecond))
		p.Close()
		if !strings.Contains(b.String(), "⠋  reading the account") {
			t.Errorf("got %q", b.String())
		}
	})
}
