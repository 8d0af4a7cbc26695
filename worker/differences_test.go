package worker_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// difference is one documented difference between a direct message and one through the relay: its cause, and why it
// is harmless. apply turns a direct message into what must come out of the relay; request is the request that was
// sent.
type difference struct {
	cause  string
	reason string
	apply  func(m, request *message)
}

// requestDifferences are all differences between a direct request and one through the relay.
var requestDifferences = []difference{
	{"the Worker", "headers that identify the caller, its browser or the path of the request are stripped",
		dropFields("cf-*", "x-forwarded-*", "x-real-ip", "x-client-ip", "true-client-ip", "forwarded", "via", "cdn-loop",
			"cookie", "origin", "referer")},
	{"the Worker", "so are headers that a browser adds, except Sec-WebSocket-*",
		dropFieldsExcept("sec-websocket-", "sec-*")},
	{"the Worker", "headers named by Connection apply to one connection only, except the authorization and those that describe the body",
		dropConnectionOptions},
	{"the Worker", "hop-by-hop headers are stripped (RFC 9110, section 7.6.1)",
		dropFields("connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "upgrade")},
	{"the Worker", "the path loses the provider's prefix, and Host is the provider's",
		dropFields("host")},
	{"workerd", "the URL standard percent-encodes an apostrophe in a query, which is equivalent",
		func(m, _ *message) {
			path, query, _ := strings.Cut(m.startLine, "?")
			if query != "" {
				m.startLine = path + "?" + strings.ReplaceAll(query, "'", "%27")
			}
		}},
	{"workerd", "a request without a body has Content-Length: 0, except GET and HEAD, which have none", frameRequestBody},
	{"workerd", "trailers are dropped, as RFC 9110, section 6.5.1 allows", dropTrailers},
	{"workerd", "header names may change case and order; values of one name keep their order (RFC 9110, section 5.3)", sortFields},
	{"workerd", "values of one name may be joined by commas (same section)", joinFields},
}

// responseDifferences are all differences between a direct response and one through the relay.
var responseDifferences = []difference{
	{"the Worker", "cookies and policies of the provider's host would apply to the relay's host",
		unlessSDK(dropFields("set-cookie", "strict-transport-security", "alt-svc", "x-cfproxy-error"))},
	{"the Worker", "the build header is set", unlessSDK(func(m, _ *message) {
		dropFields("x-cfproxy")(m, nil)
		m.fields = append(m.fields, field{"X-Cfproxy", build})
	})},
	{"the Worker", "the relay decides which pages may read a response", func(m, request *message) {
		if request.get("origin") != "" {
			dropFields("access-control-allow-credentials", "access-control-allow-methods", "access-control-allow-headers",
				"access-control-allow-private-network", "access-control-max-age")(m, nil)
		}
	}},
	{"the Worker", "so it sets the CORS headers", unlessSDK(func(m, _ *message) {
		dropFields("access-control-allow-origin", "access-control-expose-headers")(m, nil)
		m.fields = append(m.fields, field{"Access-Control-Allow-Origin", "*"}, field{"Access-Control-Expose-Headers", "…"})
	})},
	{"workerd", "hop-by-hop headers are stripped", dropFields("connection", "keep-alive", "te", "trailer", "upgrade")},
	{"workerd", "it closes the connection on request", func(m, request *message) {
		if slices.Contains(request.items("connection"), "close") {
			m.fields = append(m.fields, field{"Connection", "close"})
		}
	}},
	{"workerd", "a body that ends with the connection becomes chunked", func(m, _ *message) {
		if m.framing == "close" {
			m.framing = "chunked"
		}
	}},
	{"workerd", "a response that cannot have a body keeps its Content-Length only for HEAD", frameResponseWithoutBody},
	{"workerd", "informational responses (1xx) are not forwarded; it sends 100 Continue itself", func(m, request *message) {
		m.interim = nil
		if strings.EqualFold(request.get("expect"), "100-continue") && (request.framing == "chunked" || len(request.body) > 0) {
			m.interim = []string{"HTTP/1.1 100 Continue"}
		}
	}},
	{"workerd", "a reason phrase that is not ASCII is dropped; HTTP/2 has none at all", func(m, _ *message) {
		if i := strings.IndexFunc(m.startLine, func(r rune) bool { return r > '~' }); i >= 0 {
			m.startLine = fmt.Sprintf("HTTP/1.1 %d ", m.status())
		}
	}},
	{"workerd", "trailers are dropped, as RFC 9110, section 6.5.1 allows", dropTrailers},
	{"workerd", "header names may change case and order; values of one name keep their order (RFC 9110, section 5.3)", sortFields},
	{"workerd", "values of one name may be joined by commas (same section)", joinFields},
}

// dropFields drops the fields that match one of patterns: a name in lower case, or a prefix with an asterisk.
func dropFields(patterns ...string) func(m, request *message) {
	return dropFieldsExcept("\x00", patterns...)
}

// dropFieldsExcept drops the fields that match one of patterns, except those whose name has the prefix exception.
func dropFieldsExcept(exception string, patterns ...string) func(m, request *message) {
	return func(m, _ *message) {
		m.fields = slices.DeleteFunc(slices.Clone(m.fields), func(f field) bool {
			name := strings.ToLower(f.name)
			return !strings.HasPrefix(name, exception) && slices.ContainsFunc(patterns, func(pattern string) bool {
				prefix, ok := strings.CutSuffix(pattern, "*")
				return name == pattern || ok && strings.HasPrefix(name, prefix)
			})
		})
	}
}

// unlessSDK applies a difference to all responses except those that the relay returns unmodified: status 200, to an
// official SDK outside a browser.
func unlessSDK(apply func(m, request *message)) func(m, request *message) {
	return func(m, request *message) {
		if request.get("x-stainless-lang") == "" || request.get("origin") != "" || m.status() != 200 {
			apply(m, request)
		}
	}
}

func dropConnectionOptions(m, request *message) {
	for _, name := range request.items("connection") {
		if name != "authorization" && !strings.HasPrefix(name, "content-") {
			dropFields(name)(m, nil)
		}
	}
}

func frameRequestBody(m, request *message) {
	switch isGetOrHead := request.method() == "GET" || request.method() == "HEAD"; {
	case isGetOrHead && len(m.body) == 0:
		m.framing = "none"
		dropFields("content-length")(m, nil)
	case !isGetOrHead && m.framing == "none":
		m.framing = "length"
		m.fields = append(m.fields, field{"content-length", "0"})
	}
}

func frameResponseWithoutBody(m, request *message) {
	switch status := m.status(); {
	case request.method() == "HEAD" && m.framing == "chunked":
		m.framing = "none"
	case status == 205 && m.framing != "length": // its body is always empty
		m.framing = "length"
		m.fields = append(m.fields, field{"content-length", "0"})
	case request.method() == "HEAD":
	case status == 204 || status == 304:
		m.framing = "none"
		dropFields("content-length")(m, nil)
	}
}

func dropTrailers(m, _ *message) { m.trailers = nil }

func sortFields(m, _ *message) {
	m.fields = slices.Clone(m.fields)
	for i := range m.fields {
		m.fields[i].name = strings.ToLower(m.fields[i].name)
	}
	slices.SortStableFunc(m.fields, func(a, b field) int { return strings.Compare(a.name, b.name) })
}

// joinFields joins adjacent fields of one name.
func joinFields(m, _ *message) {
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

// compare applies the differences to direct and describes how got differs from the result; "" if it does not. Framing
// is compared separately from its header fields.
func compare(kind string, request, direct, got message, differences []difference) string {
	for _, d := range differences {
		d.apply(&direct, &request)
	}
	sortFields(&got, nil)
	joinFields(&got, nil)
	for i, f := range got.fields {
		if f.name == "access-control-expose-headers" && strings.Contains(f.value, "x-request-id") {
			got.fields[i].value = "…" // tested in TestCORSHeaders
		}
	}
	var diffs []string
	check := func(part string, want, got any) {
		if w, g := fmt.Sprintf("%.300q", want), fmt.Sprintf("%.300q", got); w != g {
			diffs = append(diffs, fmt.Sprintf("%s: %s: want %s\n\tgot %s", kind, part, w, g))
		}
	}
	check("first line", direct.startLine, got.startLine)
	check("framing", direct.framing, got.framing)
	check("fields", withoutFraming(direct.fields), withoutFraming(got.fields))
	check("trailers", direct.trailers, got.trailers)
	check("interim responses", direct.interim, got.interim)
	if !bytes.Equal(direct.body, got.body) {
		diffs = append(diffs, fmt.Sprintf("%s: body: want %d bytes, got %d, or different ones", kind, len(direct.body), len(got.body)))
	}
	return strings.Join(diffs, "\n")
}

// withoutFraming drops Transfer-Encoding. Content-Length is kept, because it must be right even without a body.
func withoutFraming(fields []field) []field {
	return slices.DeleteFunc(slices.Clone(fields), func(f field) bool { return f.name == "transfer-encoding" })
}
