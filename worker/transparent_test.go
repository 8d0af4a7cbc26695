package worker_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exchange is a request and the answer that the upstream gives to it.
type exchange struct{ request, answer message }

func (e exchange) String() string {
	show := func(m message) string {
		return fmt.Sprintf("%s %.200q\n\t%.200q\n\t%s body of %d bytes: %.60q, trailers %q", m.interim, m.first, m.fields, m.framing, len(m.body), m.body, m.trailers)
	}
	return "request " + show(e.request) + "\nanswer " + show(e.answer)
}

// check sends e straight to the upstream and through the relay. It returns in
// words what differs beyond what is documented, "" if nothing.
func (w *wire) check(e exchange) string {
	_, target, _ := strings.Cut(e.request.first, " ")
	straight := e.request
	straight.first = e.request.method() + " https://api.openai.com" + target // as the way out of workerd writes it
	direct, directBack, err := w.ask(w.listener.Addr().String(), straight, e.answer)
	if err != nil || len(direct) != 1 {
		return fmt.Sprintf("straight: %d requests arrived, %v", len(direct), err)
	}
	relayed, back, err := w.ask(w.server.Addr("relay"), e.request, e.answer)
	if err != nil || len(relayed) != 1 {
		return fmt.Sprintf("through the relay: %d requests arrived; the answer is %q %q, %v", len(relayed), back.first, back.body, err)
	}
	got := relayed[0]
	drop("host")(&got, nil) // set by the way out, see workerd.Config
	return strings.TrimSpace(compare("request", e.request, direct[0], got, requestDifferences) + "\n" +
		compare("answer", e.request, directBack, back, answerDifferences))
}

// shrink takes away from e what the failure does not need.
func (w *wire) shrink(e exchange) exchange {
	without := func(list []field, i int) []field { return slices.Delete(slices.Clone(list), i, i+1) }
	for again := true; again; {
		again = false
		var smaller []exchange
		add := func(change func(*exchange)) {
			c := e
			change(&c)
			smaller = append(smaller, c)
		}
		if first, _, ok := strings.Cut(e.request.first, "?"); ok {
			add(func(c *exchange) { c.request.first = first + " HTTP/1.1" })
		}
		for i := range e.request.fields[1:] {
			add(func(c *exchange) { c.request.fields = without(e.request.fields, i+1) })
		}
		for i := range e.answer.fields {
			add(func(c *exchange) { c.answer.fields = without(e.answer.fields, i) })
		}
		for _, part := range []func(*exchange) *message{
			func(c *exchange) *message { return &c.request }, func(c *exchange) *message { return &c.answer },
		} {
			if m := part(&e); len(m.trailers)+len(m.interim) > 0 {
				add(func(c *exchange) { part(c).trailers, part(c).interim = nil, nil })
			}
			if n := len(part(&e).body); n > 0 {
				add(func(c *exchange) { part(c).body = part(c).body[:n/2] })
			}
		}
		for _, c := range smaller {
			if w.check(c) != "" {
				e, again = c, true
				break
			}
		}
	}
	return e
}

func TestTheRelayIsInvisibleOnTheWire(t *testing.T) {
	t.Parallel()
	w := startWire(t)
	for seed := range uint64(1000) {
		e := generate(rand.New(rand.NewPCG(3, seed)))
		if said := w.check(e); said != "" {
			small := w.shrink(e)
			t.Errorf("seed %d:\n%s\n%s\nsmaller:\n%s\n%s", seed, said, e, w.check(small), small)
		}
		if t.Failed() && seed > 20 {
			t.FailNow()
		}
	}
}

// FuzzTheRelayIsInvisibleOnTheWire asks the same of what the fuzzer thinks of.
func FuzzTheRelayIsInvisibleOnTheWire(f *testing.F) {
	f.Add(uint8(0), "v1/models", "limit=2&after=a%2Fb", "Range: bytes=0-1\nIf-None-Match: \"x\"", "", uint8(0), uint16(200), "OK", "Content-Encoding: br\nVary: a\nvary: b", "\x1b\x00", uint8(1))
	f.Add(uint8(2), "v1/files", "", "expect: 100-continue\nX-Latin: caf\xe9\nx-latin:", "body", uint8(2), uint16(307), "", "location: //elsewhere.example/'x'", "", uint8(2))
	f.Add(uint8(1), "a;b=c/d,e(f)!$&'*+~", "a='b'&c=\"d\"", "Connection: x-a, close\nX-A: 1\nCookie: a", "", uint8(1), uint16(304), "Not  Modified", "Set-Cookie: a\nWWW-Authenticate: Basic\nWww-Authenticate: Bearer", "", uint8(3))
	f.Add(uint8(4), "", "", "Upgrade: h2c\nOrigin: x\nSec-Fetch-Mode: cors", "", uint8(0), uint16(205), "Reset", "Trailer: x\nConnection: keep-alive", "", uint8(2))
	w := startWire(f)
	f.Fuzz(func(t *testing.T, method uint8, path, query, fields, body string, framing uint8, status uint16, reason, back, text string, backFraming uint8) {
		e := exchange{
			request: message{framing: requestFramings[int(framing)%3], body: []byte(body), fields: append([]field{{"Host", "relay.example"}}, fieldsOf(fields)...)},
			answer:  message{framing: answerFramings[int(backFraming)%3], body: []byte(text), fields: fieldsOf(back)},
		}
		e.request.first = methods[int(method)%len(methods)] + " /v1/" + notInPath.ReplaceAllString(path, "") + "?" + notInQuery.ReplaceAllString(query, "") + " HTTP/1.1"
		e.answer.first = fmt.Sprintf("HTTP/1.1 %d %s", 200+status%400, strings.Trim(notInReason.ReplaceAllString(reason, ""), " "))
		e = legal(e)
		if said := w.check(e); said != "" {
			t.Errorf("%s\n%s", said, e)
		}
	})
}

var (
	notInPath   = regexp.MustCompile(`[^\w;=,()!$&'*+~@:/-]`)
	notInQuery  = regexp.MustCompile(`[^\w;=,()!$&'*+~@:/?.%-]`)
	notInReason = regexp.MustCompile(`[^ -~]`)
	headerName  = regexp.MustCompile("^[\\w!#$%&'*+.^`|~-]+$")
	headerValue = regexp.MustCompile(`^[!-~\x80-\xff]([ -~\x80-\xff\t]*[!-~\x80-\xff])?$`)
)

// fieldsOf takes what can be a header line, and leaves the framing to others.
func fieldsOf(text string) []field {
	var fields []field
	for line := range strings.SplitSeq(text, "\n") {
		name, value, _ := strings.Cut(line, ":")
		value = strings.Trim(value, " \t")
		if headerName.MatchString(name) && (value == "" || headerValue.MatchString(value)) {
			fields = append(fields, field{name, value})
		}
	}
	return fields
}

// legal makes e one that HTTP allows and that is not the relay's own business.
func legal(e exchange) exchange {
	// The way out and the sockets of workerd have a use of their own for the
	// last two; a preflight and a handshake have tests of their own.
	drop("content-length", "transfer-encoding", "upgrade", "access-control-request-method", "cf-blob", "x-forwarded-proto")(&e.request, nil)
	drop("content-length", "transfer-encoding")(&e.answer, nil)
	// A GET or HEAD whose body tells no length has none to workerd, whatever the Worker.
	if m := e.request.method(); e.request.framing == "chunked" && (m == "GET" || m == "HEAD") {
		e.request.framing = "length"
	}
	for _, m := range []*message{&e.request, &e.answer} {
		if m.framing == "none" {
			m.body = nil
		}
		if m.framing != "chunked" {
			m.trailers = nil
		}
	}
	if e.answer.status() == 205 {
		e.answer.body = nil // RFC 9110, section 15.3.6
	}
	return e
}
