package worker_test

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/worker/workerd"
)

// forEachTestFile runs a subtest for each test file in a folder.
func forEachTestFile(t *testing.T, folder string, run func(t *testing.T, file string)) {
	t.Helper()
	files, err := filepath.Glob(folder + "/*.test.js")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests in %s: %v", folder, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".test.js"), func(t *testing.T) { run(t, file) })
	}
}

// runNode runs one JavaScript test file until ctx ends. The tests get addresses as JSON in CFPROXY_ADDRESSES, and
// sockets to listen on as file descriptors from 3 on: relays need the address of their upstream when they start.
func runNode(ctx context.Context, t *testing.T, server *workerd.Server, file string, addresses any, env []string, sockets ...*os.File) {
	t.Helper()
	encoded, err := json.Marshal(addresses)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(ctx, "node", "--test-reporter=spec", "--test-force-exit", filepath.Base(file))
	node.Dir = filepath.Dir(file)
	node.Env = append(append(os.Environ(), "CFPROXY_ADDRESSES="+string(encoded)), env...)
	node.ExtraFiles = sockets
	killProcessGroup(node)
	node.WaitDelay = time.Second
	out, err := node.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s\nworkerd: %s", file, err, out, server.Stderr())
		return
	}
	t.Logf("%s", out)
}

func listen(t *testing.T) *net.TCPListener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.(*net.TCPListener)
}

func fileOf(t *testing.T, l *net.TCPListener) *os.File {
	t.Helper()
	file, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}
