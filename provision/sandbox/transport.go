package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// Transport hands requests to h without a network. The answer is buffered whole. A handler that cuts the connection
// (http.ErrAbortHandler) becomes io.ErrUnexpectedEOF, as a broken connection would; a request whose context ends gets
// the context's error while the handler finishes on its own.
func Transport(h http.Handler) http.RoundTripper { return &transport{h} }

type transport struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	in.Body = http.NoBody
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, fmt.Errorf("read request body: %w", err)
		}
		in.Body = io.NopCloser(bytes.NewReader(body))
	}
	in.RequestURI = in.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:0"
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	done := make(chan *recorder, 1)
	go func() { done <- run(t.handler, in) }()
	select {
	case w := <-done:
		if w.cut {
			return nil, fmt.Errorf("sandbox: connection cut: %w", io.ErrUnexpectedEOF)
		}
		return w.response(r), nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// recorder is the ResponseWriter of a request in process.
type recorder struct {
	status int
	header http.Header
	sent   http.Header
	body   bytes.Buffer
	cut    bool
}

func run(h http.Handler, r *http.Request) (w *recorder) {
	w = &recorder{header: http.Header{}}
	defer func() {
		// Whatever the handler panics with: a server would have dropped the connection too.
		if recover() != nil {
			w.cut = true
		}
	}()
	h.ServeHTTP(w, r)
	w.WriteHeader(http.StatusOK)
	return w
}

// Header implements http.ResponseWriter.
func (w *recorder) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter; only the first call counts.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, w.header.Clone()
	}
}

// Write implements http.ResponseWriter.
func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

func (w *recorder) response(r *http.Request) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}
}
