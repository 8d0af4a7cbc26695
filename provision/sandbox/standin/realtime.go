package standin

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/coder/websocket"
)

// messageLimit is the size of the longest accepted WebSocket message, in bytes.
const messageLimit = 1 << 20

// subprotocols returns the WebSocket subprotocols that the client offers.
func subprotocols(r *http.Request) []string {
	var out []string
	for _, line := range r.Header.Values("Sec-Websocket-Protocol") {
		for offer := range strings.SplitSeq(line, ",") {
			out = append(out, strings.TrimSpace(offer))
		}
	}
	return out
}

// realtime accepts a WebSocket, sends a first event and echoes each text message in an event. The path and the first event
// follow https://platform.openai.com/docs/guides/realtime-websocket.
func realtime(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") || r.Header.Get("Sec-Websocket-Key") == "" {
		writeOpenAIError(w, r, http.StatusBadRequest, invalidRequest, "You must connect with a WebSocket to use the Realtime API.", "", "")
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"realtime"}, InsecureSkipVerify: true})
	if err != nil {
		return // Accept has written the response
	}
	defer conn.CloseNow()
	conn.SetReadLimit(messageLimit)
	// Any error ends the connection, and the peer's close frame is one of them.
	_ = echo(r.Context(), conn)
}

func echo(ctx context.Context, conn *websocket.Conn) error {
	err := conn.Write(ctx, websocket.MessageText,
		[]byte(`{"type":"session.created","session":{"object":"realtime.session","model":"sandbox"}}`))
	for err == nil {
		var kind websocket.MessageType
		var data, quoted []byte
		if kind, data, err = conn.Read(ctx); err != nil || kind != websocket.MessageText {
			continue
		}
		if quoted, err = marshal(string(data)); err == nil {
			err = conn.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"type":"sandbox.echo","text":%s}`, quoted))
		}
	}
	return err
}
