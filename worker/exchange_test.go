package worker_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exchange is a request and the response of the upstream.
type exchange struct{ request, response message }

func (e exchange) String() string {
	show := func(m message) string {
		return fmt.Sprintf("%s %.200q\n\t%.200q\n\t%s body of %d bytes: %.60q, trailers %q", m.interim, m.startLine, m.fields, m.framing, len(m.body), m.body, m.trailers)
	}
	return "request " + show(e.request) + "\nresponse " + show(e.response)
}

// check sends the request of e directly and through the relay. It describes the differences that are not documented;
// "" if there are none.
func (w *wireHarness) check(e exchange) string {
	_, target, _ := strings.Cut(e.request.startLine, " ")
	direct := e.request
	direct.startLine = e.request.method() + " https://api.openai.com" + target // workerd writes it to its outbound service in this form
	received, directResponse, err := w.do(w.listener.Addr().String(), direct, e.response)
	if err != nil || len(received) != 1 {
		return fmt.Sprintf("direct: %d requests arrived, %v", len(received), err)
	}
	relayed, response, err := w.do(w.server.Addr("relay"), e.request, e.response)
	if err != nil || len(relayed) != 1 {
		return fmt.Sprintf("through the relay: %d requests arrived; the response is %q %q, %v", len(relayed), response.startLine, response.body, err)
	}
	got := relayed[0]
	dropFields("host")(&got, nil) // set by the outbound service, see workerd.Config
	return strings.TrimSpace(compare("request", e.request, received[0], got, requestDifferences) + "\n" +
		compare("response", e.request, directResponse, response, responseDifferences))
}

// shrink removes parts of e that the failure does not need.
func (w *wireHarness) shrink(e exchange) exchange {
	without := func(list []field, i int) []field { return slices.Delete(slices.Clone(list), i, i+1) }
	for again := true; again; {
		again = false
		var candidates []exchange
		add := func(change func(*exchange)) {
			c := e
			change(&c)
			candidates = append(candidates, c)
		}
		if first, _, ok := strings.Cut(e.request.startLine, "?"); ok {
			add(func(c *exchange) { c.request.startLine = first + " HTTP/1.1" })
		}
		for i := range e.request.fields[1:] {
			add(func(c *exchange) { c.request.fields = without(e.request.fields, i+1) })
		}
		for i := range e.response.fields {
			add(func(c *exchange) { c.response.fields = without(e.response.fields, i) })
		}
		for _, part := range []func(*exchange) *message{
			func(c *exchange) *message { return &c.request }, func(c *exchange) *message { return &c.response },
		} {
			if m := part(&e); len(m.trailers)+len(m.interim) > 0 {
				add(func(c *exchange) { part(c).trailers, part(c).interim = nil, nil })
			}
			if n := len(part(&e).body); n > 0 {
				add(func(c *exchange) { part(c).body = part(c).body[:n/2] })
			}
		}
		for _, c := range candidates {
			if w.check(c) != "" {
				e, again = c, true
				break
			}
		}
	}
	return e
}

func TestOnlyDocumentedDifferences(t *testing.T) {
	t.Parallel()
	w := startWireHarness(t)
	for seed := range uint64(1000) {
		e := randomExchange(rand.New(rand.NewPCG(3, seed)))
		if diff := w.check(e); diff != "" {
			shrunk := w.shrink(e)
			t.Errorf("seed %d:\n%s\n%s\nshrunk:\n%s\n%s", seed, diff, e, w.check(shrunk), shrunk)
		}
		if t.Failed() && seed > 20 {
			t.FailNow()
		}
	}
}

// FuzzOnlyDocumentedDifferences is TestOnlyDocumentedDifferences with exchanges from the fuzzer.
func FuzzOnlyDocumentedDifferences(f *testing.F) {
	f.Add(uint8(0), "v1/models", "limit=2&after=a%2Fb", "Range: bytes=0-1\nIf-None-Match: \"x\"", "", uint8(0), uint16(200), "OK", "Content-Encoding: br\nVary: a\nvary: b", "\x1b\x00", uint8(1))
	f.Add(uint8(2), "v1/files", "", "expect: 100-continue\nX-Latin: caf\xe9\nx-latin:", "body", uint8(2), uint16(307), "", "location: //elsewhere.example/'x'", "", uint8(2))
	f.Add(uint8(1), "a;b=c/d,e(f)!$&'*+~", "a='b'&c=\"d\"", "Connection: x-a, close\nX-A: 1\nCookie: a", "", uint8(1), uint16(304), "Not  Modified", "Set-Cookie: a\nWWW-Authenticate: Basic\nWww-Authenticate: Bearer", "", uint8(3))
	f.Add(uint8(4), "", "", "Upgrade: h2c\nOrigin: x\nSec-Fetch-Mode: cors", "", uint8(0), uint16(205), "Reset", "Trailer: x\nConnection: keep-alive", "", uint8(2))
	w := startWireHarness(f)
	f.Fuzz(func(t *testing.T, method uint8, path, query, fields, body string, framing uint8, status uint16, reason, responseLines, responseBody string, bodyFraming uint8) {
		e := exchange{
			request:  message{framing: requestFramings[int(framing)%3], body: []byte(body), fields: append([]field{{"Host", "relay.example"}}, parseFields(fields)...)},
			response: message{framing: responseFramings[int(bodyFraming)%3], body: []byte(responseBody), fields: parseFields(responseLines)},
		}
		e.request.startLine = methods[int(method)%len(methods)] + " /v1/" + disallowedInPath.ReplaceAllString(path, "") + "?" + disallowedInQuery.ReplaceAllString(query, "") + " HTTP/1.1"
		e.response.startLine = fmt.Sprintf("HTTP/1.1 %d %s", 200+status%400, strings.Trim(disallowedInReason.ReplaceAllString(reason, ""), " "))
		e = normalize(e)
		if diff := w.check(e); diff != "" {
			t.Errorf("%s\n%s", diff, e)
		}
	})
}

var (
	disallowedInPath   = regexp.MustCompile(`[^\w;=,()!$&'*+~@:/-]`)
	disallowedInQuery  = regexp.MustCompile(`[^\w;=,()!$&'*+~@:/?.%-]`)
	disallowedInReason = regexp.MustCompile(`[^ -~]`)
	headerName         = regexp.MustCompile("^[\\w!#$%&'*+.^`|~-]+$")
	headerValue        = regexp.MustCompile(`^[!-~\x80-\xff]([ -~\x80-\xff\t]*[!-~\x80-\xff])?$`)
)

// parseFields returns the lines that are valid header fields.
func parseFields(text string) []field {
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

// normalize makes e a valid HTTP exchange that the relay does not answer itself.
func normalize(e exchange) exchange {
	// workerd interprets the last two itself; preflights and WebSocket handshakes have their own tests.
	dropFields("content-length", "transfer-encoding", "upgrade", "access-control-request-method", "cf-blob", "x-forwarded-proto")(&e.request, nil)
	dropFields("content-length", "transfer-encoding")(&e.response, nil)
	// workerd drops the body of a GET or HEAD without a length, whatever the Worker does.
	if m := e.request.method(); e.request.framing == "chunked" && (m == "GET" || m == "HEAD") {
		e.request.framing = "length"
	}
	for _, m := range []*message{&e.request, &e.response} {
		if m.framing == "none" {
			m.body = nil
		}
		if m.framing != "chunked" {
			m.trailers = nil
		}
	}
	if e.response.status() == 205 {
		e.response.body = nil // RFC 9110, section 15.3.6
	}
	return e
}
