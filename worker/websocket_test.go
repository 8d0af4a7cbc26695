package worker_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/cfproxy/cfproxy/worker"
	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

func timeoutContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	t.Cleanup(cancel)
	return ctx
}

func dial(ctx context.Context, t *testing.T, h *harness, path string, options *websocket.DialOptions) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	options.HTTPClient = client(t)
	return websocket.Dial(ctx, "ws://"+h.server.Addr("relay")+path, options)
}

// echo accepts a WebSocket and sends each message back until the connection ends, and returns the reason.
func echo(w http.ResponseWriter, r *http.Request, mode websocket.CompressionMode) error {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"realtime"}, CompressionMode: mode})
	if err != nil {
		return err
	}
	for {
		kind, message, err := conn.Read(r.Context())
		if err != nil {
			return err
		}
		_ = conn.Write(r.Context(), kind, append([]byte("echo "), message...))
	}
}

func TestWebSocket(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	ctx := timeoutContext(t)
	for _, mode := range []websocket.CompressionMode{websocket.CompressionDisabled, websocket.CompressionContextTakeover} {
		handshakes, ended := make(chan http.Header, 1), make(chan error, 1)
		path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
			handshakes <- r.Header
			ended <- echo(w, r, mode)
		})
		conn, response, err := dial(ctx, t, h, path+"?model=gpt-realtime", &websocket.DialOptions{
			Subprotocols: []string{"other", "realtime", "openai-insecure-api-key.sk-x"}, CompressionMode: mode,
			HTTPHeader: http.Header{"Authorization": {"Bearer sk-x"}, "Origin": {"https://app.example"}, "Cookie": {"a=b"}, "Openai-Beta": {"realtime=v1"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		if got := response.Header.Get(worker.BuildHeader); got != build {
			t.Errorf("build is %q", got)
		}
		if conn.Subprotocol() != "realtime" {
			t.Errorf("subprotocol is %q", conn.Subprotocol())
		}
		header := receive(t, handshakes, "the handshake")
		want := map[string]string{"Authorization": "Bearer sk-x", "Openai-Beta": "realtime=v1", "Origin": "", "Cookie": "",
			"Sec-Websocket-Protocol": "other,realtime,openai-insecure-api-key.sk-x"}
		got := map[string]string{}
		for name := range want {
			got[name] = header.Get(name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("handshake at the upstream (-want +got):\n%s", diff)
		}
		for _, kind := range []websocket.MessageType{websocket.MessageText, websocket.MessageBinary} {
			if err := conn.Write(ctx, kind, []byte("你好")); err != nil {
				t.Fatal(err)
			}
			back, message, err := conn.Read(ctx)
			if err != nil || back != kind || string(message) != "echo 你好" {
				t.Errorf("got %v %q %v", back, message, err)
			}
		}
		_ = conn.Close(4001, "done")
		var closed websocket.CloseError
		if err := receive(t, ended, "the close"); !errors.As(err, &closed) || closed.Code != 4001 || closed.Reason != "done" {
			t.Errorf("the upstream got %v", err)
		}
	}
}

func TestWebSocketClosedByUpstream(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	ctx := timeoutContext(t)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		if conn, err := websocket.Accept(w, r, nil); err == nil {
			_ = conn.Close(4002, "session expired")
		}
	})
	conn, _, err := dial(ctx, t, h, path, &websocket.DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	var closed websocket.CloseError
	if _, _, err := conn.Read(ctx); !errors.As(err, &closed) || closed.Code != 4002 || closed.Reason != "session expired" {
		t.Errorf("got %v", err)
	}
}

func TestWebSocketRejectedByUpstream(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	ctx := timeoutContext(t)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "req_1")
		w.WriteHeader(http.StatusUnauthorized)
	})
	_, response, err := dial(ctx, t, h, path, &websocket.DialOptions{})
	if err == nil || response == nil {
		t.Fatalf("got %v", err)
	}
	if response.StatusCode != http.StatusUnauthorized || response.Header.Get("X-Request-Id") != "req_1" || response.Header.Get(worker.BuildHeader) != build {
		t.Errorf("got %d %v", response.StatusCode, response.Header)
	}
}
