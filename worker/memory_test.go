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
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/worker/workerd"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

// roomForBodies is how much more memory than for small requests workerd may take
// at any time, whatever the size of a body.
const roomForBodies = 64 << 20

// bodySize is what goes through in each direction: enough to be noticed where it
// is held, and a gigabyte where CFPROXY_LONG asks for it, as .ci/run does.
func bodySize() int64 {
	if os.Getenv("CFPROXY_LONG") != "" {
		return 1 << 30
	}
	return 128 << 20
}

// stream gives n bytes that no two places have in common, made as they are read.
func stream(n int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8(sha256.Sum256([]byte("stream"))), n)
}

// sum drains r and tells its digest and its length.
func sum(r io.Reader) (string, error) {
	digest := sha256.New()
	n, err := io.Copy(digest, r)
	return fmt.Sprintf("%d %s", n, hex.EncodeToString(digest.Sum(nil))), err
}

// atLength gives r the time that a large body needs on a busy machine.
func atLength(t *testing.T, r *http.Request) *http.Request {
	ctx, cancel := context.WithTimeout(t.Context(), 6*patience)
	t.Cleanup(cancel)
	return r.WithContext(ctx)
}

// memory is what a process has in RAM now and has had at the most, in bytes.
// https://docs.kernel.org/filesystems/proc.html
func memory(t testing.TB, pid int) (now, peak int64) {
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

// fresh is the Worker on a workerd of its own, so that nothing else uses memory
// there, and warm.
func fresh(t testing.TB, handler http.HandlerFunc) *workerd.Server {
	t.Helper()
	upstream := httptest.NewServer(handler)
	server, err := workerd.Start(t.Context(), workerdtest.Binary(t), workerd.Config{
		Workers: []workerd.Worker{relay("relay", good())}, Outbound: upstream.Listener.Addr().String(),
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
		ask(t, newRequest(t, "POST", "http://"+server.Addr("relay")+"/v1/small", strings.NewReader("{}")))
	}
	return server
}

// checkFlat lets a body of size bytes pass in each direction by pass, and checks
// what memory it took.
func checkFlat(t *testing.T, pass func(url string, size int64)) {
	t.Helper()
	server := fresh(t, func(w http.ResponseWriter, r *http.Request) {
		if size, err := strconv.ParseInt(r.URL.Query().Get("size"), 10, 64); err == nil {
			_, _ = io.Copy(w, stream(size))
			return
		}
		got, err := sum(r.Body)
		_, _ = fmt.Fprint(w, got, err)
	})
	before, _ := memory(t, server.Pid())
	pass("http://"+server.Addr("relay")+"/v1/large", bodySize())
	_, peak := memory(t, server.Pid())
	t.Logf("%d MB more memory for %d MB", (peak-before)>>20, bodySize()>>20)
	if peak-before > roomForBodies {
		t.Errorf("workerd grew from %d to %d bytes", before, peak)
	}
}

func TestALargeUploadPassesWithFlatMemory(t *testing.T) {
	for name, length := range map[string]bool{"of known length": true, "in chunks": false} {
		t.Run(name, func(t *testing.T) {
			checkFlat(t, func(url string, size int64) {
				request := newRequest(t, "POST", url, stream(size))
				if length {
					request.ContentLength = size
				}
				want, _ := sum(stream(size))
				if _, got := ask(t, atLength(t, request)); got != want+"<nil>" {
					t.Errorf("got %s, want %s", got, want)
				}
			})
		})
	}
}

func TestALargeAnswerPassesWithFlatMemory(t *testing.T) {
	checkFlat(t, func(url string, size int64) {
		response, err := client(t).Do(atLength(t, newRequest(t, "GET", fmt.Sprintf("%s?size=%d", url, size), nil)))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		want, _ := sum(stream(size))
		if got, err := sum(response.Body); got != want || err != nil {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	})
}

// A caller that reads nothing is waited for; what the upstream would send on
// stays there.
func TestACallerThatDoesNotReadHoldsTheUpstreamBack(t *testing.T) {
	t.Parallel()
	h := running(t)
	sent := make(chan int64, 1)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Second))
		n, _ := io.Copy(w, stream(1<<30))
		sent <- n
	})
	response, err := client(t).Do(newRequest(t, "GET", h.url(path), nil))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if n := wait(t, sent, "the upstream to give up"); n > roomForBodies {
		t.Errorf("%d bytes left the upstream, and nobody had read them", n)
	}
}
