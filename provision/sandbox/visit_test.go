package sandbox

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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

// twoLines answers in two lines; the second waits for the request's body to end. So a client that has read the first
// knows that the request is under way, and keeps it there for as long as it likes.
const twoLines = `export default { async fetch(request) {
	const { readable, writable } = new TransformStream()
	const out = writable.getWriter(), text = new TextEncoder()
	const pump = async () => {
		await out.write(text.encode("first\n"))
		await out.write(text.encode("second after " + await request.text() + "\n"))
		await out.close()
	}
	pump()
	return new Response(readable, { headers: { "content-type": "text/event-stream" } })
} }`

// underWay starts a request to twoLines and reads its first line.
func (v *visitor) underWay(tr http.RoundTripper) (body *io.PipeWriter, answer *bufio.Reader, proto string) {
	v.t.Helper()
	reader, body := io.Pipe()
	r, err := http.NewRequestWithContext(v.t.Context(), "POST", "https://relay.example.com/", reader)
	if err != nil {
		v.t.Fatal(err)
	}
	res, err := tr.RoundTrip(r)
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() {
		body.Close()
		res.Body.Close()
	})
	answer = bufio.NewReader(res.Body)
	if line, err := answer.ReadString('\n'); err != nil || line != "first\n" {
		v.t.Fatalf("got %q %v", line, err)
	}
	return body, answer, res.Proto
}

func TestStreamIsNotHeldBack(t *testing.T) {
	t.Parallel()
	v := openEdge(t, parse(t, edgeState), needWorkerd(t))
	v.deploy(twoLines)
	for _, h2 := range []bool{true, false} {
		tr := v.http.Transport.(*http.Transport).Clone()
		t.Cleanup(tr.CloseIdleConnections)
		if !h2 {
			tr.ForceAttemptHTTP2 = false
			tr.TLSClientConfig.NextProtos = []string{"http/1.1"}
		}
		body, answer, proto := v.underWay(tr)
		if h2 != (proto == "HTTP/2.0") {
			t.Errorf("got %s", proto)
		}
		io.WriteString(body, "that")
		body.Close()
		if line, err := answer.ReadString('\n'); err != nil || line != "second after that\n" {
			t.Errorf("%s: got %q %v", proto, line, err)
		}
	}
}

func TestOldRequestsMayFinish(t *testing.T) {
	t.Parallel()
	v := openEdge(t, parse(t, edgeState), needWorkerd(t))
	v.deploy(twoLines)
	body, answer, _ := v.underWay(v.http.Transport)
	v.deploy("export default { fetch: () => new Response('new') }")
	if got := v.must("GET", "https://relay.example.com/", "").body; got != "new" {
		t.Errorf("got %q", got)
	}
	io.WriteString(body, "all")
	body.Close()
	if line, err := answer.ReadString('\n'); err != nil || line != "second after all\n" {
		t.Errorf("got %q %v", line, err)
	}
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
	v.deploy(twoLines)
	_, answer, _ := v.underWay(v.http.Transport)
	if err := errors.Join(v.edge.Close(), v.edge.Close()); err != nil {
		t.Error(err)
	}
	if line, err := answer.ReadString('\n'); err == nil {
		t.Errorf("the request goes on: %q", line)
	}
	if _, err := v.edge.Dial(t.Context(), "tcp", "relay.example.com:443"); err == nil {
		t.Error("the edge still listens")
	}
}
