package edge

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

	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

func TestRequestToWorker(t *testing.T) {
	t.Parallel()
	c := newClient(t, parse(t, edgeState), workerdtest.Binary(t))
	c.deploy(relaySource)
	s := c.send("POST", "https://relay.example.com/-/echo?q=1", "bödy",
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
	c.wantPage("https://relay.example.com/-/throw", 500, "Worker threw exception | relay.example.com | Cloudflare")
	if s := c.send("GET", "https://relay.example.com/-/500", ""); s.StatusCode != 500 || s.body != "Internal Server Error" {
		t.Errorf("a Worker's own 500 is not an exception: %d %s", s.StatusCode, s.body)
	}
	c.wantPage("https://off.example.com/-/echo", 522, "off.example.com | 522: Connection timed out")
	if s := c.send("GET", "https://bare.example.com/-/echo", ""); s.StatusCode != 200 {
		t.Errorf("the wildcard covers the rest of the host: %d", s.StatusCode)
	}
}

func TestNewVersionReplacesOld(t *testing.T) {
	t.Parallel()
	path := stateFile(t, edgeState)
	c := newClient(t, openStore(t, path), workerdtest.Binary(t))
	replyWith := func(text string) string { return "export default { fetch: () => new Response('" + text + "') }" }
	get := func() string { return c.send("GET", "https://relay.example.com/", "").body }
	c.deploy(replyWith("one"))
	if got := get(); got != "one" {
		t.Fatalf("got %q", got)
	}
	c.deploy(replyWith("two"))
	if got := get(); got != "two" {
		t.Errorf("got %q", got)
	}
	// Another process writes the same file.
	deploy(t, openStore(t, path), replyWith("three"))
	if got := get(); got != "three" {
		t.Errorf("got %q", got)
	}
	c.deploy("export default { fetch() { syntax error } }")
	s := c.wantPage("https://relay.example.com/", 500, "Worker threw exception | relay.example.com | Cloudflare")
	if !strings.Contains(s.body, "SyntaxError") {
		t.Errorf("the page does not say why: %s", s.body)
	}
	c.deploy(replyWith("four"))
	if got := get(); got != "four" {
		t.Errorf("got %q", got)
	}
	c.api("DELETE", scriptPath, "", "")
	c.wantPage("https://relay.example.com/", 522, "relay.example.com | 522: Connection timed out")
}

func TestWorkerdIsRestarted(t *testing.T) {
	t.Parallel()
	c := newClient(t, parse(t, edgeState), workerdtest.Binary(t))
	c.deploy(relaySource)
	c.send("GET", "https://relay.example.com/-/echo", "")
	c.edge.pool.mu.Lock()
	for _, i := range c.edge.pool.workers {
		if err := i.server.Close(); err != nil {
			t.Error(err)
		}
	}
	c.edge.pool.mu.Unlock()
	if s := c.send("GET", "https://relay.example.com/-/echo", ""); s.StatusCode != 200 {
		t.Errorf("not restarted: %d %s", s.StatusCode, s.body)
	}
}

// twoLines responds with two lines, the second after the end of the request body. A client that has read the first line knows
// that the request is in progress, and decides when it ends.
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

// startRequest starts a request to twoLines and reads its first line.
func (c *client) startRequest(tr http.RoundTripper) (body *io.PipeWriter, answer *bufio.Reader, proto string) {
	c.t.Helper()
	reader, body := io.Pipe()
	r, err := http.NewRequestWithContext(c.t.Context(), "POST", "https://relay.example.com/", reader)
	if err != nil {
		c.t.Fatal(err)
	}
	res, err := tr.RoundTrip(r)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		body.Close()
		res.Body.Close()
	})
	answer = bufio.NewReader(res.Body)
	if line, err := answer.ReadString('\n'); err != nil || line != "first\n" {
		c.t.Fatalf("got %q %v", line, err)
	}
	return body, answer, res.Proto
}

func TestResponseIsStreamed(t *testing.T) {
	t.Parallel()
	c := newClient(t, parse(t, edgeState), workerdtest.Binary(t))
	c.deploy(twoLines)
	for _, h2 := range []bool{true, false} {
		tr := c.http.Transport.(*http.Transport).Clone()
		t.Cleanup(tr.CloseIdleConnections)
		if !h2 {
			tr.ForceAttemptHTTP2 = false
			tr.TLSClientConfig.NextProtos = []string{"http/1.1"}
		}
		body, answer, proto := c.startRequest(tr)
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

func TestOldVersionFinishesItsRequests(t *testing.T) {
	t.Parallel()
	c := newClient(t, parse(t, edgeState), workerdtest.Binary(t))
	c.deploy(twoLines)
	body, answer, _ := c.startRequest(c.http.Transport)
	c.deploy("export default { fetch: () => new Response('new') }")
	if got := c.send("GET", "https://relay.example.com/", "").body; got != "new" {
		t.Errorf("got %q", got)
	}
	io.WriteString(body, "all")
	body.Close()
	if line, err := answer.ReadString('\n'); err != nil || line != "second after all\n" {
		t.Errorf("got %q %v", line, err)
	}
}

func TestConcurrentRequests(t *testing.T) {
	t.Parallel()
	c := newClient(t, parse(t, edgeState), workerdtest.Binary(t))
	c.deploy(relaySource)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			s, err := c.try("POST", "https://relay.example.com/v1/chat/completions", `{}`)
			if err != nil || s.StatusCode != 401 {
				t.Errorf("got %v %v", s, err)
			}
		})
	}
	all.Wait()
}

func TestCloseAbortsRequests(t *testing.T) {
	t.Parallel()
	c := newClient(t, parse(t, edgeState), workerdtest.Binary(t))
	c.deploy(twoLines)
	_, answer, _ := c.startRequest(c.http.Transport)
	if err := errors.Join(c.edge.Close(), c.edge.Close()); err != nil {
		t.Error(err)
	}
	if line, err := answer.ReadString('\n'); err == nil {
		t.Errorf("the request was not aborted: %q", line)
	}
	if _, err := c.edge.Dial(t.Context(), "tcp", "relay.example.com:443"); err == nil {
		t.Error("the edge still listens")
	}
}
