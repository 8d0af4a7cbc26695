package worker_test

import (
	"fmt"
	"slices"
	"strings"
)

// difference is one way in which what goes through the relay is not what goes
// straight, who is the cause, and why it does no harm. apply makes of a message
// that went straight what has to come out of the relay; request is the one that
// was sent.
type difference struct {
	by    string
	what  string
	apply func(m, request *message)
}

// requestDifferences are all there are between a request that reaches the
// upstream straight and one that comes through the relay.
var requestDifferences = []difference{
	{"the Worker", "what names the caller, its browser or the way it came stays behind",
		drop("cf-*", "x-forwarded-*", "x-real-ip", "x-client-ip", "true-client-ip", "forwarded", "via", "cdn-loop",
			"cookie", "origin", "referer")},
	{"the Worker", "so does what a browser adds, but for Sec-WebSocket-*",
		dropBut("sec-websocket-", "sec-*")},
	{"the Worker", "what a Connection header lists is for that connection only, unless it is the authorization or describes the body",
		dropNamedByConnection},
	{"the Worker", "what is for one connection only stays behind (RFC 9110, section 7.6.1)",
		drop("connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "upgrade")},
	{"the Worker", "the path leads to the provider, without its prefix, and Host names it",
		drop("host")},
	{"workerd", "what a URL writes percent-encoded in a query is so encoded: an apostrophe, which means the same",
		func(m, _ *message) {
			path, query, _ := strings.Cut(m.first, "?")
			if query != "" {
				m.first = path + "?" + strings.ReplaceAll(query, "'", "%27")
			}
		}},
	{"workerd", "a request without a body says so by its length, but for GET and HEAD, which say nothing", frameBody},
	{"workerd", "trailers are dropped, as RFC 9110, section 6.5.1 allows", dropTrailers},
	{"workerd", "names are in any case, and in any order; values of one name keep theirs (RFC 9110, section 5.3)", orderNames},
	{"workerd", "values of one name may be put in one line, with commas (the same section)", joinValues},
}

// answerDifferences are all there are between an answer that the caller gets
// straight and one that comes through the relay.
var answerDifferences = []difference{
	{"the Worker", "cookies and policies of the provider's host would fall upon the relay's, if a browser could see them",
		unlessSDK(drop("set-cookie", "strict-transport-security", "alt-svc", "x-cfproxy-error"))},
	{"the Worker", "its mark", unlessSDK(func(m, _ *message) {
		drop("x-cfproxy")(m, nil)
		m.fields = append(m.fields, field{"X-Cfproxy", build})
	})},
	{"the Worker", "which pages may read an answer is the relay's to say, if one asks", func(m, request *message) {
		if request.get("origin") != "" {
			drop("access-control-allow-credentials", "access-control-allow-methods", "access-control-allow-headers",
				"access-control-allow-private-network", "access-control-max-age")(m, nil)
		}
	}},
	{"the Worker", "so it says it", unlessSDK(func(m, _ *message) {
		drop("access-control-allow-origin", "access-control-expose-headers")(m, nil)
		m.fields = append(m.fields, field{"Access-Control-Allow-Origin", "*"}, field{"Access-Control-Expose-Headers", "…"})
	})},
	{"workerd", "what is for one connection only stays behind", drop("connection", "keep-alive", "te", "trailer", "upgrade")},
	{"workerd", "it ends the connection where it was asked to", func(m, request *message) {
		if slices.Contains(request.list("connection"), "close") {
			m.fields = append(m.fields, field{"Connection", "close"})
		}
	}},
	{"workerd", "a body that ends with the connection comes in chunks", func(m, _ *message) {
		if m.framing == "close" {
			m.framing = "chunked"
		}
	}},
	{"workerd", "an answer without a body by definition tells how long it would have been only to HEAD, and only if it was told", frameNoBody},
	{"workerd", "informational answers (1xx) end at the next hop; it says itself that a request with Expect may continue", func(m, request *message) {
		m.interim = nil
		if strings.EqualFold(request.get("expect"), "100-continue") && (request.framing == "chunked" || len(request.body) > 0) {
			m.interim = []string{"HTTP/1.1 100 Continue"}
		}
	}},
	{"workerd", "a reason phrase beyond ASCII, which has been without meaning since HTTP/2, is dropped", func(m, _ *message) {
		if i := strings.IndexFunc(m.first, func(r rune) bool { return r > '~' }); i >= 0 {
			m.first = fmt.Sprintf("HTTP/1.1 %d ", m.status())
		}
	}},
	{"workerd", "trailers are dropped, as RFC 9110, section 6.5.1 allows", dropTrailers},
	{"workerd", "names are in any case, and in any order; values of one name keep theirs (RFC 9110, section 5.3)", orderNames},
	{"workerd", "values of one name may be put in one line, with commas (the same section)", joinValues},
}

func drop(patterns ...string) func(m, request *message) { return dropBut("\x00", patterns...) }

// dropBut drops the fields whose names fit one of patterns, unless they begin with but.
func dropBut(but string, patterns ...string) func(m, request *message) {
	return func(m, _ *message) {
		m.fields = slices.DeleteFunc(slices.Clone(m.fields), func(f field) bool {
			name := strings.ToLower(f.name)
			return !strings.HasPrefix(name, but) && slices.ContainsFunc(patterns, func(pattern string) bool {
				family, ok := strings.CutSuffix(pattern, "*")
				return name == pattern || ok && strings.HasPrefix(name, family)
			})
		})
	}
}

// unlessSDK leaves the successes out that answer an official SDK which runs in no browser.
func unlessSDK(apply func(m, request *message)) func(m, request *message) {
	return func(m, request *message) {
		if request.get("x-stainless-lang") == "" || request.get("origin") != "" || m.status() != 200 {
			apply(m, request)
		}
	}
}

func dropNamedByConnection(m, request *message) {
	for _, name := range request.list("connection") {
		if name != "authorization" && !strings.HasPrefix(name, "content-") {
			drop(name)(m, nil)
		}
	}
}

func frameBody(m, request *message) {
	switch isPlain := request.method() == "GET" || request.method() == "HEAD"; {
	case isPlain && len(m.body) == 0:
		m.framing = "none"
		drop("content-length")(m, nil)
	case !isPlain && m.framing == "none":
		m.framing = "length"
		m.fields = append(m.fields, field{"content-length", "0"})
	}
}

func frameNoBody(m, request *message) {
	switch status := m.status(); {
	case request.method() == "HEAD" && m.framing == "chunked":
		m.framing = "none"
	case status == 205 && m.framing != "length": // its body is always empty
		m.framing = "length"
		m.fields = append(m.fields, field{"content-length", "0"})
	case request.method() == "HEAD":
	case status == 204 || status == 304:
		m.framing = "none"
		drop("content-length")(m, nil)
	}
}

func dropTrailers(m, _ *message) { m.trailers = nil }

func orderNames(m, _ *message) {
	m.fields = slices.Clone(m.fields)
	for i := range m.fields {
		m.fields[i].name = strings.ToLower(m.fields[i].name)
	}
	slices.SortStableFunc(m.fields, func(a, b field) int { return strings.Compare(a.name, b.name) })
}

// joinValues supposes that fields of one name follow each other.
func joinValues(m, _ *message) {
	var joined []field
	for _, f := range m.fields {
		if n := len(joined); n > 0 && joined[n-1].name == f.name {
			joined[n-1].value += ", " + f.value
		} else {
			joined = append(joined, f)
		}
	}
	m.fields = joined
}

// compare tells in words what of got is not as it has to be, "" if nothing.
// Framing is compared for itself, so that its fields need not be.
func compare(what string, request, straight, got message, differences []difference) string {
	for _, d := range differences {
		d.apply(&straight, &request)
	}
	orderNames(&got, nil)
	joinValues(&got, nil)
	for i, f := range got.fields {
		if f.name == "access-control-expose-headers" && strings.Contains(f.value, "x-request-id") {
			got.fields[i].value = "…" // the list itself has a test of its own
		}
	}
	var said []string
	say := func(part string, want, got any) {
		if w, g := fmt.Sprintf("%.300q", want), fmt.Sprintf("%.300q", got); w != g {
			said = append(said, fmt.Sprintf("%s: %s: want %s\n\tgot %s", what, part, w, g))
		}
	}
	say("first line", straight.first, got.first)
	say("framing", straight.framing, got.framing)
	say("fields", withoutFraming(straight.fields), withoutFraming(got.fields))
	say("trailers", straight.trailers, got.trailers)
	say("interim answers", straight.interim, got.interim)
	if string(straight.body) != string(got.body) {
		said = append(said, fmt.Sprintf("%s: body: want %d bytes, got %d, or others", what, len(straight.body), len(got.body)))
	}
	return strings.Join(said, "\n")
}

// withoutFraming leaves Content-Length standing, which must be right even where
// no body follows.
func withoutFraming(fields []field) []field {
	return slices.DeleteFunc(slices.Clone(fields), func(f field) bool { return f.name == "transfer-encoding" })
}
