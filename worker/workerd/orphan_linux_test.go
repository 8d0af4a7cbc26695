package workerd_test

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/worker/workerd"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

const childMode = "CFPROXY_TEST_ORPHAN"

// TestWorkerdDiesWithParent runs itself as a process that starts workerd, kills that process, and waits until its connection to
// workerd is closed.
func TestWorkerdDiesWithParent(t *testing.T) {
	if os.Getenv(childMode) != "" {
		s := start(t, workerd.Config{Workers: []workerd.Worker{script("w", "export default {}")}})
		os.Stdout.WriteString("\naddr " + s.Addr("w") + "\n")
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	t.Parallel()
	workerdtest.Binary(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestWorkerdDiesWithParent$")
	cmd.Env = append(os.Environ(), childMode+"=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", address(stdout))
	if kill := cmd.Process.Kill(); kill != nil {
		t.Error(kill)
	}
	_ = cmd.Wait()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
		t.Errorf("workerd outlived its parent: %v", err)
	}
}

func address(r io.Reader) string {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if addr, ok := strings.CutPrefix(lines.Text(), "addr "); ok {
			return addr
		}
	}
	return ""
}
