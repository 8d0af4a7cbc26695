package sandbox

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

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
