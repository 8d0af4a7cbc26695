package worker_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

var (
	methods          = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "SEARCH", "PURGE"}
	requestFramings  = []string{"none", "length", "chunked"}
	responseFramings = []string{"length", "chunked", "close"}
)

// requestFields are header lines as SDKs, browsers and unusual clients send them.
var requestFields = strings.Split(strings.TrimSpace(`
AUTHORIZATION: Bearer sk-0123456789
x-api-key: sk-ant-0123
X-Goog-Api-Key: AIza
api-key: 0123
Content-Type: application/json; charset=utf-8
content-type: multipart/form-data; boundary="x y"
CONTENT-ENCODING: gzip
Content-Encoding: zstd
accept: text/event-stream, */*;q=0.1
Accept: application/json
accept-encoding: gzip;q=0, identity
Accept-Encoding: zstd, br
User-Agent: OpenAI/Python 2.1.0
OpenAI-Beta: assistants=v2
openai-beta: realtime=v1
anthropic-version: 2023-06-01
ANTHROPIC-BETA: a-1,b-2
anthropic-beta:
X-Stainless-Retry-Count: 0
Idempotency-Key: "a,b"
Range: bytes=0-1,5-
If-Range: W/"v1"
If-None-Match: "a", "b"
If-Modified-Since: Mon, 01 Jun 2026 00:00:00 GMT
if-match: *
Expect: 100-continue
Cache-Control: no-cache, no-store
Pragma: no-cache
Date: Mon, 01 Jun 2026 00:00:00 GMT
Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
x-empty:
X-Quoted: "a, \"b\"; c"
x-latin: caf`+"\xe9 \xa0\xff"+`
X-UTF8: 你好
x-tab: a`+"\t"+`b
!#$%&'*+.^_|~-9: odd name
x-rep: 1
X-Rep: 2
x-REP: 2
Priority: u=1, i
Content-Language: zh-CN
Content-MD5: AAAA
Content-Disposition: attachment; filename="a;b"
Sec-Fetch-Mode: cors
Sec-WebSocket-Protocol: not-an-upgrade
X-Stainless-Lang: js
x-stainless-lang: python
X-Stainless-Lang: js
CF-Timezone: Europe/Amsterdam
CF-Whatever: x
X-Forwarded-Whatever: x
CF-Connecting-IP: 203.0.113.7
cf-ray: 8c1-AMS
X-Forwarded-For: 203.0.113.7, 10.0.0.1
X-FORWARDED-HOST: relay.example
X-Real-IP: 203.0.113.7
Forwarded: for=203.0.113.7
Via: 1.1 a
CDN-Loop: cloudflare; loops=1
Cookie: a=b
cookie: c=d
Origin: https://app.example
Referer: https://app.example/x
TE: trailers
Trailer: X-Sum
Keep-Alive: timeout=5
Connection: keep-alive, X-Rep
connection: close, authorization, content-type
Proxy-Authorization: Basic eDp5
Access-Control-Allow-Origin: odd
X-Cfproxy: the caller's own
Upgrade-Insecure-Requests: 1
X-HTTP-Method-Override: DELETE
Max-Forwards: 3
From: a@b.example
`), "\n")

var responseFields = strings.Split(strings.TrimSpace(`
Content-Type: text/event-stream; charset=utf-8
content-type: multipart/byteranges; boundary=THIS
Content-Encoding: br
CONTENT-ENCODING: gzip, x-own
Content-Range: bytes 2-4/10
Content-Language: de
Content-Location: /x
Location: https://elsewhere.example/?a=b#c
location: ../x y
Location: //elsewhere.example
Set-Cookie: a=b; Path=/
set-cookie: c=d; Expires=Mon, 01 Jun 2026 00:00:00 GMT
WWW-Authenticate: Basic realm="a, b"
www-authenticate: Bearer error="invalid_token"
Retry-After: 7
retry-after-ms: 70
X-Should-Retry: false
X-Ratelimit-Remaining-Requests: 4999
x-request-id: req_1
Link: <https://a.example/?x,y>; rel="next"
LINK: <b>
Vary: Accept-Encoding
vary: Origin
ETag: W/"1"
Last-Modified: Mon, 01 Jun 2026 00:00:00 GMT
Date: Mon, 01 Jun 2026 00:00:00 GMT
Age: 3
Cache-Control: private, max-age=0
cache-control: no-transform
Expires: 0
Server: upstream
X-Empty:
x-latin: caf`+"\xe9 \xff"+`
X-UTF8: 你好
Warning: 199 - "x"
Accept-Ranges: bytes
Allow: GET, POST
Content-Disposition: attachment; filename*=UTF-8''%e4%bd%a0
Content-Security-Policy: default-src 'none'
Strict-Transport-Security: max-age=1
Alt-Svc: h3=":443"
Proxy-Authenticate: Basic
Access-Control-Allow-Origin: https://platform.example
Access-Control-Allow-Credentials: true
Access-Control-Expose-Headers: x
Access-Control-Max-Age: 1
Timing-Allow-Origin: *
Connection: keep-alive
Keep-Alive: timeout=5
Trailer: X-Sum
Upgrade: h2c
X-Cfproxy: forged
X-Cfproxy-Error: forged
Cf-Ray: 8c1-SJC
Cf-Cache-Status: DYNAMIC
Sec-WebSocket-Accept: x
X-Content-Type-Options: nosniff
Via: 1.1 google
Status: 500
`), "\n")

// statuses are chosen more often than other statuses from 200 to 599.
var statuses = []int{200, 201, 202, 204, 205, 206, 300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 403, 404, 407, 416, 421, 425, 429, 451, 499, 500, 502, 503, 520, 529, 599}

// randomExchange returns a valid HTTP exchange.
func randomExchange(r *rand.Rand) exchange {
	e := exchange{request: message{framing: pick(r, requestFramings), body: randomBytes(r), trailers: randomTrailers(r)},
		response: message{framing: pick(r, responseFramings), body: randomBytes(r), trailers: randomTrailers(r)}}
	e.request.startLine = pick(r, methods) + " " + randomTarget(r) + " HTTP/1.1"
	e.request.fields = append([]field{{"Host", "relay.example"}}, pickFields(r, requestFields)...)
	status := 200 + r.IntN(400)
	if r.IntN(2) == 0 {
		status = pick(r, statuses)
	}
	e.response.startLine = fmt.Sprintf("HTTP/1.1 %d %s", status, pick(r, []string{"", "OK", "Not OK", "a  b: c", "caf\xc3\xa9", strings.Repeat("long ", 40) + "."}))
	e.response.fields = pickFields(r, responseFields)
	switch r.IntN(6) {
	case 0:
		e.response.interim = []string{"HTTP/1.1 100 Continue"}
	case 1:
		e.response.interim = []string{"HTTP/1.1 103 Early Hints", "HTTP/1.1 102 Processing"}
	}
	return normalize(e)
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// pickFields returns up to ten of the lines, and sometimes a very long one.
func pickFields(r *rand.Rand, lines []string) []field {
	var taken []string
	for range r.IntN(11) {
		taken = append(taken, pick(r, lines))
	}
	if r.IntN(8) == 0 {
		taken = append(taken, "X-Long: "+strings.Repeat("0123456789abcdef", 1+r.IntN(400)))
	}
	return parseFields(strings.Join(taken, "\n"))
}

func randomTrailers(r *rand.Rand) []field {
	if r.IntN(4) > 0 {
		return nil
	}
	return []field{{"X-Sum", "0123"}}
}

// randomBytes returns a body of any bytes, from empty to larger than any buffer.
func randomBytes(r *rand.Rand) []byte {
	size := r.IntN(64)
	switch r.IntN(8) {
	case 0:
		size = 0
	case 1:
		size = pick(r, []int{1, 4095, 4096, 4097, 16384, 65535, 65536, 65537})
	case 2:
		size = r.IntN(300_000)
	}
	body := make([]byte, size)
	for i := range body {
		body[i] = byte(r.Uint32())
	}
	return body
}

// randomTarget returns a path in canonical form with any query.
func randomTarget(r *rand.Rand) string {
	segments := []string{"v1", "chat", "completions", "a..b", "...", ".x", "ft:gpt%2F4%20o@x;y=z,(1)!$&'*+~", "%E4%BD%A0", "%00", "x%2e", "%5B", "", "-"}
	var path strings.Builder
	path.WriteString("/v1")
	for range r.IntN(5) {
		path.WriteString("/" + pick(r, segments))
	}
	queries := []string{"", "?", "?a=b", "?key=AIza&alt=sse", "?a=%2F..%2F&b=//evil.example/&c=%00", "??x=&&=&", "?q='x'+y%20z", "?a[]=1&{b}|c^d`\\", "?%zz=%", "?" + strings.Repeat("x", r.IntN(4000))}
	return path.String() + pick(r, queries)
}
