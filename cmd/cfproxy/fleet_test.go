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

	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

// fleetFile writes a file with so many hosts.
func fleetFile(t *testing.T, hosts int) string {
	t.Helper()
	var names []string
	for i := range hosts {
		names = append(names, fmt.Sprintf("%q", fmt.Sprintf("h%d.example.com", i)))
	}
	file := filepath.Join(t.TempDir(), "config.Relays.toml")
	if err := os.WriteFile(file, []byte("[[relays]]\ndomains = ["+strings.Join(names, ", ")+"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func statusOfRun(err error) int {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

// What a zone cannot hold is told before anything is written.
func TestAZoneThatIsTooFullIsToldFirst(t *testing.T) {
	t.Parallel()
	many := func(count int, one string) string {
		var all []string
		for i := range count {
			all = append(all, fmt.Sprintf(one, i))
		}
		return strings.Join(all, ", ")
	}
	for name, x := range map[string]struct{ plan, holds, want string }{
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
			k := newKiller(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com", "plan": "`+x.plan+`", `+x.holds+`}]}]}`)
			before := k.bytes(t)
			err := k.run(t, []string{"deploy", "--config", fleetFile(t, 60)})
			if statusOfRun(err) != problem.ExitFailed || !strings.Contains(k.said, x.want) || !strings.Contains(k.said, "hint: spread the hosts") {
				t.Errorf("%v\n%s", err, k.said)
			}
			if k.bytes(t) != before {
				t.Error("something was written")
			}
			if err := k.run(t, []string{"deploy", "--config", fleetFile(t, 50)}); err != nil {
				t.Errorf("as many as fit: %v\n%s", err, k.said)
			}
		})
	}
}

// An interrupt in the middle of a long deploy ends it where that does no harm, and says how to go on.
func TestAnInterruptedFleetGoesOn(t *testing.T) {
	t.Parallel()
	const account = `{"clock": "2026-11-20T12:00:00Z", "accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}]}`
	file := fleetFile(t, 150)
	deploy := []string{"deploy", "--config", file}
	k := newKiller(t, account)
	start := k.bytes(t)
	want := normalState(undisturbed(t, start, deploy).bytes(t))
	k = newKiller(t, start)
	k.at, k.gently = 30, true
	err := k.run(t, deploy)
	if statusOfRun(err) != problem.ExitInterrupted || !k.killed.Load() {
		t.Fatalf("%v\n%s", err, k.said)
	}
	checkKilled(t, start, k.bytes(t))
	stands := regexp.MustCompile(`\n(\d+) of 301 steps done\. It is safe to stop here.*\nTo continue: cfproxy (.*)\n`).FindStringSubmatch(k.said)
	if stands == nil || strings.Contains(k.said, "removing what it created") {
		t.Fatalf("what stands is not said:\n%s", k.said)
	}
	k.at = 0
	if err := k.run(t, strings.Fields(stands[2])); err != nil {
		t.Errorf("the command that goes on: %v\n%s", err, k.said)
	}
	if normalState(k.bytes(t)) != want {
		t.Error("it leads elsewhere than a run that was not interrupted")
	}
	if !strings.Contains(k.said, "  …  steps: all ") {
		t.Errorf("a long run does not tell how far it is:\n%s", k.said)
	}
}

// On a terminal one line shows how far a long run is, a countdown while the API is not to be called, and it never wraps.
func TestALongRunOnATerminal(t *testing.T) {
	t.Parallel()
	inBothLanguages(t, func(t *testing.T, language string, text *i18n.Catalog) {
		k := newKiller(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}],
			"faults": [{"method": "POST", "path": "/zones/*/workers/routes", "skip": 40, "retry_after": "1"}]}`)
		s := cloud{baseURL: k.baseURL}.start(t, t.TempDir(),
			[]string{"LANG=" + language, "CLOUDFLARE_API_TOKEN=" + k.store.Token()},
			"deploy", "--config", fleetFile(t, 60), "--yes", "--no-verify")
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
