package sandbox

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// A WebSocket in a hundred lines, RFC 6455, enough to see one pass through a relay: it greets, sends every text back
// inside an event, answers pings and closes. No fragments, no extensions.

const (
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10
)

// frameLimit bounds one message, bytes.
const frameLimit = 1 << 20

// subprotocols lists what the client offers.
func subprotocols(r *http.Request) []string {
	var out []string
	for _, line := range r.Header.Values("Sec-Websocket-Protocol") {
		for offer := range strings.SplitSeq(line, ",") {
			out = append(out, strings.TrimSpace(offer))
		}
	}
	return out
}

// realtime stands in for https://platform.openai.com/docs/guides/realtime-websocket.
func realtime(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Sec-Websocket-Key")
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") || key == "" {
		openAIRefuse(w, r, http.StatusBadRequest, invalidRequest, "You must connect with a WebSocket to use the Realtime API.", "", "")
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "no upgrade here", http.StatusHTTPVersionNotSupported)
		return
	}
	defer conn.Close()
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) // the constant of RFC 6455, section 1.3
	h := w.Header()
	h.Set("Upgrade", "websocket")
	h.Set("Connection", "Upgrade")
	h.Set("Sec-Websocket-Accept", base64.StdEncoding.EncodeToString(sum[:]))
	if slices.Contains(subprotocols(r), "realtime") {
		h.Set("Sec-Websocket-Protocol", "realtime")
	}
	fmt.Fprint(rw, "HTTP/1.1 101 Switching Protocols\r\n")
	if err := h.Write(rw); err != nil {
		return
	}
	fmt.Fprint(rw, "\r\n")
	// Whatever ends the conversation, the connection ends with it.
	_ = converse(rw)
}

func converse(rw *bufio.ReadWriter) error {
	if err := writeFrame(rw, opText, []byte(`{"type":"session.created","session":{"object":"realtime.session","model":"sandbox"}}`)); err != nil {
		return err
	}
	for {
		op, data, err := readFrame(rw.Reader)
		if err != nil {
			return err
		}
		switch op {
		case opText:
			quoted, err := encodePlain(string(data))
			if err != nil {
				return err
			}
			err = writeFrame(rw, opText, fmt.Appendf(nil, `{"type":"sandbox.echo","text":%s}`, quoted))
			if err != nil {
				return err
			}
		case opPing:
			if err := writeFrame(rw, opPong, data); err != nil {
				return err
			}
		case opClose:
			return writeFrame(rw, opClose, data)
		}
	}
}

func readFrame(r io.Reader) (op byte, data []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, nil, err
	}
	op = head[0] & 0x0f
	masked, size := head[1]&0x80 != 0, uint64(head[1]&0x7f)
	if head[0]&0x80 == 0 || !masked {
		return 0, nil, errors.New("websocket: fragmented or unmasked frame")
	}
	if size >= 126 {
		n := 2
		if size == 127 {
			n = 8
		}
		if _, err := io.ReadFull(r, head[8-n:]); err != nil {
			return 0, nil, err
		}
		clear(head[:8-n])
		size = binary.BigEndian.Uint64(head[:])
	}
	if size > frameLimit {
		return 0, nil, errors.New("websocket: frame too large")
	}
	var mask [4]byte
	if _, err := io.ReadFull(r, mask[:]); err != nil {
		return 0, nil, err
	}
	data = make([]byte, size)
	if _, err := io.ReadFull(r, data); err != nil {
		return 0, nil, err
	}
	for i := range data {
		data[i] ^= mask[i%4]
	}
	return op, data, nil
}

// writeFrame sends one unmasked frame, as a server does.
func writeFrame(w *bufio.ReadWriter, op byte, data []byte) error {
	head := []byte{0x80 | op}
	switch {
	case len(data) < 126:
		head = append(head, byte(len(data)))
	case len(data) < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, 126), uint16(len(data)))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 127), uint64(len(data)))
	}
	w.Write(head)
	w.Write(data)
	return w.Flush()
}
