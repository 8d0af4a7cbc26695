package main

import (
	"errors"
	"flag"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cfproxy/cfproxy/provision/sandbox"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

var update = flag.Bool("update", false, "rewrite the expected outputs in testdata/script")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"cfproxy": mainOfTests, listeningRuntime: listenAsRuntime})
}

// The scripts run the program as a user would, each in a folder of its own with nothing in the environment but what it
// sets. They find the real Workers runtime by CFPROXY_WORKERD.
func TestScripts(t *testing.T) {
	t.Parallel()
	binary := workerdtest.Binary(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			program, err := exec.LookPath("cfproxy")
			env.Setenv("CFPROXY", program)
			env.Setenv("CFPROXY_WORKERD", binary)
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("LANG", "en_US.UTF-8")
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": wantStatus, "mend": mend, "lasts": lasts, "serve": serveAccount,
		},
	})
}

// wantStatus is "status N command …": runs the command and wants that exit status, with the output kept for stdout and
// stderr as exec does.
func wantStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command [argument …]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = itoa(exit.ExitCode())
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}

// mend is "mend FILE REGEXP REPLACEMENT": somebody edits a file, and finds what to edit.
func mend(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: mend FILE REGEXP REPLACEMENT")
	}
	text := ts.ReadFile(args[0])
	mended := regexp.MustCompile(args[1]).ReplaceAllString(text, args[2])
	if mended == text {
		ts.Fatalf("%s has nothing that matches %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(mended), 0o600))
}

// serveAccount is "serve FILE": an emulated account, kept in a file, is served until the script ends, and the environment leads
// there.
func serveAccount(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: serve FILE")
	}
	store, err := sandbox.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	server := httptest.NewServer(sandbox.Handler(store))
	ts.Defer(server.Close)
	ts.Setenv("CLOUDFLARE_BASE_URL", server.URL+"/client/v4")
}

// lasts is "lasts FILE": the file says what it said when the script began, byte for byte.
func lasts(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: lasts FILE")
	}
	first := ts.ReadFile(args[0] + ".before")
	if same := first == ts.ReadFile(args[0]); same == neg {
		ts.Fatalf("%s changed: %v", args[0], !same)
	}
}

// Every command has its scripts.
func TestEveryCommandHasAScript(t *testing.T) {
	t.Parallel()
	p := &program{}
	p.text, _ = catalogues(t)
	for _, command := range p.app().Commands {
		files, err := filepath.Glob("testdata/script/" + command.Name + "*.txtar")
		if err != nil || len(files) == 0 {
			t.Errorf("no testdata/script/%s*.txtar", command.Name)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil || !strings.Contains(string(text), "cfproxy") {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}
