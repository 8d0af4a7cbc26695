package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// Transport returns a RoundTripper that calls h without a network and buffers the response. If the handler aborts with
// http.ErrAbortHandler, the error is io.ErrUnexpectedEOF, as for a broken connection. If the context of a request ends,
// the error is that of the context, while the handler continues in the background.
func Transport(h http.Handler) http.RoundTripper { return &transport{h} }

type transport struct{ handler http.Handler }

// RoundTrip implements [http.RoundTripper].
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

// recorder is the ResponseWriter for a request without a network.
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
		// A server would close the connection for any panic.
		if recover() != nil {
			w.cut = true
		}
	}()
	h.ServeHTTP(w, r)
	w.WriteHeader(http.StatusOK)
	return w
}

// Header implements [http.ResponseWriter].
func (w *recorder) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter]. Only the first call has an effect.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, w.header.Clone()
	}
}

// Write implements [http.ResponseWriter].
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
