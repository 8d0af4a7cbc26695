package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/worker/workerd"
	"github.com/google/go-cmp/cmp"
)

// findWorkerd installs workerd once if it has to. Where npm is missing the tests that need it are skipped, except in CI.
var findWorkerd = sync.OnceValues(func() (string, error) {
	dir, err := workerd.CacheDir()
	if err != nil {
		return "", err
	}
	bin, err := workerd.Find(os.Getenv, dir)
	if !errors.Is(err, workerd.ErrNotFound) {
		return bin, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	return workerd.Install(ctx, dir, func(string) {})
})

func needWorkerd(t *testing.T) string {
	t.Helper()
	bin, err := findWorkerd()
	if err == nil {
		return bin
	}
	if _, npm := exec.LookPath("npm"); npm != nil && os.Getenv("CI") == "" {
		t.Skipf("SKIPPED: without npm there is no workerd, so no script was run: %v", err)
	}
	t.Fatal(err)
	return ""
}

// relaySource is a relay in a few lines, with doors of its own for the tests.
const relaySource = `export default {
  async fetch(request, env) {
    const url = new URL(request.url)
    if (url.pathname === "/-/echo") {
      return Response.json({ url: request.url, cf: request.cf, headers: Object.fromEntries(request.headers), body: await request.text(), env })
    }
    if (url.pathname === "/-/throw") throw new Error("boom")
    if (url.pathname === "/-/500") return new Response("Internal Server Error", { status: 500 })
    if (url.pathname.startsWith("/-/to/")) {
      const [, , , host, ...path] = url.pathname.split("/")
      return fetch(new Request("https://" + host + "/" + path.join("/") + url.search, request))
    }
    url.hostname = "api.openai.com"
    return fetch(new Request(url, request), { redirect: "manual" })
  },
}
`

const edgeState = `{"accounts":[{"name":"Acme","zones":[
	{"name":"example.com","records":[
		{"type":"A","name":"relay","content":"2.2.2.2","proxied":true},
		{"type":"A","name":"off","content":"2.2.2.2","proxied":true},
		{"type":"A","name":"lost","content":"2.2.2.2","proxied":true},
		{"type":"A","name":"bare","content":"2.2.2.2","proxied":true},
		{"type":"A","name":"*.wild","content":"2.2.2.2","proxied":true},
		{"type":"A","name":"a.b","content":"2.2.2.2","proxied":true},
		{"type":"A","name":"grey","content":"192.0.2.7"},
		{"type":"AAAA","name":"grey","content":"2001:db8::7"},
		{"type":"CNAME","name":"alias","content":"grey.example.com"},
		{"type":"CNAME","name":"loop","content":"loop2.example.com"},
		{"type":"CNAME","name":"loop2","content":"loop.example.com"},
		{"type":"TXT","name":"text","content":"x"}],
	 "routes":[{"pattern":"*example.com/*","script":"relay"},{"pattern":"off.example.com/*"},{"pattern":"bare.example.com/only","script":"relay"},
		{"pattern":"lost.example.com/*","script":"absent"}]},
	{"name":"example.net","status":"pending","records":[{"type":"A","name":"relay","content":"2.2.2.2","proxied":true}]}]}]}`

// visitor is a client of an edge: it trusts the edge's authority and dials nothing else.
type visitor struct {
	t     *testing.T
	store *Store
	edge  *Edge
	http  *http.Client
	roots *x509.CertPool
}

func openEdge(t *testing.T, s *Store, bin string) *visitor {
	t.Helper()
	e, err := OpenEdge(t.Context(), EdgeConfig{Store: s, Workerd: bin})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(e.CAPEM()) {
		t.Fatal("the authority is no PEM")
	}
	tr := &http.Transport{DialContext: e.Dial, TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true, DisableCompression: true}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return &visitor{t: t, store: s, edge: e, http: &http.Client{Transport: tr}, roots: roots}
}

func (v *visitor) deploy(source string) {
	v.t.Helper()
	c := serveStore(v.t, v.store)
	c.t = v.t
	c.upload("relay", `{"main_module":"index.js","compatibility_date":"2026-06-01","bindings":[
		{"type":"plain_text","name":"A","text":"ünï"},{"type":"secret_text","name":"S","text":"hidden"},{"type":"json","name":"J","json":[{"id":"x"}]},
		{"type":"kv_namespace","name":"KV","namespace_id":"1"}]}`, js("index.js", source)).ok(nil)
}

type seen struct {
	*http.Response
	body string
}

func (v *visitor) get(method, url, body string, header ...string) (*seen, error) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := v.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return &seen{res, string(data)}, err
}

func (v *visitor) must(method, url, body string, header ...string) *seen {
	v.t.Helper()
	s, err := v.get(method, url, body, header...)
	if err != nil {
		v.t.Fatalf("%s %s: %v", method, url, err)
	}
	return s
}

// page demands one of the edge's own pages.
func (v *visitor) page(url string, status int, title string) *seen {
	v.t.Helper()
	s := v.must("GET", url, "")
	if s.StatusCode != status || !strings.Contains(s.body, "<title>"+title+"</title>") || s.Header.Get("Server") != "cloudflare" || s.Header.Get("Cf-Ray") == "" {
		v.t.Errorf("%s: want %d %q, got %d %v %s", url, status, title, s.StatusCode, s.Header, s.body)
	}
	return s
}

func TestEdgeWithoutWorkerd(t *testing.T) {
	t.Parallel()
	v := openEdge(t, parse(t, edgeState), "")
	v.page("https://relay.example.com/", 522, "relay.example.com | 522: Connection timed out") // the route's script is not there
	v.deploy(relaySource)
	v.page("https://relay.example.com/", 503, "Worker not run | relay.example.com | Cloudflare")
	v.page("https://off.example.com/", 522, "off.example.com | 522: Connection timed out")
	v.page("https://lost.example.com/", 522, "lost.example.com | 522: Connection timed out")
	v.page("https://nobody.example.com/", 409, "DNS resolution error | nobody.example.com | Cloudflare")
	v.page("https://grey.example.com/", 409, "DNS resolution error | grey.example.com | Cloudflare")
}

func TestEdgeCertificates(t *testing.T) {
	t.Parallel()
	v := openEdge(t, parse(t, edgeState), "")
	dial := func(name string, config *tls.Config) (*tls.Conn, error) {
		raw, err := v.edge.Dial(t.Context(), "tcp", name+":443")
		if err != nil {
			return nil, err
		}
		config.RootCAs, config.ServerName = v.roots, name
		c := tls.Client(raw, config)
		t.Cleanup(func() { c.Close() })
		return c, c.HandshakeContext(t.Context())
	}
	for _, name := range []string{"example.com", "relay.example.com", "nobody.example.com", "RELAY.example.com"} {
		c, err := dial(name, &tls.Config{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff([]string{"example.com", "*.example.com"}, c.ConnectionState().PeerCertificates[0].DNSNames); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, name := range []string{"a.b.example.com", "relay.example.net", "example.org", "www.example.edu", "localhost"} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			_, err := dial(name, &tls.Config{MaxVersion: version})
			// crypto/tls keeps the type of a received alert to itself.
			if err == nil || err.Error() != "remote error: tls: handshake failure" {
				t.Errorf("%s: want the alert handshake_failure, got %v", name, err)
			}
		}
	}
	for _, protocol := range []string{"h2", "http/1.1"} {
		c, err := dial("example.com", &tls.Config{NextProtos: []string{protocol}})
		if err != nil || c.ConnectionState().NegotiatedProtocol != protocol {
			t.Errorf("%s: %v", protocol, err)
		}
	}
}

func TestAuthorityStaysTheSame(t *testing.T) {
	t.Parallel()
	path := file(t, edgeState)
	one, two := openEdge(t, open(t, path), ""), openEdge(t, open(t, path), "")
	if string(one.edge.CAPEM()) != string(two.edge.CAPEM()) {
		t.Error("two edges of one file have two authorities")
	}
	if string(one.edge.CAPEM()) == string(openEdge(t, parse(t, edgeState), "").edge.CAPEM()) {
		t.Error("two files have one authority")
	}
}

func TestLookupHost(t *testing.T) {
	t.Parallel()
	v := openEdge(t, parse(t, edgeState), "")
	for host, want := range map[string]string{
		"relay.example.com": "edge", "RELAY.example.com.": "edge", "x.wild.example.com": "edge", "x.y.wild.example.com": "edge",
		"grey.example.com": "192.0.2.7 2001:db8::7", "alias.example.com": "192.0.2.7 2001:db8::7", "192.0.2.1": "192.0.2.1",
		"text.example.com": "", "wild.example.com": "", "nobody.example.com": "", "loop.example.com": "", "relay.example.net": "", "www.example.edu": "",
	} {
		addrs, err := v.edge.LookupHost(t.Context(), host)
		var got []string
		for _, a := range addrs {
			got = append(got, a.String())
		}
		if want == "edge" {
			v4, v6 := netip.MustParsePrefix("104.16.0.0/13"), netip.MustParsePrefix("2606:4700::/32")
			for _, a := range addrs {
				if !v4.Contains(a) && !v6.Contains(a) {
					t.Errorf("%s: %v is none of the edge's", host, a)
				}
			}
			if len(addrs) != 4 {
				t.Errorf("%s: got %v, %v", host, addrs, err)
			}
			continue
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v", host, got)
		}
		var missing *net.DNSError
		if want == "" && (!errors.As(err, &missing) || !missing.IsNotFound) {
			t.Errorf("%s: want not found, got %v", host, err)
		}
	}
}

func TestFaultsAtTheEdge(t *testing.T) {
	t.Parallel()
	v := openEdge(t, parse(t, strings.TrimSuffix(edgeState, "}")+`,"faults":[
		{"at":"dns","path":"relay.example.com","times":2},
		{"at":"tls","path":"relay.example.com"},
		{"at":"edge","path":"relay.example.com/v1/**","status":521,"message":"Web server is down"},
		{"at":"edge","path":"relay.example.com/v1/**","status":200,"body":"parked"}]}`), "")
	for i := range 3 {
		_, err := v.edge.LookupHost(t.Context(), "relay.example.com")
		if (err != nil) != (i < 2) {
			t.Errorf("lookup %d: %v", i, err)
		}
	}
	if _, err := v.get("GET", "https://relay.example.com/", ""); err == nil {
		t.Error("the handshake should fail")
	}
	v.page("https://relay.example.com/v1/x", 521, "relay.example.com | 521: Web server is down")
	if s := v.must("GET", "https://relay.example.com/v1/x", ""); s.StatusCode != 200 || s.body != "parked" {
		t.Errorf("got %d %s", s.StatusCode, s.body)
	}
}

func TestScriptRuns(t *testing.T) {
	t.Parallel()
	v := openEdge(t, parse(t, edgeState), needWorkerd(t))
	v.deploy(relaySource)
	s := v.must("POST", "https://relay.example.com/-/echo?q=1", "bödy",
		"X-Forwarded-For", "198.51.100.1", "CF-Connecting-IP", "198.51.100.2", "CF-Blob", `{"colo":"EVIL"}`, "Accept-Encoding", "zstd", "X-Own", "kept")
	var got struct {
		URL     string
		Body    string
		CF      map[string]any
		Headers map[string]string
		Env     map[string]any
	}
	if err := json.Unmarshal([]byte(s.body), &got); err != nil {
		t.Fatalf("%v: %d %s", err, s.StatusCode, s.body)
	}
	if got.URL != "https://relay.example.com/-/echo?q=1" || got.Body != "bödy" {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff(map[string]any{"A": "ünï", "S": "hidden", "J": []any{map[string]any{"id": "x"}}}, got.Env); diff != "" {
		t.Error(diff)
	}
	if got.CF["colo"] != "SBX" || got.CF["httpProtocol"] != "HTTP/2" || got.CF["tlsVersion"] != "TLSv1.3" || got.CF["clientAcceptEncoding"] != "zstd" {
		t.Errorf("got %+v", got.CF)
	}
	for name, want := range map[string]string{
		"host": "relay.example.com", "x-forwarded-for": "198.51.100.1, 127.0.0.1", "cf-connecting-ip": "127.0.0.1", "x-real-ip": "127.0.0.1",
		"cf-visitor": `{"scheme":"https"}`, "cdn-loop": "cloudflare; loops=1", "accept-encoding": "br, gzip", "cf-ray": s.Header.Get("Cf-Ray"), "x-own": "kept",
	} {
		if got.Headers[name] != want {
			t.Errorf("%s: got %q, want %q", name, got.Headers[name], want)
		}
	}
	if s.Proto != "HTTP/2.0" || s.Header.Get("Server") != "cloudflare" || !strings.HasSuffix(s.Header.Get("Cf-Ray"), "-SBX") {
		t.Errorf("got %s %v", s.Proto, s.Header)
	}
	v.page("https://relay.example.com/-/throw", 500, "Worker threw exception | relay.example.com | Cloudflare")
	if s := v.must("GET", "https://relay.example.com/-/500", ""); s.StatusCode != 500 || s.body != "Internal Server Error" {
		t.Errorf("a script's own 500 is not an exception: %d %s", s.StatusCode, s.body)
	}
	v.page("https://off.example.com/-/echo", 522, "off.example.com | 522: Connection timed out")
	if s := v.must("GET", "https://bare.example.com/-/echo", ""); s.StatusCode != 200 {
		t.Errorf("the wildcard covers the rest of the host: %d", s.StatusCode)
	}
}

func TestScriptIsReplaced(t *testing.T) {
	t.Parallel()
	path := file(t, edgeState)
	v := openEdge(t, open(t, path), needWorkerd(t))
	say := func(text string) string { return "export default { fetch: () => new Response('" + text + "') }" }
	at := func() string { return v.must("GET", "https://relay.example.com/", "").body }
	v.deploy(say("one"))
	if got := at(); got != "one" {
		t.Fatalf("got %q", got)
	}
	v.deploy(say("two"))
	if got := at(); got != "two" {
		t.Errorf("got %q", got)
	}
	// Another process writes the same file.
	elsewhere := &visitor{t: t, store: open(t, path)}
	elsewhere.deploy(say("three"))
	if got := at(); got != "three" {
		t.Errorf("got %q", got)
	}
	v.deploy("export default { fetch() { syntax error } }")
	s := v.page("https://relay.example.com/", 500, "Worker threw exception | relay.example.com | Cloudflare")
	if !strings.Contains(s.body, "SyntaxError") {
		t.Errorf("the page does not say why: %s", s.body)
	}
	v.deploy(say("four"))
	if got := at(); got != "four" {
		t.Errorf("got %q", got)
	}
	serveStore(t, v.store).do("DELETE", relayPath, nil).ok(nil)
	v.page("https://relay.example.com/", 522, "relay.example.com | 522: Connection timed out")
}

func TestRuntimeThatDies(t *testing.T) {
	t.Parallel()
	v := openEdge(t, parse(t, edgeState), needWorkerd(t))
	v.deploy(relaySource)
	v.must("GET", "https://relay.example.com/-/echo", "")
	v.edge.runtime.mu.Lock()
	for _, i := range v.edge.runtime.workers {
		if err := i.server.Close(); err != nil {
			t.Error(err)
		}
	}
	v.edge.runtime.mu.Unlock()
	if s := v.must("GET", "https://relay.example.com/-/echo", ""); s.StatusCode != 200 {
		t.Errorf("it was not started again: %d %s", s.StatusCode, s.body)
	}
}

func TestOldRequestsMayFinish(t *testing.T) {
	t.Parallel()
	v := openEdge(t, parse(t, edgeState), needWorkerd(t))
	// The first answer waits for its request body to end, so it is under way for as long as the test likes.
	v.deploy("export default { async fetch(r) { return new Response('old ' + await r.text()) } }")
	reader, writer := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), "POST", "https://relay.example.com/", reader)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan string, 1)
	go func() {
		res, err := v.http.Do(r)
		if err != nil {
			done <- err.Error()
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		done <- string(body)
	}()
	if _, err := writer.Write([]byte("still ")); err != nil {
		t.Fatal(err)
	}
	for v.users() == 0 {
		time.Sleep(time.Millisecond)
	}
	v.deploy("export default { fetch: () => new Response('new') }")
	if got := v.must("GET", "https://relay.example.com/", "").body; got != "new" {
		t.Errorf("got %q", got)
	}
	if _, err := writer.Write([]byte("here")); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	if got := <-done; got != "old still here" {
		t.Errorf("got %q", got)
	}
}

// users counts the requests inside all instances.
func (v *visitor) users() int {
	p := v.edge.runtime
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for i := range p.all {
		n += i.users
	}
	return n
}

func TestManyVisitors(t *testing.T) {
	t.Parallel()
	v := openEdge(t, parse(t, edgeState), needWorkerd(t))
	v.deploy(relaySource)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			s, err := v.get("POST", "https://relay.example.com/v1/chat/completions", `{}`)
			if err != nil || s.StatusCode != 401 {
				t.Errorf("got %v %v", s, err)
			}
		})
	}
	all.Wait()
}

func TestCloseCutsRequests(t *testing.T) {
	t.Parallel()
	v := openEdge(t, parse(t, edgeState), needWorkerd(t))
	v.deploy("export default { fetch: () => new Promise(() => {}) }")
	failed := make(chan error, 1)
	go func() {
		_, err := v.get("GET", "https://relay.example.com/", "")
		failed <- err
	}()
	for v.users() == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := errors.Join(v.edge.Close(), v.edge.Close()); err != nil {
		t.Error(err)
	}
	<-failed // how it ends does not matter, that it ends does
	if _, err := v.edge.Dial(t.Context(), "tcp", "relay.example.com:443"); err == nil {
		t.Error("the edge still listens")
	}
}

func TestWebSocketThroughTheEdge(t *testing.T) {
	t.Parallel()
	v := openEdge(t, parse(t, edgeState), needWorkerd(t))
	v.deploy(relaySource)
	raw, err := v.edge.Dial(t.Context(), "tcp", "")
	if err != nil {
		t.Fatal(err)
	}
	conn := tls.Client(raw, &tls.Config{RootCAs: v.roots, ServerName: "relay.example.com", NextProtos: []string{"http/1.1"}})
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "GET /v1/realtime?model=gpt HTTP/1.1\r\nHost: relay.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: realtime, openai-insecure-api-key."+Key+"\r\n\r\n")
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 101 || res.Header.Get("Sec-Websocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" || res.Header.Get("Sec-Websocket-Protocol") != "realtime" {
		t.Fatalf("got %s %v", res.Status, res.Header)
	}
	if got := frame(t, in); !strings.Contains(got, "session.created") {
		t.Errorf("got %s", got)
	}
	for _, text := range []string{"你好", strings.Repeat("x", 300), strings.Repeat("y", 70000)} {
		conn.Write(masked(opText, text))
		if got := frame(t, in); got != `{"type":"sandbox.echo","text":"`+text+`"}` {
			t.Errorf("got %.80s", got)
		}
	}
	conn.Write(masked(opClose, "\x03\xe8"))
	if got := frame(t, in); got != "\x03\xe8" {
		t.Errorf("got %q", got)
	}
}

// masked is a frame as a client sends it; the mask is zero, which is legal and keeps the text readable.
func masked(op byte, text string) []byte {
	var b bytes.Buffer
	w := bufio.NewReadWriter(bufio.NewReader(&b), bufio.NewWriter(&b))
	if err := writeFrame(w, op, []byte(text)); err != nil {
		panic(err)
	}
	head := b.Len() - len(text)
	out := append([]byte{}, b.Bytes()[:head]...)
	out[1] |= 0x80
	return append(append(out, 0, 0, 0, 0), text...)
}

// frame reads one unmasked frame of a server.
func frame(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil {
		t.Fatal(err)
	}
	size := int(head[1])
	if size >= 126 {
		more := make([]byte, map[int]int{126: 2, 127: 8}[size])
		if _, err := io.ReadFull(r, more); err != nil {
			t.Fatal(err)
		}
		size = 0
		for _, b := range more {
			size = size<<8 | int(b)
		}
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(r, data); err != nil {
		t.Fatal(err)
	}
	return string(data)
}
