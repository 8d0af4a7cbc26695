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

// together is the span within which deltas count as one lump. It is told, never judged: a fast model fills an answer of
// sixteen tokens within it, so a lump proves no buffering.
const together = 20 * time.Millisecond

// tally is what a stream amounted to.
type tally struct {
	events, deltas      int
	first, last, end    time.Duration // since the request, of the deltas and of the whole
	done                bool          // saw [DONE]
	model               string
	failed              bool // saw an error event
	errorType, errorNum string
	err                 error // of reading; nil at a regular end
	cut                 bool  // stopped at the limit
}

// stream asks the question again and reads the answer as it comes.
func (p *pass) stream(ctx context.Context, u Upstream) verdict {
	begun := time.Now()
	resp, err := p.link.send(ctx, p.paid(u, p.limit, true))
	if err != nil {
		return judgeSilence(err, CodeProviderTimeout)
	}
	head := answer{status: resp.StatusCode, header: resp.Header}
	if head.status != 200 || head.mark() != p.build || head.mediaType() != "text/event-stream" {
		a, err := read(resp, maxBody)
		if err != nil {
			return judgeSilence(err, CodeProviderTimeout)
		}
		return judgeNoStream(a, u, p.build)
	}
	defer resp.Body.Close()
	count := readEvents(resp.Body, maxPaid, func() time.Duration { return time.Since(begun) })
	return judgeStream(count, u)
}

// judgeNoStream judges an answer that is not a stream of events.
func judgeNoStream(a answer, u Upstream, build string) verdict {
	if v := judgePaid(a, u, build); v.code != "" {
		return v
	}
	if a.status != 200 {
		return unexpected(a)
	}
	return verdict{CodeStreamNotSSE, a.describe("content_type", "excerpt")}
}

func judgeStream(count tally, u Upstream) verdict {
	details := map[string]string{"events": strconv.Itoa(count.events)}
	if count.failed {
		details["error_type"], details["error_code"] = count.errorType, count.errorNum
		return verdict{CodeStreamError, details}
	}
	details["deltas"] = strconv.Itoa(count.deltas)
	if reason := count.flaw(); reason != "" {
		details["reason"] = reason
		return verdict{CodeStreamIncomplete, details}
	}
	details["model"] = count.model
	if count.model == "" {
		details["model"] = u.Model
	}
	details["first_ms"], details["total_ms"] = milliseconds(count.first), milliseconds(count.end)
	details["delivery"] = count.delivery()
	return verdict{CodeStreamAnswered, details}
}

// flaw says why a stream is incomplete, "" if it is not.
func (c tally) flaw() string {
	switch {
	case c.done && c.deltas == 0:
		return "no-delta"
	case c.done:
		return ""
	case c.cut:
		return "too-long"
	case isTimeout(c.err):
		return "timeout"
	case c.err != nil:
		return "broken"
	}
	return "closed"
}

func (c tally) delivery() string {
	switch {
	case c.deltas == 1:
		return "single"
	case c.last-c.first < together:
		return "together"
	}
	return "spread"
}

// readEvents reads server-sent events until [DONE], the end, an error or the limit in bytes. It heeds data lines only; an
// event that the end cuts short still counts, as some servers leave out the last blank line.
// https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
func readEvents(body io.Reader, limit int64, clock func() time.Duration) tally {
	var count tally
	rest := &io.LimitedReader{R: body, N: limit}
	lines := bufio.NewReader(rest)
	var data []string
	for !count.done {
		line, err := lines.ReadString('\n')
		line = strings.TrimRight(line, "\r\n")
		if value, is := strings.CutPrefix(line, "data:"); is {
			data = append(data, strings.TrimPrefix(value, " "))
		}
		if (line == "" || err != nil) && data != nil {
			count.add(strings.Join(data, "\n"), clock())
			data = nil
		}
		if err != nil {
			count.cut = rest.N == 0
			if !errors.Is(err, io.EOF) {
				count.err = err
			}
			break
		}
	}
	count.end = clock()
	return count
}

// add counts one event.
func (c *tally) add(data string, when time.Duration) {
	if strings.TrimSpace(data) == "[DONE]" {
		c.done = true
		return
	}
	c.events++
	var document any
	if json.Unmarshal([]byte(data), &document) != nil {
		return
	}
	if at(document, "error") != nil {
		c.failed = true
		c.errorType, c.errorNum = text(at(document, "error.type")), text(at(document, "error.code"))
	}
	if c.model == "" {
		c.model = text(at(document, "model"))
	}
	if _, is := at(document, "choices.0.delta").(map[string]any); is {
		if c.deltas == 0 {
			c.first = when
		}
		c.last = when
		c.deltas++
	}
}
