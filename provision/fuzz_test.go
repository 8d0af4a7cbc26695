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

// badDay is a scenario in which anything may go wrong.
type badDay struct {
	scenario scenario
	lag      int // how many reads lists are behind
	faults   []lastingFault
	edits    []edit
	killedAt int // the call at which the run is killed; 0 for never
}

// maxLag is what undo waits for before it deletes a route, whatever failed before.
const maxLag = 3

// lastingFault strikes so many calls, from one on.
type lastingFault struct{ from, times, kind int }

// The kinds of faults. Bytes of the fuzzer's corpus mean these numbers.
const (
	fault500 = iota
	fault502
	fault429
	faultDropBefore // the connection is dropped before the call took effect
	faultDropAfter  // or after
	faultHangBefore // there is no answer, and the call had no effect
	faultHangAfter  // or had
	fault500After
	faultKinds
)

// readBadDay decodes bytes. Missing ones are zero; no bytes are invalid.
func readBadDay(data []byte) badDay {
	next := func(n int) int {
		if len(data) == 0 {
			return 0
		}
		b := int(data[0])
		data = data[1:]
		return b % n
	}
	hosts := [][]string{{host}, {host, thirdHost}}[next(2)]
	var d badDay
	d.scenario = []scenario{
		{name: "first deploy", before: emptyAccount},
		{name: "update", before: deployedAccount(hosts...), change: otherProvider},
		{name: "destroy", before: deployedAccount(hosts...), command: command{destroy: true}},
		{name: "rename", before: deployedAccount(hosts...), change: otherWorker},
		{name: "unchanged", before: deployedAccount(hosts...)},
		{name: "one more host", before: deployedAccount(hosts[0])},
		{name: "adopt", before: conflictingAccount, command: command{adopt: true}},
	}[next(7)]
	d.scenario.hosts = hosts
	d.lag = next(maxLag + 1)
	if kill := next(64); kill < 40 {
		d.killedAt = kill
	}
	for range next(4) {
		f := lastingFault{from: next(48), times: next(16) + 1, kind: next(faultKinds)}
		if f.times == 16 {
			f.times = 1000
		}
		d.faults = append(d.faults, f)
	}
	for range next(4) {
		d.edits = append(d.edits, edit{at: next(48), kind: next(editKinds), host: next(len(hosts)), delayed: next(2) == 1})
	}
	options := next(4)
	d.scenario.command.noVerify = options&1 > 0 && !d.scenario.command.destroy
	d.scenario.command.keepPartial = options&2 > 0 && !d.scenario.command.destroy
	return d
}

// FuzzBadDays runs a command while its calls fail, somebody edits the account and the run is killed. Whatever happens,
// other people's resources must not change, no record of ours may be without its route unless somebody else deleted the
// route, and the next run, in which nothing fails, must converge or name the conflict.
//
// Go minimizes every new input for up to a minute, in which it reports no executions. -fuzzminimizetime 10x shortens that.
func FuzzBadDays(f *testing.F) {
	for _, seed := range [][]byte{
		nil,
		{0, 0, 0, 0, 1, 10, 0, faultDropAfter}, // the answer to the record's creation is lost
		{1, 0, 4, 0, 2, 8, 0, faultDropAfter, 12, 15, fault500}, // and all later calls fail
		{0, 1, 0, 9},
		{0, 0, 3, 10},
		{0, 2, 0, 9},
		{1, 3, 0, 14},
		{0, 3, 2, 0, 1, 15, 3, fault502, 1, 8, redirectRoute},
		{0, 0, 0, 0, 0, 3, 7, addRecord, 0, 0, 8, addRoute, 0, 0, 9, deleteRoute},
		{0, 2, 5, 0, 0, 2, 11, changeComment, 0, 1, 12, deleteScript, 0, 1},
		{1, 5, 3, 0, 1, 17, 1, faultHangAfter, 2, 9, uploadByHand, 1, 0, 15, disableProxy, 0, 0},
		{0, 4, 0, 0, 0, 2, 6, deleteRecord, 0, 0, 7, changeContent, 0, 1},
		// With --no-verify, with --keep-partial, and with both.
		{0, 0, 0, 0, 1, 10, 0, faultDropAfter, 0, 1},
		{1, 0, 0, 0, 1, 9, 15, fault500, 0, 2},
		{0, 1, 0, 0, 0, 1, 9, deleteRecord, 0, 0, 3},
		// Found by the fuzzer: undo while lists were behind, or after an earlier attempt without an answer.
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
		readBadDay(data).run(t)
	})
}

// maxRealTime is how long one input may take, in real time. It takes some ten milliseconds on an idle machine.
const maxRealTime = time.Minute

// watch ends the process with the input and all stacks if it is not stopped in time, so that a deadlock fails with what
// led to it, and go test -fuzz keeps the input.
func watch(t *testing.T, data []byte) (stop func()) {
	timer := time.AfterFunc(maxRealTime, func() {
		debug.SetTraceback("all")
		panic(fmt.Sprintf("%s: not done after %s with %#v", t.Name(), maxRealTime, data))
	})
	return func() { timer.Stop() }
}

func (d badDay) run(t *testing.T) {
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	s := d.scenario
	account := s.before(t)
	good := newHarness(t, account, s.hosts...)
	config := s.config(good)
	if r := good.run(ctx, command{adopt: s.command.adopt}, config); r.err != nil {
		t.Fatal(r.err)
	}
	want := good.state().normalized()

	h := newHarness(t, strings.Replace(account, "{", fmt.Sprintf(`{"lag": %d,`, d.lag), 1), s.hosts...)
	start, began := h.state().normalized(), h.now
	in := newIntruder(h)
	h.allowed = in.caused
	calls := 0
	h.intercept = func(r *http.Request, call func() (*http.Response, error)) (*http.Response, error) {
		calls++
		for _, e := range d.edits {
			if e.at == calls {
				in.do(e)
			}
		}
		if d.killedAt > 0 && calls >= d.killedAt {
			kill()
			return nil, context.Canceled
		}
		res, err := h.callWithFault(d.faultAt(calls), r, call)
		in.check(r.Method + " " + r.URL.Path)
		return res, err
	}
	p, err := h.plan(ctx, s.command, config)
	r := result{err: err}
	if s.command.adopt {
		clear(in.created) // what was there for the plan is taken over
	}
	if err == nil {
		r = h.execute(ctx, p, s.command)
	}
	if r.err != nil && errcode.Of(r.err) == "" {
		t.Errorf("an error without a code: %v", r.err)
	}
	if len(d.edits) == 0 && d.killedAt == 0 {
		for _, name := range changed(start, h.state().normalized()) {
			if !r.touched[name] {
				t.Errorf("%s has changed, but is not in the receipt", name)
			}
		}
	}
	if calls > 2*maxCalls || h.now.Sub(began) > 2*maxRunTime {
		t.Errorf("%d calls in %s", calls, h.now.Sub(began))
	}
	d.checkNextRun(t, h.account("lag"), config, want, in)
}

// losesWorker reports whether the old Worker may be left after a rename: it serves nothing, and somebody removed the
// comment that names it from the record, or the record.
func (d badDay) losesWorker() bool {
	return d.scenario.name == "rename" && slices.ContainsFunc(d.edits, func(e edit) bool {
		return e.kind == changeComment || e.kind == deleteRecord
	})
}

// checkNextRun checks that a deploy in which nothing fails converges, with --adopt if the intruder caused a conflict.
func (d badDay) checkNextRun(t *testing.T, account string, config plan.Config, want map[string]string, in *intruder) {
	h := newHarness(t, account, d.scenario.hosts...)
	h.allowed = anyViolation // those before may last until this run is done
	next := command{adopt: d.scenario.command.adopt}
	p, err := h.plan(t.Context(), next, config)
	skipped := p.Skipped
	if errcode.Of(err) == errcode.Conflict {
		skipped = append(skipped, plan.HostError{Err: err})
	} else if err != nil {
		t.Fatalf("the next run cannot be planned: %v", err)
	}
	if len(skipped) > 0 {
		if !in.conflicts {
			t.Errorf("a conflict that nobody caused: %v", skipped)
		}
		for _, s := range skipped {
			if e := (*plan.ConflictError)(nil); !errors.As(s.Err, &e) || len(e.Objects) == 0 {
				t.Errorf("a conflict without its resources: %v", s.Err)
			}
		}
		if account != h.account() {
			t.Error("planning has written something")
		}
		next.adopt = true
	}
	if r := h.run(t.Context(), next, config); r.err != nil {
		t.Fatalf("the next run fails: %v", r.err)
	}
	state := h.state()
	got := state.normalized()
	if d.losesWorker() {
		delete(got, "script "+plan.WorkerName(d.scenario.hosts[0]))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the next run does not converge:\n%s", diff)
	}
	if violations := state.violations(); len(violations) > 0 {
		t.Errorf("after the next run: %v", violations)
	}
	if p, err := h.plan(t.Context(), next, config); err != nil || len(p.Changes()) > 0 {
		t.Errorf("the run after that has changes: %v, %v", p.Changes(), err)
	}
}

func (d badDay) faultAt(call int) int {
	for _, f := range d.faults {
		if call >= f.from && call < f.from+f.times {
			return f.kind
		}
	}
	return faultKinds
}

// callWithFault makes a call that meets a fault; faultKinds is none.
func (h *harness) callWithFault(kind int, r *http.Request, call func() (*http.Response, error)) (*http.Response, error) {
	const unknownError = `{"success": false, "errors": [{"code": 10013, "message": "unknown"}], "messages": [], "result": null}`
	if slices.Contains([]int{faultDropAfter, faultHangAfter, fault500After}, kind) {
		if _, err := call(); err != nil {
			return nil, err
		}
	}
	switch kind {
	case fault500, fault500After:
		return response(r, 500, "application/json", unknownError), nil
	case fault502:
		return response(r, 502, "text/html", "<html>Bad gateway</html>"), nil
	case fault429:
		res := response(r, 429, "application/json", strings.Replace(unknownError, "10013", "10100", 1))
		res.Header.Set("Retry-After", "30")
		return res, nil
	case faultDropBefore, faultDropAfter:
		return nil, io.ErrUnexpectedEOF
	case faultHangBefore, faultHangAfter:
		h.now = h.now.Add(hangTime)
		return nil, context.DeadlineExceeded
	}
	return call()
}

func response(r *http.Request, status int, contentType, body string) *http.Response {
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}
