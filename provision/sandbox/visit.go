package sandbox

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
)

// visit is a request of the edge that belongs to a script.
type visit struct {
	state   *state
	account *account
	script  *script
	host    string
	ray     string
}

// work runs the script and streams its answer.
func (e *Edge) work(w http.ResponseWriter, r *http.Request, v visit) {
	if v.script.Main == "" {
		troubleSyntax.write(w, v.host, v.ray, "")
		return
	}
	i, err := e.runtime.acquire(r.Context(), v.state, v.account, v.script)
	switch {
	case errors.Is(err, errNoRuntime):
		troubleRuntime.write(w, v.host, v.ray, "")
		return
	case err != nil:
		troubleScript.write(w, v.host, v.ray, err.Error())
		return
	}
	defer e.runtime.release(i)
	// Both directions may flow at once over HTTP/1.1 too. Not every ResponseWriter can; then they take turns.
	_ = http.NewResponseController(w).EnableFullDuplex()
	proxy := httputil.ReverseProxy{
		Rewrite:        func(p *httputil.ProxyRequest) { v.send(p, i.server.Addr(v.script.Name)) },
		Transport:      i.client,
		FlushInterval:  -1,
		ErrorLog:       slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		ModifyResponse: func(res *http.Response) error { return v.receive(r, res) },
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			detail := i.server.Stderr()
			if detail == "" {
				detail = err.Error()
			}
			troubleScript.write(w, v.host, v.ray, detail)
		},
	}
	proxy.ServeHTTP(w, r)
}

// edgeOnly are headers that only the edge may set.
func edgeOnly() []string {
	return []string{"CF-Blob", "CF-Connecting-IP", "CF-Connecting-IPv6", "CF-Ray", "CF-Visitor", "CF-IPCountry", "CF-EW-Via",
		"CF-Worker", "True-Client-IP", "X-Real-IP"}
}

// send dresses a request as the edge hands it to a Worker,
// https://developers.cloudflare.com/fundamentals/reference/http-headers/.
func (v visit) send(p *httputil.ProxyRequest, addr string) {
	p.Out.URL.Scheme, p.Out.URL.Host = "http", addr
	p.Out.Host = v.host
	h := p.Out.Header
	for _, name := range edgeOnly() {
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
	h.Set("CF-Ray", v.ray)
	h.Set("CF-Visitor", `{"scheme":"https"}`)
	h.Set("CDN-Loop", "cloudflare; loops=1")
	h.Set("CF-Blob", v.blob(p.In))
	h.Set("Accept-Encoding", "br, gzip")
	if _, ok := p.In.Header["User-Agent"]; !ok {
		h.Set("User-Agent", "") // else net/http adds its own
	}
}

// blob is request.cf, https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties.
func (v visit) blob(r *http.Request) string {
	protocol := r.Proto
	if r.ProtoMajor == 2 {
		protocol = "HTTP/2"
	}
	cf := map[string]any{
		"colo": colo, "country": "XX", "asn": 64512, "asOrganization": "Sandbox", "timezone": "UTC",
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

// receive dresses the Worker's answer as the edge sends it on.
func (v visit) receive(r *http.Request, res *http.Response) error {
	if err := uncaught(res); err != nil {
		return err
	}
	res.Header.Set("Server", "cloudflare")
	res.Header.Set("CF-Ray", v.ray)
	return unzip(r, res)
}

// uncaught tells workerd's own answer to an exception from a Worker's: it has this one body and no content type of a
// Worker's making. Cloudflare puts its 1101 page in the place of it.
func uncaught(res *http.Response) error {
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

// unzip decodes an answer for a client that did not ask for it encoded: the edge had asked in its stead.
func unzip(r *http.Request, res *http.Response) error {
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
