package worker_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/worker/workerd"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

// maxMemoryGrowth limits how much more memory than for small requests workerd may use, whatever the size of a body.
const maxMemoryGrowth = 64 << 20

// bodySize returns the size of the body in each direction: large enough that buffering shows, or a gigabyte if
// CFPROXY_LONG is set, as in .ci/run.
func bodySize() int64 {
	if os.Getenv("CFPROXY_LONG") != "" {
		return 1 << 30
	}
	return 128 << 20
}

// randomBody returns n pseudo-random bytes, generated as they are read.
func randomBody(n int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8(sha256.Sum256([]byte("stream"))), n)
}

// wantDigest is the digest of the body that the tests transfer.
var wantDigest = sync.OnceValues(func() (string, error) { return digest(randomBody(bodySize())) })

// digest reads r to the end and returns its length and SHA-256.
func digest(r io.Reader) (string, error) {
	hash := sha256.New()
	n, err := io.Copy(hash, r)
	return fmt.Sprintf("%d %s", n, hex.EncodeToString(hash.Sum(nil))), err
}

// withLongTimeout gives r enough time for a large body on a busy machine.
func withLongTimeout(t *testing.T, r *http.Request) *http.Request {
	ctx, cancel := context.WithTimeout(t.Context(), 6*testTimeout)
	t.Cleanup(cancel)
	return r.WithContext(ctx)
}

// memoryUsage returns the current and the peak resident memory of a process, in bytes.
// https://docs.kernel.org/filesystems/proc.html
func memoryUsage(t testing.TB, pid int) (now, peak int64) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip("memory per process can be read on Linux only")
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch n, _ := strconv.ParseInt(fields[1], 10, 64); fields[0] {
		case "VmRSS:":
			now = n << 10
		case "VmHWM:":
			peak = n << 10
		}
	}
	return now, peak
}

// startWarm starts the Worker on its own workerd, so that nothing else uses memory there, and warms it up.
func startWarm(t testing.TB, handler http.HandlerFunc) *workerd.Server {
	t.Helper()
	upstream := httptest.NewServer(handler)
	server, err := workerd.Start(t.Context(), workerdtest.Binary(t), workerd.Config{
		Workers: []workerd.Worker{relay("relay", validBindings())}, Outbound: upstream.Listener.Addr().String(),
	})
	if err != nil {
		upstream.Close()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Close()
		upstream.CloseClientConnections()
		upstream.Close()
	})
	for range 200 {
		do(t, newRequest(t, "POST", "http://"+server.Addr("relay")+"/v1/small", strings.NewReader("{}")))
	}
	return server
}

// checkFlatMemory calls transfer to send or receive a body of size bytes, and checks the growth of memory.
func checkFlatMemory(t *testing.T, transfer func(url string, size int64)) {
	t.Helper()
	server := startWarm(t, func(w http.ResponseWriter, r *http.Request) {
		if size, err := strconv.ParseInt(r.URL.Query().Get("size"), 10, 64); err == nil {
			_, _ = io.Copy(w, randomBody(size))
			return
		}
		got, err := digest(r.Body)
		_, _ = fmt.Fprint(w, got, err)
	})
	before, _ := memoryUsage(t, server.Pid())
	transfer("http://"+server.Addr("relay")+"/v1/large", bodySize())
	_, peak := memoryUsage(t, server.Pid())
	t.Logf("%d MB more memory for %d MB", (peak-before)>>20, bodySize()>>20)
	if peak-before > maxMemoryGrowth {
		t.Errorf("workerd grew from %d to %d bytes", before, peak)
	}
}

func TestLargeUploadFlatMemory(t *testing.T) {
	for name, length := range map[string]bool{"of known length": true, "in chunks": false} {
		t.Run(name, func(t *testing.T) {
			checkFlatMemory(t, func(url string, size int64) {
				request := newRequest(t, "POST", url, randomBody(size))
				if length {
					request.ContentLength = size
				}
				want, _ := wantDigest()
				if _, got := do(t, withLongTimeout(t, request)); got != want+"<nil>" {
					t.Errorf("got %s, want %s", got, want)
				}
			})
		})
	}
}

func TestLargeResponseFlatMemory(t *testing.T) {
	checkFlatMemory(t, func(url string, size int64) {
		response, err := client(t).Do(withLongTimeout(t, newRequest(t, "GET", fmt.Sprintf("%s?size=%d", url, size), nil)))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		want, _ := wantDigest()
		if got, err := digest(response.Body); got != want || err != nil {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	})
}

// If the caller does not read, the upstream must be blocked, and the body must not be buffered.
func TestBackpressure(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	sent := make(chan int64, 1)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Second))
		n, _ := io.Copy(w, randomBody(1<<30))
		sent <- n
	})
	response, err := client(t).Do(newRequest(t, "GET", h.relayURL(path), nil))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if n := receive(t, sent, "the upstream to give up"); n > maxMemoryGrowth {
		t.Errorf("the upstream sent %d bytes that were not read", n)
	}
}
