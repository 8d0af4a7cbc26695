package edge

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"

	"github.com/cfproxy/cfproxy/provision/sandbox"
)

// workerRequest is a request to the edge that a Worker answers.
type workerRequest struct {
	snapshot sandbox.Snapshot
	worker   sandbox.Worker
	host     string
	ray      string
}

// runWorker forwards a request to the Worker and streams its response.
func (e *Edge) runWorker(w http.ResponseWriter, r *http.Request, req workerRequest) {
	if !req.worker.UsesModules() {
		pageSyntax.write(w, req.host, req.ray, "")
		return
	}
	i, err := e.pool.acquire(r.Context(), req.snapshot, req.worker)
	switch {
	case errors.Is(err, errNoRuntime):
		pageRuntime.write(w, req.host, req.ray, "")
		return
	case err != nil:
		pageWorker.write(w, req.host, req.ray, err.Error())
		return
	}
	defer e.pool.release(i)
	// Lets HTTP/1.1 send the response while the request body is still being read. Where the ResponseWriter does not support it,
	// one follows the other.
	_ = http.NewResponseController(w).EnableFullDuplex()
	proxy := httputil.ReverseProxy{
		Rewrite:        func(p *httputil.ProxyRequest) { req.rewrite(p, i.server.Addr(req.worker.Name())) },
		Transport:      i.client,
		FlushInterval:  -1,
		ErrorLog:       slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		ModifyResponse: func(res *http.Response) error { return req.modifyResponse(r, res) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			detail := i.server.Stderr()
			if detail == "" {
				detail = err.Error()
			}
			pageWorker.write(w, req.host, req.ray, detail)
		},
	}
	proxy.ServeHTTP(w, r)
}

// edgeHeaders returns the headers that only the edge sets; a client cannot.
func edgeHeaders() []string {
	return []string{"CF-Blob", "CF-Connecting-IP", "CF-Connecting-IPv6", "CF-Ray", "CF-Visitor", "CF-IPCountry", "CF-EW-Via",
		"CF-Worker", "True-Client-IP", "X-Real-IP"}
}

// rewrite changes a request as the edge does before a Worker gets it,
// https://developers.cloudflare.com/fundamentals/reference/http-headers/.
func (req workerRequest) rewrite(p *httputil.ProxyRequest, addr string) {
	p.Out.URL.Scheme, p.Out.URL.Host = "http", addr
	p.Out.Host = req.host
	h := p.Out.Header
	for _, name := range edgeHeaders() {
		h.Del(name)
	}
	client, _, err := net.SplitHostPort(p.In.RemoteAddr)
	if err != nil {
		client = p.In.RemoteAddr
	}
	forwarded := append(p.In.Header.Values("X-Forwarded-For"), client)
	h.Set("X-Forwarded-For", strings.Join(forwarded, ", "))
	h.Set("X-Forwarded-Proto", "https")
	h.Set("X-Real-IP", client)
	h.Set("CF-Connecting-IP", client)
	h.Set("CF-IPCountry", "XX")
	h.Set("CF-Ray", req.ray)
	h.Set("CF-Visitor", `{"scheme":"https"}`)
	h.Set("CDN-Loop", "cloudflare; loops=1")
	h.Set("CF-Blob", req.cf(p.In))
	h.Set("Accept-Encoding", "br, gzip")
	if _, ok := p.In.Header["User-Agent"]; !ok {
		h.Set("User-Agent", "") // or net/http adds its own
	}
}

// cf returns the value of request.cf as JSON,
// https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties.
func (req workerRequest) cf(r *http.Request) string {
	protocol := r.Proto
	if r.ProtoMajor == 2 {
		protocol = "HTTP/2"
	}
	cf := map[string]any{
		"colo": "SBX", "country": "XX", "asn": 64512, "asOrganization": "Sandbox", "timezone": "UTC",
		"httpProtocol": protocol, "clientAcceptEncoding": r.Header.Get("Accept-Encoding"),
	}
	if r.TLS != nil {
		cf["tlsVersion"] = strings.ReplaceAll(tls.VersionName(r.TLS.Version), "TLS ", "TLSv")
		cf["tlsCipher"] = tls.CipherSuiteName(r.TLS.CipherSuite)
	}
	data, err := json.Marshal(cf)
	if err != nil {
		return "{}"
	}
	return string(data)
}

// modifyResponse changes the response of a Worker as the edge does before the client gets it.
func (req workerRequest) modifyResponse(r *http.Request, res *http.Response) error {
	if err := checkException(res); err != nil {
		return err
	}
	res.Header.Set("Server", "cloudflare")
	res.Header.Set("CF-Ray", req.ray)
	return decompress(r, res)
}

// checkException returns an error for workerd's response to an uncaught exception, which Cloudflare replaces by its 1101
// page. Unlike a response that a Worker creates with this text, it has no content type.
func checkException(res *http.Response) error {
	const text = "Internal Server Error"
	if res.StatusCode != http.StatusInternalServerError || res.ContentLength != int64(len(text)) {
		return nil
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(body))
	if string(body) == text && res.Header.Get("Content-Type") == "" {
		return errors.New("the script threw an exception")
	}
	return nil
}

// decompress decodes a gzip response for a client that does not accept it: the edge accepts gzip for every client.
func decompress(r *http.Request, res *http.Response) error {
	if res.Header.Get("Content-Encoding") != "gzip" || strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") ||
		r.Method == http.MethodHead || res.StatusCode == http.StatusNoContent || res.StatusCode == http.StatusNotModified {
		return nil
	}
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		return err
	}
	inner := res.Body
	res.Body = struct {
		io.Reader
		io.Closer
	}{z, inner}
	res.Header.Del("Content-Encoding")
	res.Header.Del("Content-Length")
	res.ContentLength = -1
	return nil
}
