package verify

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// burstWindow is the time within which all deltas must arrive to be reported as delivered together. This is reported
// but never a failure: a fast model sends sixteen tokens within it, so a burst does not prove that something buffers
// the stream.
const burstWindow = 20 * time.Millisecond

// streamStats describes a stream of events. Durations are measured from the request.
type streamStats struct {
	events, deltas        int
	firstDelta, lastDelta time.Duration
	end                   time.Duration
	done                  bool // [DONE] was received
	model                 string
	failed                bool // an error event was received
	errorType, errorCode  string
	err                   error // of reading; nil at EOF
	truncated             bool  // the size limit was reached
}

// stream sends the question again and reads the answer as a stream of server-sent events.
func (a *attempt) stream(ctx context.Context, u Upstream) Result {
	start := time.Now()
	httpResp, err := a.conn.send(ctx, a.chatRequest(u, a.tokenLimit, true))
	if err != nil {
		return classifyNoResponse(err, CodeProviderTimeout)
	}
	head := response{status: httpResp.StatusCode, header: httpResp.Header}
	if head.status != 200 || head.build() != a.build || head.mediaType() != "text/event-stream" {
		resp, err := readResponse(httpResp, maxBody)
		if err != nil {
			return classifyNoResponse(err, CodeProviderTimeout)
		}
		return classifyNonStream(resp, u, a.build)
	}
	defer httpResp.Body.Close()
	stats := readEvents(httpResp.Body, func() time.Duration { return time.Since(start) })
	return classifyStream(stats, u)
}

// classifyNonStream classifies a response that is not a stream of events.
func classifyNonStream(r response, u Upstream, build string) Result {
	if result := classifyPaid(r, u, build); result.Code != "" {
		return result
	}
	if r.status != 200 {
		return unexpectedCompletion(r)
	}
	return Result{Code: CodeStreamNotSSE, Details: r.details("content_type", "excerpt")}
}

func classifyStream(stats streamStats, u Upstream) Result {
	details := map[string]string{"events": strconv.Itoa(stats.events)}
	if stats.failed {
		details["error_type"], details["error_code"] = stats.errorType, stats.errorCode
		return Result{Code: CodeStreamError, Details: details}
	}
	details["deltas"] = strconv.Itoa(stats.deltas)
	if reason := stats.incompleteReason(); reason != "" {
		details["reason"] = reason
		return Result{Code: CodeStreamIncomplete, Details: details}
	}
	details["model"] = stats.model
	if stats.model == "" {
		details["model"] = u.Model
	}
	details["first_ms"], details["total_ms"] = milliseconds(stats.firstDelta), milliseconds(stats.end)
	details["delivery"] = stats.delivery()
	return Result{Code: CodeStreamAnswered, Details: details}
}

// incompleteReason returns why the stream is incomplete, "" if it is complete.
func (s streamStats) incompleteReason() string {
	switch {
	case s.done && s.deltas == 0:
		return "no-delta"
	case s.done:
		return ""
	case s.truncated:
		return "too-long"
	case isTimeout(s.err):
		return "timeout"
	case s.err != nil:
		return "broken"
	}
	return "closed"
}

func (s streamStats) delivery() string {
	switch {
	case s.deltas == 1:
		return "single"
	case s.lastDelta-s.firstDelta < burstWindow:
		return "together"
	}
	return "spread"
}

// readEvents reads server-sent events until [DONE], the end, an error or maxPaidBody bytes. It reads data lines only. An
// unterminated last event counts, because some servers leave out the last blank line. clock returns the time since the
// request. https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
func readEvents(body io.Reader, clock func() time.Duration) streamStats {
	var stats streamStats
	limited := &io.LimitedReader{R: body, N: maxPaidBody}
	lines := bufio.NewReader(limited)
	var data []string
	for !stats.done {
		line, err := lines.ReadString('\n')
		line = strings.TrimRight(line, "\r\n")
		if value, ok := strings.CutPrefix(line, "data:"); ok {
			data = append(data, strings.TrimPrefix(value, " "))
		}
		if (line == "" || err != nil) && data != nil {
			stats.add(strings.Join(data, "\n"), clock())
			data = nil
		}
		if err != nil {
			stats.truncated = limited.N == 0
			if !errors.Is(err, io.EOF) {
				stats.err = err
			}
			break
		}
	}
	stats.end = clock()
	return stats
}

// add counts one event that was received at the given time.
func (s *streamStats) add(data string, at time.Duration) {
	if strings.TrimSpace(data) == "[DONE]" {
		s.done = true
		return
	}
	s.events++
	var document any
	if json.Unmarshal([]byte(data), &document) != nil {
		return
	}
	if lookup(document, "error") != nil {
		s.failed = true
		s.errorType, s.errorCode = scalarText(lookup(document, "error.type")), scalarText(lookup(document, "error.code"))
	}
	if s.model == "" {
		s.model = scalarText(lookup(document, "model"))
	}
	if _, ok := lookup(document, "choices.0.delta").(map[string]any); ok {
		if s.deltas == 0 {
			s.firstDelta = at
		}
		s.lastDelta = at
		s.deltas++
	}
}
