package edge

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/cfproxy/cfproxy/provision/sandbox/standin"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

func TestWebSocketThroughWorker(t *testing.T) {
	t.Parallel()
	c := newClient(t, parse(t, edgeState), workerdtest.Binary(t))
	c.deploy(relaySource)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tr := c.http.Transport.(*http.Transport).Clone()
	tr.ForceAttemptHTTP2 = false // a WebSocket needs HTTP/1.1
	tr.TLSClientConfig.NextProtos = []string{"http/1.1"}
	conn, res, err := websocket.Dial(ctx, "wss://relay.example.com/v1/realtime?model=gpt", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: tr}, Subprotocols: []string{"realtime", "openai-insecure-api-key." + standin.Key},
	})
	if err != nil {
		t.Fatal(err, res)
	}
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 20)
	if conn.Subprotocol() != "realtime" {
		t.Errorf("subprotocol %q", conn.Subprotocol())
	}
	read := func() string {
		t.Helper()
		_, data, err := conn.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if got := read(); !strings.Contains(got, "session.created") {
		t.Errorf("got %s", got)
	}
	for _, text := range []string{"你好", strings.Repeat("x", 300), strings.Repeat("y", 70000)} {
		if err := conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := read(); got != `{"type":"sandbox.echo","text":"`+text+`"}` {
			t.Errorf("got %.80s", got)
		}
	}
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("close: %v", err)
	}
}
