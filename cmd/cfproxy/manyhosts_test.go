//go:build !windows

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/mattn/go-runewidth"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

// writeManyHosts writes a cfproxy.toml with that number of hosts and returns its path.
func writeManyHosts(t *testing.T, hosts int) string {
	t.Helper()
	var names []string
	for i := range hosts {
		names = append(names, fmt.Sprintf("%q", fmt.Sprintf("h%d.example.com", i)))
	}
	file := filepath.Join(t.TempDir(), config.FileName)
	if err := os.WriteFile(file, []byte("[[relays]]\ndomains = ["+strings.Join(names, ", ")+"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// exitStatusOf returns the exit status of a program from the error of its run.
func exitStatusOf(err error) int {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

// The quotas of a zone are checked before anything is written.
func TestZoneQuotaIsCheckedBeforeWriting(t *testing.T) {
	t.Parallel()
	many := func(count int, one string) string {
		var all []string
		for i := range count {
			all = append(all, fmt.Sprintf(one, i))
		}
		return strings.Join(all, ", ")
	}
	for name, x := range map[string]struct{ plan, resources, want string }{
		"records": {
			"free", `"records": [` + many(150, `{"type": "A", "name": "s%d.example.com", "content": "192.0.2.7"}`) + `]`,
			`example.com: the free plan allows 200 of the kind "record"; it has 150 and needs 60 more`,
		},
		"routes": {
			"pro", `"routes": [` + many(950, `{"pattern": "s%d.example.com/*"}`) + `]`,
			`example.com: the pro plan allows 1000 of the kind "route"; it has 950 and needs 60 more`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKillServer(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com", "plan": "`+x.plan+`", `+x.resources+`}]}]}`)
			before := k.bytes(t)
			err := k.run(t, []string{"deploy", "--config", writeManyHosts(t, 60)})
			if exitStatusOf(err) != problem.ExitFailed || !strings.Contains(k.output, x.want) || !strings.Contains(k.output, "hint: spread the hosts") {
				t.Errorf("%v\n%s", err, k.output)
			}
			if k.bytes(t) != before {
				t.Error("something was written")
			}
			if err := k.run(t, []string{"deploy", "--config", writeManyHosts(t, 50)}); err != nil {
				t.Errorf("hosts within the quota: %v\n%s", err, k.output)
			}
		})
	}
}

// An interrupted deploy of many hosts ends at a safe point and prints the command that continues it.
func TestInterruptedDeployContinues(t *testing.T) {
	t.Parallel()
	const account = `{"clock": "2026-11-20T12:00:00Z", "accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}]}`
	file := writeManyHosts(t, 150)
	deploy := []string{"deploy", "--config", file}
	k := newKillServer(t, account)
	start := k.bytes(t)
	want := normalizedState(runToEnd(t, start, deploy).bytes(t))
	k = newKillServer(t, start)
	k.at, k.interrupt = 30, true
	err := k.run(t, deploy)
	if exitStatusOf(err) != problem.ExitInterrupted || !k.killed.Load() {
		t.Fatalf("%v\n%s", err, k.output)
	}
	checkInvariants(t, start, k.bytes(t))
	stopped := regexp.MustCompile(`\n(\d+) of 301 steps done\. It is safe to stop here.*\nTo continue: cfproxy (.*)\n`).FindStringSubmatch(k.output)
	if stopped == nil || strings.Contains(k.output, "removing what it created") {
		t.Fatalf("the output does not say what was done:\n%s", k.output)
	}
	k.at = 0
	if err := k.run(t, strings.Fields(stopped[2])); err != nil {
		t.Errorf("the command that continues: %v\n%s", err, k.output)
	}
	if normalizedState(k.bytes(t)) != want {
		t.Error("the state differs from that of a run that was not interrupted")
	}
	if !strings.Contains(k.output, "  …  steps: all ") {
		t.Errorf("a long run does not show its progress:\n%s", k.output)
	}
}

// On a terminal one line shows the progress of a long run and counts down while calls wait for the API's rate limit. It
// never wraps.
func TestProgressLineOnTerminal(t *testing.T) {
	t.Parallel()
	inBothLanguages(t, func(t *testing.T, language string, text *i18n.Catalog) {
		k := newKillServer(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}],
			"faults": [{"method": "POST", "path": "/zones/*/workers/routes", "skip": 40, "retry_after": "1"}]}`)
		s := servedSandbox{baseURL: k.baseURL}.start(t, t.TempDir(),
			[]string{"LANG=" + language, "CLOUDFLARE_API_TOKEN=" + k.store.Token()},
			"deploy", "--config", writeManyHosts(t, 60), "--yes", "--no-verify")
		s.Expect(text.T("plan.counts", "create", "121", "update", "0", "delete", "0"))
		s.Expect("█")
		paused := text.T("progress.paused", "done", "", "all", "", "text", "", "left", text.T("duration.seconds", "count", "1"))
		s.Expect(paused[strings.IndexAny(paused, ",，"):])
		s.Expect(text.T("progress.all", "text", text.T("doing.steps"), "all", "121"))
		if status := s.Wait(); status != 0 {
			t.Errorf("exit status %d:\n%s", status, s.Transcript())
		}
		for line := range strings.SplitSeq(s.Raw(), "\r\x1b[K") {
			drawn, _, _ := strings.Cut(line, "\n")
			if width := runewidth.StringWidth(ansi.Strip(drawn)); strings.ContainsAny(drawn, "█░…") && width > 79 {
				t.Errorf("%d cells: %q", width, drawn)
			}
		}
	})
}
