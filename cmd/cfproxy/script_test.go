package main

import (
	"errors"
	"flag"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/urfave/cli/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/cfproxy/cfproxy/provision/sandbox"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

var update = flag.Bool("update", false, "rewrite the expected outputs in testdata/script")

// parallelTests is the default of -parallel. Most tests wait for another process or for the retries of an API call, so
// more of them run at once than there are processors.
const parallelTests = "8"

func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", parallelTests); err != nil { // the command line takes precedence: it is parsed later
		panic(err)
	}
	testscript.Main(m, map[string]func(){"cfproxy": testMain, recordingRuntime: recordAndExecRuntime})
}

// Each script runs the program in a directory and an environment of its own. CFPROXY_WORKERD names the real Workers
// runtime.
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
			"status": scriptStatus, "edit": scriptEdit, "unchanged": scriptUnchanged, "serve": scriptServe, "encode": scriptEncode,
		},
	})
}

// scriptStatus implements "status N command …", which runs a command like exec and checks that its exit status is N.
func scriptStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command [argument …]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = strconv.Itoa(exit.ExitCode())
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}

// scriptEdit implements "edit FILE REGEXP REPLACEMENT", which replaces all matches in a file. No match is an error.
func scriptEdit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit FILE REGEXP REPLACEMENT")
	}
	text := ts.ReadFile(args[0])
	edited := regexp.MustCompile(args[1]).ReplaceAllString(text, args[2])
	if edited == text {
		ts.Fatalf("%s: no match for %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(edited), 0o600))
}

// scriptEncode implements "encode ENCODING FILE", which converts a file from UTF-8. UTF-16 begins with a byte order mark.
func scriptEncode(ts *testscript.TestScript, neg bool, args []string) {
	encodings := map[string]encoding.Encoding{
		"utf-16le": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "utf-16be": unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
		"gbk": simplifiedchinese.GBK, "latin-1": charmap.ISO8859_1,
	}
	if neg || len(args) != 2 || encodings[args[0]] == nil {
		ts.Fatalf("usage: encode ENCODING FILE")
	}
	text, err := encodings[args[0]].NewEncoder().String(ts.ReadFile(args[1]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

// scriptServe implements "serve FILE", which serves the API of the emulated account in a file until the script ends,
// and sets CLOUDFLARE_BASE_URL to its address.
func scriptServe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: serve FILE")
	}
	store, err := sandbox.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	server := httptest.NewServer(sandbox.Handler(store))
	ts.Defer(server.Close)
	ts.Setenv("CLOUDFLARE_BASE_URL", server.URL+"/client/v4")
}

// scriptUnchanged implements "unchanged FILE", which checks that a file equals FILE.before, byte for byte. With "!" it
// must differ.
func scriptUnchanged(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: unchanged FILE")
	}
	before := ts.ReadFile(args[0] + ".before")
	if same := before == ts.ReadFile(args[0]); same == neg {
		ts.Fatalf("%s changed: %v", args[0], !same)
	}
}

// TestEveryCommandHasAScript checks that for every command and subcommand at least one script runs it and checks its
// output.
func TestEveryCommandHasAScript(t *testing.T) {
	app := englishProgram(t).app()
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	tested := map[string]bool{}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, command := range testedCommands(app, string(archive.Comment)) {
			tested[command] = true
		}
	}
	for _, command := range app.Commands {
		names := []string{command.Name}
		for _, sub := range command.Subcommands {
			names = append(names, command.Name+" "+sub.Name)
		}
		for _, name := range names {
			if !tested[name] {
				t.Errorf("no script in testdata/script runs cfproxy %s and checks its output", name)
			}
		}
	}
}

// testedCommands returns the commands, such as "key add", whose output a script checks: a run of the program by exec or
// status, followed by a check of stdout or stderr before anything else runs.
func testedCommands(app *cli.App, script string) []string {
	var tested []string
	running := ""
	for line := range strings.Lines(script) {
		words := strings.Fields(line)
		if len(words) > 0 && words[0] == "!" {
			words = words[1:]
		}
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "exec", "status":
			running = ""
			if at := slices.Index(words, "cfproxy"); at == 1 || at == 2 {
				running = commandIn(app, words[at+1:])
			}
		case "stdout", "stderr":
			tested = append(tested, running)
		case "cmp", "cmpenv":
			if len(words) > 1 && (words[1] == "stdout" || words[1] == "stderr") {
				tested = append(tested, running)
			}
		}
	}
	return tested
}

// commandIn returns the command that arguments run, "" for none. Global flags may precede it.
func commandIn(app *cli.App, args []string) string {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		name, _, hasValue := strings.Cut(strings.TrimLeft(args[0], "-"), "=")
		args = args[1:]
		for _, flag := range app.Flags {
			takesValue := !hasValue && slices.Contains(flag.Names(), name)
			if f, is := flag.(cli.DocGenerationFlag); is && takesValue && f.TakesValue() && len(args) > 0 {
				args = args[1:]
			}
		}
	}
	if len(args) == 0 {
		return ""
	}
	command := app.Command(args[0])
	if command == nil {
		return ""
	}
	for _, sub := range command.Subcommands {
		if len(args) > 1 && sub.HasName(args[1]) {
			return command.Name + " " + sub.Name
		}
	}
	return command.Name
}
