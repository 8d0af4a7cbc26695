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

// Another process deploys to `cfproxy sandbox` through CLOUDFLARE_BASE_URL and verifies the relay. The curl command
// that verify prints works. When the server ends, it leaves no file behind.
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
	endpoints := startServer(t, server)

	client := func(args ...string) (string, error) {
		command := exec.Command(program, args...)
		command.Dir = dir
		command.Env = append(environment, "CLOUDFLARE_BASE_URL="+endpoints["url"], "CLOUDFLARE_API_TOKEN="+endpoints["token"])
		out, err := command.CombinedOutput()
		return string(out), err
	}
	network := []string{"--domain", "gptapi.example.com", "--connect-to", "::" + endpoints["edge"], "--cacert", endpoints["ca"]}
	if out, err := client(append([]string{"deploy", "--yes"}, network...)...); err != nil {
		t.Fatalf("deploy: %v\n%s", err, out)
	}
	out, err := client(append([]string{"verify"}, network...)...)
	if err != nil {
		t.Fatalf("verify: %v\n%s", err, out)
	}
	curl := regexp.MustCompile(`\$ (curl .*)\n`).FindStringSubmatch(out)
	if curl == nil {
		t.Fatalf("verify prints no curl line:\n%s", out)
	}
	if _, err := exec.LookPath("curl"); err == nil {
		response, err := exec.Command("sh", "-c", curl[1]).CombinedOutput()
		if err != nil || !strings.Contains(string(response), "invalid_request_error") || !strings.Contains(string(response), "x-cfproxy: ") {
			t.Errorf("%s: %v\n%s", curl[1], err, response)
		}
	}
	if out, err := client("--debug", "status", "--domain", "gptapi.example.com"); err != nil || !strings.Contains(out, "debug: GET ") || strings.Contains(out, endpoints["token"]) {
		t.Errorf("--debug status: %v\n%s", err, out)
	}
	if out, err := client("destroy", "--domain", "gptapi.example.com", "--yes"); err != nil {
		t.Errorf("destroy: %v\n%s", err, out)
	}
	stopServer(t, server, endpoints)
}

// startServer starts `cfproxy sandbox` and returns the endpoints that it prints: "url" and "token" of the API, "edge"
// and "ca".
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
	endpoints := map[string]string{}
	patterns := map[string]*regexp.Regexp{
		"url": regexp.MustCompile(`CLOUDFLARE_BASE_URL=(\S+)`), "token": regexp.MustCompile(`CLOUDFLARE_API_TOKEN=(\S+)`),
		"edge": regexp.MustCompile(`--connect-to ::(\S+)`), "ca": regexp.MustCompile(`--cacert (\S+)`),
	}
	lines := bufio.NewScanner(stdout)
	for len(endpoints) < len(patterns) && lines.Scan() {
		for name, pattern := range patterns {
			if match := pattern.FindStringSubmatch(lines.Text()); match != nil {
				endpoints[name] = match[1]
			}
		}
	}
	if len(endpoints) < len(patterns) {
		t.Fatalf("the sandbox printed only %v", endpoints)
	}
	return endpoints
}

// stopServer interrupts the server and checks that it ends and removes its CA file.
func stopServer(t *testing.T, server *exec.Cmd, endpoints map[string]string) {
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
		t.Fatal("the sandbox did not end")
	}
	if _, err := os.Stat(endpoints["ca"]); !os.IsNotExist(err) {
		t.Errorf("%s is left behind (%v)", endpoints["ca"], err)
	}
	if _, err := http.Get(endpoints["url"]); err == nil {
		t.Error("the API still responds")
	}
}
