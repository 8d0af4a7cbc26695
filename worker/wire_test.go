package worker_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/worker/workerd"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

// field is one header line as it is on the wire.
type field struct{ name, value string }

// message is a request or a response as it is on the wire. Go's own client and server hide order, case, reason
// phrases and framing.
type message struct {
	startLine string // the request line or the status line
	fields    []field
	framing   string // "none", "length", "chunked", or "close" for a body that ends with the connection
	body      []byte
	trailers  []field
	interim   []string // status lines of preceding 1xx responses
}

// get returns the value of the first field of that name, which is in lower case.
func (m *message) get(name string) string {
	for _, f := range m.fields {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

// items returns the items of a list header, in lower case.
func (m *message) items(name string) []string {
	var items []string
	for _, f := range m.fields {
		if strings.EqualFold(f.name, name) {
			for item := range strings.SplitSeq(strings.ToLower(f.value), ",") {
				items = append(items, strings.TrimSpace(item))
			}
		}
	}
	return items
}

func (m *message) method() string {
	method, _, _ := strings.Cut(m.startLine, " ")
	return method
}

func (m *message) status() int {
	_, rest, _ := strings.Cut(m.startLine, " ")
	code, _, _ := strings.Cut(rest, " ")
	n, _ := strconv.Atoi(code)
	return n
}

// write writes m. If hasBody is false, the framing is announced but no body follows, as in a response to HEAD.
func (m *message) write(w io.Writer, hasBody bool) error {
	var b strings.Builder
	for _, line := range m.interim {
		b.WriteString(line + "\r\nLink: </hint>\r\n\r\n")
	}
	b.WriteString(m.startLine + "\r\n")
	for _, f := range m.fields {
		b.WriteString(f.name + ": " + f.value + "\r\n")
	}
	switch m.framing {
	case "length":
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(m.body))
	case "chunked":
		b.WriteString("Transfer-Encoding: chunked\r\n")
	case "close":
		b.WriteString("Connection: close\r\n")
	}
	b.WriteString("\r\n")
	if hasBody && m.framing == "chunked" {
		writeChunks(&b, m.body, m.trailers)
	} else if hasBody {
		b.Write(m.body)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeChunks writes chunks of increasing sizes; the first one has an extension.
func writeChunks(b *strings.Builder, body []byte, trailers []field) {
	extension := ";x=y"
	for size := 1; len(body) > 0; size = size*3 + 1 {
		n := min(size, len(body))
		fmt.Fprintf(b, "%X%s\r\n%s\r\n", n, extension, body[:n])
		body, extension = body[n:], ""
	}
	b.WriteString("0\r\n")
	for _, f := range trailers {
		b.WriteString(f.name + ": " + f.value + "\r\n")
	}
	b.WriteString("\r\n")
}

// read reads one message. For a response, method is the method of its request; for a request it is empty.
func read(r *bufio.Reader, method string) (message, error) {
	var m message
	for {
		var err error
		if m.startLine, m.fields, err = readHead(r); err != nil {
			return m, err
		}
		if method == "" || m.status() >= 200 {
			break
		}
		m.interim = append(m.interim, m.startLine)
	}
	m.framing = framingOf(&m, method)
	if method != "" && (method == "HEAD" || m.status() == 204 || m.status() == 304) {
		return m, nil
	}
	var err error
	switch m.framing {
	case "length":
		n, _ := strconv.Atoi(m.get("content-length"))
		m.body = make([]byte, n)
		_, err = io.ReadFull(r, m.body)
	case "close":
		m.body, err = io.ReadAll(r)
	case "chunked":
		if m.body, err = io.ReadAll(httputil.NewChunkedReader(r)); err == nil {
			m.trailers, err = readFields(r)
		}
	}
	return m, err
}

func framingOf(m *message, method string) string {
	switch {
	case m.get("transfer-encoding") != "":
		return "chunked"
	case m.get("content-length") != "":
		return "length"
	case method == "" || method == "HEAD" || m.status() == 204 || m.status() == 304:
		return "none"
	}
	return "close"
}

func readHead(r *bufio.Reader) (string, []field, error) {
	first, err := r.ReadString('\n')
	if err != nil {
		return "", nil, err
	}
	fields, err := readFields(r)
	return strings.TrimSuffix(first, "\r\n"), fields, err
}

func readFields(r *bufio.Reader) ([]field, error) {
	var fields []field
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		line = strings.TrimSuffix(line, "\r\n")
		if line == "" {
			return fields, nil
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("invalid header line: %q", line)
		}
		fields = append(fields, field{name, strings.Trim(value, " \t")})
	}
}

// wireHarness is the Worker on its own workerd, with an upstream on a plain socket that sends a prepared response and
// records the requests. It handles one request at a time.
type wireHarness struct {
	server   *workerd.Server
	listener net.Listener

	mu       sync.Mutex
	response message
	received []message
	conns    map[net.Conn]bool
}

func startWireHarness(t testing.TB) *wireHarness {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wireHarness{listener: listener, conns: map[net.Conn]bool{}}
	go w.accept()
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	defer cancel()
	w.server, err = workerd.Start(ctx, workerdtest.Binary(t), workerd.Config{
		Workers: []workerd.Worker{relay("relay", validBindings())}, Outbound: listener.Addr().String(),
	})
	if err != nil {
		listener.Close()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = w.server.Close()
		listener.Close()
		w.mu.Lock()
		defer w.mu.Unlock()
		for conn := range w.conns {
			conn.Close()
		}
	})
	return w
}

func (w *wireHarness) accept() {
	for {
		conn, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.mu.Lock()
		w.conns[conn] = true
		w.mu.Unlock()
		go func() {
			w.serve(conn)
			conn.Close()
			w.mu.Lock()
			delete(w.conns, conn)
			w.mu.Unlock()
		}()
	}
}

func (w *wireHarness) serve(conn net.Conn) {
	r := bufio.NewReader(conn)
	for {
		request, err := read(r, "")
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			request.startLine = fmt.Sprintf("unreadable: %v", err)
		}
		w.mu.Lock()
		w.received = append(w.received, request)
		response := w.response
		w.mu.Unlock()
		status := response.status()
		if response.write(conn, request.method() != "HEAD" && status != 204 && status != 304) != nil || err != nil || response.framing == "close" {
			return
		}
	}
}

// do sends request to addr and returns what the upstream received and the response.
func (w *wireHarness) do(addr string, request, response message) (received []message, got message, err error) {
	w.mu.Lock()
	w.response, w.received = response, nil
	w.mu.Unlock()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, got, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(testTimeout))
	if err := request.write(conn, true); err != nil {
		return nil, got, err
	}
	got, err = read(bufio.NewReader(conn), request.method())
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.received, got, err
}
