//go:build !windows

package main

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

// A second process deploys to `cfproxy sandbox` through CLOUDFLARE_BASE_URL and is verified through TLS; curl goes the same
// way with the line that verify prints. When the server ends, nothing of it is left.
func TestSandboxServesOtherPrograms(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("cfproxy")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	environment := []string{"HOME=" + dir, "TMPDIR=" + dir, "CFPROXY_WORKERD=" + workerdtest.Binary(t)}
	server := exec.Command(program, "sandbox", "--listen", "127.0.0.1:0", "--edge", "127.0.0.1:0", "--state", "account.json")
	server.Dir, server.Env = dir, environment
	found := startServer(t, server)

	client := func(args ...string) (string, error) {
		command := exec.Command(program, args...)
		command.Dir = dir
		command.Env = append(environment, "CLOUDFLARE_BASE_URL="+found["url"], "CLOUDFLARE_API_TOKEN="+found["token"])
		out, err := command.CombinedOutput()
		return string(out), err
	}
	way := []string{"--domain", "gptapi.example.com", "--connect-to", "::" + found["edge"], "--cacert", found["ca"]}
	if out, err := client(append([]string{"deploy", "--yes"}, way...)...); err != nil {
		t.Fatalf("deploy: %v\n%s", err, out)
	}
	out, err := client(append([]string{"verify"}, way...)...)
	if err != nil {
		t.Fatalf("verify: %v\n%s", err, out)
	}
	curl := regexp.MustCompile(`\$ (curl .*)\n`).FindStringSubmatch(out)
	if curl == nil {
		t.Fatalf("verify prints no curl line:\n%s", out)
	}
	if _, err := exec.LookPath("curl"); err == nil {
		said, err := exec.Command("sh", "-c", curl[1]).CombinedOutput()
		if err != nil || !strings.Contains(string(said), "invalid_request_error") || !strings.Contains(string(said), "x-cfproxy: ") {
			t.Errorf("%s: %v\n%s", curl[1], err, said)
		}
	}
	if out, err := client("--debug", "status", "--domain", "gptapi.example.com"); err != nil || !strings.Contains(out, "debug: GET ") || strings.Contains(out, found["token"]) {
		t.Errorf("--debug status: %v\n%s", err, out)
	}
	if out, err := client("destroy", "--domain", "gptapi.example.com", "--yes"); err != nil {
		t.Errorf("destroy: %v\n%s", err, out)
	}
	stopServer(t, server, found)
}

// startServer starts the server and reads from what it says how to use it.
func startServer(t *testing.T, server *exec.Cmd) map[string]string {
	t.Helper()
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill() })
	found := map[string]string{}
	patterns := map[string]*regexp.Regexp{
		"url": regexp.MustCompile(`CLOUDFLARE_BASE_URL=(\S+)`), "token": regexp.MustCompile(`CLOUDFLARE_API_TOKEN=(\S+)`),
		"edge": regexp.MustCompile(`--connect-to ::(\S+)`), "ca": regexp.MustCompile(`--cacert (\S+)`),
	}
	lines := bufio.NewScanner(stdout)
	for len(found) < len(patterns) && lines.Scan() {
		for name, pattern := range patterns {
			if match := pattern.FindStringSubmatch(lines.Text()); match != nil {
				found[name] = match[1]
			}
		}
	}
	if len(found) < len(patterns) {
		t.Fatalf("the sandbox says too little: %v", found)
	}
	return found
}

func stopServer(t *testing.T, server *exec.Cmd, found map[string]string) {
	t.Helper()
	if err := server.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("after an interrupt: %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the sandbox does not end")
	}
	if _, err := os.Stat(found["ca"]); !os.IsNotExist(err) {
		t.Errorf("%s is left behind (%v)", found["ca"], err)
	}
	if _, err := http.Get(found["url"]); err == nil {
		t.Error("the API still answers")
	}
}
