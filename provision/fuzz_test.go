package provision_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// badDay is what bytes decide: which run, what its calls meet, who else is at work, and whether the run is killed.
type badDay struct {
	scenario scenario
	lag      int
	faults   []badCall
	edits    []edit
	killedAt int // call; 0 for never
}

// mostLag is how many looks a list may be behind: what the engine gives it before it takes a route back, whatever failed before.
const mostLag = 3

// badCall is what so many calls meet, from one on.
type badCall struct{ from, times, kind int }

const (
	bad500 = iota
	bad502
	bad429
	badBefore // the connection ends before the call took effect
	badAfter  // and after
	badSilentBefore
	badSilentAfter
	bad500After
	badKinds
)

// edit is something that somebody else does at a host before a call.
type edit struct {
	at, kind, host int
	// isBehind says that reads do not show it at once.
	isBehind bool
}

const (
	addRecord = iota
	changeContent
	changeComment
	greyRecord
	deleteRecord
	deleteRoute
	leadElsewhere
	addRoute
	uploadByHand
	deleteScript
	editKinds
)

// readBadDay reads a day from bytes; those that are missing are zero. Any bytes are some day.
func readBadDay(data []byte) badDay {
	next := func(n int) int {
		if len(data) == 0 {
			return 0
		}
		b := int(data[0])
		data = data[1:]
		return b % n
	}
	hosts := [][]string{{host}, {host, third}}[next(2)]
	var d badDay
	d.scenario = []scenario{
		{name: "first deploy", before: empty},
		{name: "update", before: standing(hosts...), change: otherProvider},
		{name: "destroy", before: standing(hosts...), command: command{destroy: true}},
		{name: "rename", before: standing(hosts...), change: renamed},
		{name: "same again", before: standing(hosts...)},
		{name: "one more host", before: standing(hosts[0])},
		{name: "adopt", before: inTheWay, change: adopting},
	}[next(7)]
	d.scenario.hosts = hosts
	d.lag = next(mostLag + 1)
	if kill := next(64); kill < 40 {
		d.killedAt = kill
	}
	for range next(4) {
		fault := badCall{from: next(48), times: next(16) + 1, kind: next(badKinds)}
		if fault.times == 16 {
			fault.times = 1000
		}
		d.faults = append(d.faults, fault)
	}
	for range next(4) {
		d.edits = append(d.edits, edit{at: next(48), kind: next(editKinds), host: next(len(hosts)), isBehind: next(2) == 1})
	}
	return d
}

// FuzzBadDays: whatever happens to the calls of a run, whoever else is at work, and whenever it is killed: what others have made
// stays, no record of ours stands without its route unless somebody else has taken the route away, and the next run on a
// good day converges, or names what stands in its way.
func FuzzBadDays(f *testing.F) {
	for _, seed := range [][]byte{
		nil,
		{0, 0, 0, 0, 1, 10, 0, badAfter}, // the record's answer is lost
		{1, 0, 4, 0, 2, 8, 0, badAfter, 12, 15, bad500}, // and all later calls fail
		{0, 1, 0, 9},
		{0, 0, 3, 10},
		{0, 2, 0, 9},
		{1, 3, 0, 14},
		{0, 3, 2, 0, 1, 15, 3, bad502, 1, 8, leadElsewhere},
		{0, 0, 0, 0, 0, 3, 7, addRecord, 0, 0, 8, addRoute, 0, 0, 9, deleteRoute},
		{0, 2, 5, 0, 0, 2, 11, changeComment, 0, 1, 12, deleteScript, 0, 1},
		{1, 5, 3, 0, 1, 17, 1, badSilentAfter, 2, 9, uploadByHand, 1, 0, 15, greyRecord, 0, 0},
		{0, 4, 0, 0, 0, 2, 6, deleteRecord, 0, 0, 7, changeContent, 0, 1},
		// Found by chance: what was taken back while a list was behind, or while the answer of an earlier attempt was forgotten.
		{1, 0, 3, 50, 2, 12, 6, 7, 17, 0, 7, 0},
		{1, 2, 3, 50, 2, 11, 0, 6, 9, 6, 2, 0},
		{1, 0, 3, 50, 2, 12, 6, 4, 11, 6, 3, 0},
		{1, 5, 3, 50, 2, 15, 0, 4, 11, 6, 4, 2, 9, 0, 1, 0, 4, 3, 0, 0},
		{1, 0, 0, 55, 3, 12, 5, 7, 23, 0, 6, 40, 2, 5, 1, 7, 8, 1, 0},
		[]byte("LW\x01\x00\x007\x03\f\x05\a\x17\x00\x06(\x02\x05\x01\a\b\x01(\x02\x05\x01\a\b\x01\x00"), // a renamed Worker
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64 {
			return
		}
		defer watch(t, data)()
		readBadDay(data).live(t)
	})
}

// maxRealTime is how long one input may take, in real time. It takes some ten milliseconds on an idle machine.
const maxRealTime = time.Minute

// watch ends the process with the input and all stacks if it is not stopped in time, so that a deadlock fails with what led
// to it, and go test -fuzz keeps the input.
func watch(t *testing.T, data []byte) (stop func()) {
	timer := time.AfterFunc(maxRealTime, func() {
		debug.SetTraceback("all")
		panic(fmt.Sprintf("%s: not done after %s with %#v", t.Name(), maxRealTime, data))
	})
	return func() { timer.Stop() }
}

func (d badDay) live(t *testing.T) {
	ctx, kill := context.WithCancel(context.Background())
	defer kill()
	s := d.scenario
	text := s.before(t)
	good := newTrial(t, text, s.hosts...)
	config := s.config(good)
	if end := good.run(ctx, command{}, config); end.err != nil {
		t.Fatal(end.err)
	}
	want := good.look().likeness()

	tr := newTrial(t, strings.Replace(text, "{", fmt.Sprintf(`{"lag": %d,`, d.lag), 1), s.hosts...)
	o := &others{trial: tr, placed: map[string]string{}, noRoute: map[string]bool{}, otherContent: map[string]bool{}}
	tr.mayBe = o.did
	calls := 0
	tr.around = func(r *http.Request, call func() (*http.Response, error)) (*http.Response, error) {
		calls++
		for _, e := range d.edits {
			if e.at == calls {
				o.do(e)
			}
		}
		if d.killedAt > 0 && calls >= d.killedAt {
			kill()
			return nil, context.Canceled
		}
		res, err := tr.meet(d.faultAt(calls), r, call)
		o.check(r.Method + " " + r.URL.Path)
		return res, err
	}
	plan, err := tr.plan(ctx, s.command, config)
	end := result{err: err}
	if config.Adopt {
		clear(o.placed) // what was there for the plan is ours now
	}
	if err == nil {
		end = tr.execute(ctx, plan, s.command)
	}
	if end.err != nil && errcode.Of(end.err) == "" {
		t.Errorf("an error without a code: %v", end.err)
	}
	if len(d.edits) == 0 && d.killedAt == 0 {
		for thing := range changed(newTrial(t, text, s.hosts...).look().likeness(), tr.look().likeness()) {
			if !end.touched[thing] {
				t.Errorf("%s has changed, and the receipt does not know", thing)
			}
		}
	}
	if calls > 2*mostCalls || tr.now.Sub(good.now) > 2*longestRun {
		t.Errorf("%d calls in %s", calls, tr.now.Sub(good.now))
	}
	d.recover(t, tr.text("lag"), config, want, o)
}

// losesSight tells a day on which a Worker is renamed and somebody else takes the mark off the record that names the old one, or
// the record away: then nothing leads to the old Worker any more. It serves nobody, and is left.
func (d badDay) losesSight() bool {
	return d.scenario.name == "rename" && slices.ContainsFunc(d.edits, func(e edit) bool {
		return e.kind == changeComment || e.kind == deleteRecord
	})
}

// recover is the next day, and a good one.
func (d badDay) recover(t *testing.T, text string, config plan.Config, want map[string]string, o *others) {
	ctx := context.Background()
	tr := newTrial(t, text, d.scenario.hosts...)
	tr.mayBe = func(breach) bool { return true } // what stands so may stand until this run is done
	p, err := tr.plan(ctx, command{}, config)
	refused := p.Skipped
	if errcode.Of(err) == errcode.Conflict {
		refused = append(refused, plan.HostError{Host: "", Err: err})
	} else if err != nil {
		t.Fatalf("the next run cannot even plan: %v", err)
	}
	if len(refused) > 0 {
		if !o.isInTheWay {
			t.Errorf("a conflict though nobody has put anything in the way: %v", refused)
		}
		for _, refusal := range refused {
			var e *plan.ConflictError
			if !errors.As(refusal.Err, &e) || len(e.Objects) == 0 {
				t.Errorf("a conflict that does not say with what: %v", refusal.Err)
			}
		}
		if text != tr.text() {
			t.Error("a plan has written")
		}
		config.Adopt = true
	}
	if end := tr.run(ctx, command{}, config); end.err != nil {
		t.Fatalf("the next run fails: %v", end.err)
	}
	here := tr.look()
	stands := here.likeness()
	if d.losesSight() {
		delete(stands, "script "+plan.WorkerName(d.scenario.hosts[0]))
	}
	if diff := cmp.Diff(want, stands); diff != "" {
		t.Errorf("the next run does not converge:\n%s", diff)
	}
	if broken := here.breaches(); len(broken) > 0 {
		t.Errorf("after the next run: %v", broken)
	}
	if plan, err := tr.plan(ctx, command{}, config); err != nil || len(plan.Changes()) > 0 {
		t.Errorf("then: %v, %v", plan.Changes(), err)
	}
}

func (d badDay) faultAt(call int) int {
	for _, f := range d.faults {
		if call >= f.from && call < f.from+f.times {
			return f.kind
		}
	}
	return badKinds
}

// meet lets a call meet a fault.
func (tr *trial) meet(kind int, r *http.Request, call func() (*http.Response, error)) (*http.Response, error) {
	const refusal = `{"success": false, "errors": [{"code": 10013, "message": "unknown"}], "messages": [], "result": null}`
	if slices.Contains([]int{badAfter, badSilentAfter, bad500After}, kind) {
		if _, err := call(); err != nil {
			return nil, err
		}
	}
	switch kind {
	case bad500, bad500After:
		return answer(r, 500, "application/json", refusal), nil
	case bad502:
		return answer(r, 502, "text/html", "<html>Bad gateway</html>"), nil
	case bad429:
		res := answer(r, 429, "application/json", strings.Replace(refusal, "10013", "10100", 1))
		res.Header.Set("Retry-After", "30")
		return res, nil
	case badBefore, badAfter:
		return nil, io.ErrUnexpectedEOF
	case badSilentBefore, badSilentAfter:
		tr.now = tr.now.Add(silence)
		return nil, context.DeadlineExceeded
	}
	return call()
}

func answer(r *http.Request, status int, kind, body string) *http.Response {
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}
