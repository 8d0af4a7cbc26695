package worker_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/worker"
	"github.com/cfproxy/cfproxy/worker/workerd"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
	"github.com/google/go-cmp/cmp"
)

func TestMethodsAndPaths(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	for _, test := range []struct{ method, path, want string }{
		{"POST", "/", "https://api.openai.com/"},
		{"GET", "/v1/models", "https://api.openai.com/v1/models"},
		{"POST", "/v1/chat/completions", "https://api.openai.com/v1/chat/completions"},
		{"PUT", "/openai/v1/x", "https://api.openai.com/v1/x"},
		{"POST", "/anthropic/v1/messages?beta=true", "https://api.anthropic.com/v1/messages?beta=true"},
		{"PATCH", "/ported/a/b/", "https://api.example.com:8443/a/b/"},
		{"DELETE", "/anthropic", "https://api.anthropic.com/"},
		{"GET", "/anthropic/", "https://api.anthropic.com/"},
		{"GET", "/anthropic?x", "https://api.anthropic.com/?x"},
		{"GET", "/anthropicx/v1", "https://api.openai.com/anthropicx/v1"},
		{"GET", "/Anthropic/v1", "https://api.openai.com/Anthropic/v1"},
		{"GET", "/v1/anthropic/x", "https://api.openai.com/v1/anthropic/x"},
		{"GET", "/-", "https://api.openai.com/-"},
		{"OPTIONS", "/v1/models", "https://api.openai.com/v1/models"},
		{"GET", "/v1/x?a=%2F..%2F&b=//evil.example/&c=%00", "https://api.openai.com/v1/x?a=%2F..%2F&b=//evil.example/&c=%00"},
		{"GET", "/v1/x?", "https://api.openai.com/v1/x?"},
		{"GET", "/v1/models/ft:gpt%2F4%20o@x;y=z,(1)!$&'*+~", "https://api.openai.com/v1/models/ft:gpt%2F4%20o@x;y=z,(1)!$&'*+~"},
		{"GET", "/v1//x/.well-known/a..b/...", "https://api.openai.com/v1//x/.well-known/a..b/..."},
	} {
		response, body := do(t, newRequest(t, test.method, h.relayURL(test.path), nil))
		if want := test.method + " " + test.want; response.StatusCode != 200 || body != want {
			t.Errorf("%s %s: got %d %q, want %q", test.method, test.path, response.StatusCode, body, want)
		}
	}
}

func TestBodiesAreUnchanged(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	body := make([]byte, 8<<20)
	_, _ = rand.NewChaCha8(sha256.Sum256(nil)).Read(body)
	type upload struct {
		length int64
		sum    [32]byte
	}
	arrived := make(chan upload, 2)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		got, _ := io.ReadAll(r.Body)
		arrived <- upload{r.ContentLength, sha256.Sum256(got)}
		_, _ = w.Write(got)
	})
	for name, test := range map[string]struct {
		reader io.Reader
		length int64
	}{
		"of known length": {bytes.NewReader(body), int64(len(body))},
		"in chunks":       {io.MultiReader(bytes.NewReader(body)), -1},
	} {
		response, back := do(t, newRequest(t, "POST", h.relayURL(path), test.reader))
		got := receive(t, arrived, "the upstream")
		if got.sum != sha256.Sum256(body) || got.length != test.length {
			t.Errorf("%s: a different body arrived, of length %d, want %d", name, got.length, test.length)
		}
		if response.StatusCode != 200 || sha256.Sum256([]byte(back)) != sha256.Sum256(body) {
			t.Errorf("%s: a different body was returned", name)
		}
	}
}

func TestGetWithBody(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	if _, body := do(t, newRequest(t, "GET", h.relayURL(path), strings.NewReader("{}"))); body != "{}" {
		t.Errorf("got %q, want {}", body)
	}
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	for _, status := range []int{200, 201, 202, 204, 206, 300, 304, 400, 401, 403, 404, 409, 416, 418, 422, 429, 500, 502, 503, 529} {
		path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Request-Id", "req_1")
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(status)
			if status != 204 && status != 304 {
				_, _ = io.WriteString(w, `{"error":{"message":"the upstream's message"}}`)
			}
		})
		want := `{"error":{"message":"the upstream's message"}}`
		if status == 204 || status == 304 {
			want = ""
		}
		response, body := do(t, newRequest(t, "GET", h.relayURL(path), nil))
		if response.StatusCode != status || body != want || response.Header.Get("Retry-After") != "7" || response.Header.Get("X-Request-Id") != "req_1" {
			t.Errorf("%d: got %d %v %q", status, response.StatusCode, response.Header, body)
		}
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "12345")
		w.Header().Set("Was", r.Method)
	})
	response, body := do(t, newRequest(t, "HEAD", h.relayURL(path), nil))
	if response.ContentLength != 12345 || response.Header.Get("Was") != "HEAD" || body != "" {
		t.Errorf("got length %d, %v, body %q", response.ContentLength, response.Header, body)
	}
}

func TestRange(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "bytes=2-4" || r.Header.Get("If-Range") != `"v1"` {
			t.Errorf("range arrived as %v", r.Header)
		}
		w.Header().Set("Content-Range", "bytes 2-4/10")
		w.Header().Set("Content-Length", "3")
		w.WriteHeader(http.StatusPartialContent)
		_, _ = io.WriteString(w, "234")
	})
	response, body := do(t, newRequest(t, "GET", h.relayURL(path), nil, "Range", "bytes=2-4", "If-Range", `"v1"`))
	if response.StatusCode != 206 || response.Header.Get("Content-Range") != "bytes 2-4/10" || body != "234" {
		t.Errorf("got %d %v %q", response.StatusCode, response.Header, body)
	}
}

func TestCompressedResponsesAreNotDecoded(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	// Invalid in all of these formats, so decoding it fails.
	sent := "\x1f\x8b not really \x00\xff"
	for _, coding := range []string{"gzip", "br", "deflate", "zstd", "x-own", "gzip, br"} {
		for _, accepted := range []string{"gzip, br, zstd", "identity", ""} {
			path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
				if got := r.Header.Get("Accept-Encoding"); got != accepted {
					t.Errorf("Accept-Encoding %q arrived as %q", accepted, got)
				}
				w.Header().Set("Content-Encoding", coding)
				w.Header().Set("Content-Length", fmt.Sprint(len(sent)))
				_, _ = io.WriteString(w, sent)
			})
			request := newRequest(t, "GET", h.relayURL(path), nil)
			if accepted != "" {
				request.Header.Set("Accept-Encoding", accepted)
			}
			response, body := do(t, request)
			if body != sent || response.Header.Get("Content-Encoding") != coding || response.ContentLength != int64(len(sent)) {
				t.Errorf("%s for %q: got %v %q", coding, accepted, response.Header, body)
			}
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	target := h.handle(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	for _, status := range []int{301, 302, 303, 307, 308} {
		for location, want := range map[string]string{
			target: target, "https://api.openai.com" + target: h.relayURL(target),
			"//elsewhere.example/x": "//elsewhere.example/x", "https://elsewhere.example/?a=b#c": "https://elsewhere.example/?a=b#c",
		} {
			path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", location)
				w.WriteHeader(status)
			})
			response, _ := do(t, newRequest(t, "POST", h.relayURL(path), strings.NewReader("{}"), "Authorization", "Bearer sk-x"))
			if got := response.Header["Location"]; response.StatusCode != status || !cmp.Equal(got, []string{want}) {
				t.Errorf("%d %s: got %d %v", status, location, response.StatusCode, got)
			}
		}
	}
}

func TestUpstreamAbortIsA502(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	path := h.handle(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	response, body := do(t, newRequest(t, "POST", h.relayURL(path), strings.NewReader("{}"), "Origin", "https://app.example"))
	if response.StatusCode != http.StatusBadGateway || response.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %d %v", response.StatusCode, response.Header)
	}
	if response.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("a page cannot read this error")
	}
	checkError(t, body, "upstream_unreachable")
}

func TestUnreachableUpstreamIsA502(t *testing.T) {
	t.Parallel()
	s, err := workerd.Start(t.Context(), workerdtest.Binary(t), workerd.Config{
		Workers: []workerd.Worker{relay("relay", validBindings())}, Outbound: "127.0.0.1:1",
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	response, body := do(t, newRequest(t, "GET", "http://"+s.Addr("relay")+"/v1/models", nil))
	if response.StatusCode != http.StatusBadGateway {
		t.Errorf("got %d", response.StatusCode)
	}
	checkError(t, body, "upstream_unreachable")
	response, body = do(t, newRequest(t, "HEAD", "http://"+s.Addr("relay")+"/v1/models", nil))
	if response.StatusCode != http.StatusBadGateway || body != "" {
		t.Errorf("HEAD: got %d %q", response.StatusCode, body)
	}
}

func TestInvalidStatusIsA502(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(999) })
	response, body := do(t, newRequest(t, "GET", h.relayURL(path), nil))
	if response.StatusCode != http.StatusBadGateway {
		t.Errorf("got %d", response.StatusCode)
	}
	checkError(t, body, "upstream_status")
}

func TestTruncatedResponse(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	response, err := client(t).Do(newRequest(t, "GET", h.relayURL(path), nil))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("read %q without an error", body)
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	response, body := do(t, newRequest(t, "TRACE", h.relayURL("/v1/models"), nil, "Authorization", "Bearer sk-x"))
	if response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("got %d", response.StatusCode)
	}
	checkError(t, body, "method_not_allowed")
}

func TestHealth(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	for header, colo := range map[string]string{`{"colo":"AMS"}`: `"AMS"`, `{}`: `null`} {
		response, body := do(t, newRequest(t, "GET", h.relayURL(worker.HealthPath), nil, workerd.CFHeader, header))
		want := `{"service":"cfproxy","version":"v1.2.3","build":"` + build + `","access":"pass-through","providers":["openai","anthropic","ported"],"colo":` + colo + `,"placement":null}`
		if response.StatusCode != 200 || body != want {
			t.Errorf("got %d %s, want %s", response.StatusCode, body, want)
		}
		if response.Header.Get("Cache-Control") != "no-store" || response.Header.Get("Content-Type") != "application/json" {
			t.Errorf("headers are %v", response.Header)
		}
	}
	for _, test := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"POST", worker.HealthPath, 405, "method_not_allowed"},
		{"GET", worker.HealthPath + "/", 404, "not_found"},
		{"GET", "/-/other", 404, "not_found"},
		{"GET", "/-/", 404, "not_found"},
	} {
		response, body := do(t, newRequest(t, test.method, h.relayURL(test.path), nil))
		if response.StatusCode != test.status {
			t.Errorf("%s %s: got %d, want %d", test.method, test.path, response.StatusCode, test.status)
		}
		checkError(t, body, test.code)
	}
	if response, body := do(t, newRequest(t, "HEAD", h.relayURL(worker.HealthPath), nil)); response.StatusCode != 200 || body != "" {
		t.Errorf("HEAD: got %d %q", response.StatusCode, body)
	}
}

func TestOwnResponsesToHeadHaveNoBody(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	conn, err := net.Dial("tcp", h.server.Addr("relay"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(testTimeout))
	if _, err := io.WriteString(conn, "HEAD "+worker.HealthPath+" HTTP/1.1\r\nHost: relay.example\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.HasPrefix(got, []byte("HTTP/1.1 200 OK\r\n")) || !bytes.HasSuffix(got, []byte("\r\n\r\n")) {
		t.Errorf("got %q, %v", got, err)
	}
}
