package sandbox

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func openStore(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNewFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "account.json")
	s := openStore(t, path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if s.Token() != defaultToken {
		t.Errorf("token %q", s.Token())
	}
	st, err := s.state()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, z := range st.Accounts[0].Zones {
		got = append(got, z.Name+" "+z.Status)
	}
	if diff := cmp.Diff([]string{"example.com active", "example.org active", "example.net pending"}, got); diff != "" {
		t.Error(diff)
	}
	first := readFile(t, path)
	openStore(t, path)
	if first != readFile(t, path) {
		t.Error("opening a complete file changed it")
	}
	if openStore(t, "").Token() != defaultToken {
		t.Error("no default account in memory")
	}
}

func TestEmptyFileIsNew(t *testing.T) {
	t.Parallel()
	if openStore(t, stateFile(t, "")).Token() != defaultToken {
		t.Error("no default account")
	}
}

func TestHandWrittenFile(t *testing.T) {
	t.Parallel()
	path := stateFile(t, `{"accounts":[{"name":"Acme Inc.","zones":[{"name":"Example.com","records":[{"type":"A","name":"@","content":"1.2.3.4"}],
		"routes":[{"pattern":"example.com/*","script":"w"}]}],
		"scripts":[{"name":"w","modules":[{"name":"w.js","text":"export default {}"}]}]}]}`)
	c := newClientFor(t, openStore(t, path))
	complete := readFile(t, path)
	openStore(t, path)
	if complete != readFile(t, path) {
		t.Error("completed twice")
	}
	var views []recordView
	c.do("GET", "/zones/$Z/dns_records?name=example.com", nil).wantOK(&views)
	if len(views) != 1 || views[0].TTL != 1 || !idPattern().MatchString(views[0].ID) {
		t.Errorf("got %+v", views)
	}
	var v scriptView
	c.do("GET", "/accounts/$A/workers/scripts", nil).wantOK(nil)
	c.upload("w", `{"main_module":"w.js"}`, js("w.js", hello)).wantOK(&v)
	if v.ID != "w" {
		t.Errorf("got %+v", v)
	}
	if !strings.Contains(complete, `"subdomain": "acme-inc"`) || !strings.Contains(complete, `"main": "w.js"`) {
		t.Error(complete)
	}
}

func TestInvalidFilesAreKept(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"{\n  \"accounts\": [\n":                                                     "line 2, column 16",
		"{\n  \"accounts\": [}\n":                                                    "line 2, column 16",
		"{\n  \"accounts\": 5\n}":                                                    "line 2, column",
		"{\n \"name\": \"package\",\n \"version\": \"1\"}":                           `line 2, column 2: unknown field "name"`,
		`{"accounts":[{"name":"A","zone":[]}]}`:                                      `unknown field "zone"`,
		`{"accounts":[]}`:                                                            "accounts: at least one is required",
		`{"accounts":[{"name":"A"}]} {}`:                                             "more than one JSON value",
		`{"accounts":[null]}`:                                                        "accounts[0]",
		`{"accounts":[{"name":"A","id":"x"}]}`:                                       "accounts[0].id",
		`{"accounts":[{"name":"A"},{"name":"A"}]}`:                                   "is used twice",
		`{"accounts":[{"name":"A","zones":[{"name":"com"}]}]}`:                       "accounts[0].zones[0]",
		`{"accounts":[{"name":"A","zones":[{"name":"a.b","status":"on"}]}]}`:         "status",
		`{"accounts":[{"name":"A","zones":[{"name":"a.b","records":[null]}]}]}`:      "records[0]",
		`{"accounts":[{"name":"A","zones":[{"name":"a.b","routes":[{}]}]}]}`:         "routes[0]",
		`{"accounts":[{"name":"A","scripts":[{"name":"X"}]}]}`:                       "scripts[0]",
		`{"accounts":[{"name":"A","scripts":[{"name":"x","modules":[null]}]}]}`:      "modules",
		`{"accounts":[{"name":"A"}],"tokens":[{"value":""}]}`:                        "tokens[0]",
		`{"accounts":[{"name":"A"}],"tokens":[{"value":"x","permissions":["All"]}]}`: "permissions",
		`{"accounts":[{"name":"A"}],"tokens":[{"value":"x","account":"B"}]}`:         "account",
		`{"accounts":[{"name":"A"}],"tokens":[{"value":"x","zones":["b.c"]}]}`:       "zones",
		`{"accounts":[{"name":"A"}],"clock":"now"}`:                                  "clock",
		`{"accounts":[{"name":"A"}],"faults":[{"at":"moon"}]}`:                       "faults[0].at",
		`{"accounts":[{"name":"A"}],"faults":[{"status":99}]}`:                       "faults[0].status",
		`{"accounts":[{"name":"A"}],"propagation":-1}`:                               "propagation",
		`not JSON at all`: "line 1, column",
	} {
		path := stateFile(t, content)
		_, err := Open(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: want an error with %q, got %v", content, want, err)
		}
		if readFile(t, path) != content {
			t.Errorf("%s: the file was changed", content)
		}
		if _, err := os.Stat(path + ".lock"); err == nil {
			t.Errorf("%s: there is a lock file for a foreign file", content)
		}
	}
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("opened a directory")
	}
	if _, err := Open(filepath.Join(t.TempDir(), "absent", "account.json")); err == nil {
		t.Error("created a missing directory")
	}
}

// lifecycle returns functions that make the calls of a deploy and of a destroy.
func lifecycle(c *client) (create, destroy func()) {
	var r routeView
	var a recordView
	create = func() {
		c.upload("relay", `{"main_module":"index.js","tags":["x"],"bindings":[{"type":"json","name":"J","json":[{"id":"a"}]}]}`,
			js("index.js", "import './b.js'\n"+hello), js("b.js", "export const less = 1 < 2 && '>'\n"), formPart{"c.bin", "application/octet-stream", "\xff\x00"}).wantOK(nil)
		c.do("POST", "/zones/$Z/workers/routes", `{"pattern":"a.example.com/*","script":"relay"}`).wantOK(&r)
		c.do("POST", "/zones/$Z/dns_records", `{"type":"A","name":"a","content":"2.2.2.2","proxied":true,"comment":"ours"}`).wantOK(&a)
	}
	destroy = func() {
		c.do("DELETE", "/zones/$Z/dns_records/"+a.ID, nil).wantOK(nil)
		c.do("DELETE", "/zones/$Z/workers/routes/"+r.ID, nil).wantOK(nil)
		c.do("DELETE", relayPath+"?force=true", nil).wantOK(nil)
	}
	return create, destroy
}

func TestDestroyRestoresFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "account.json")
	s := openStore(t, path)
	before := readFile(t, path)
	create, destroy := lifecycle(newClientFor(t, s))
	create()
	between := readFile(t, path)
	for _, want := range []string{
		`"a.example.com/*"`, `"ours"`, "          \"text\": [\n", `"export const less = 1 < 2 && '>'",`, `"base64": "/wA="`,
	} {
		if !strings.Contains(between, want) {
			t.Errorf("the file does not have %s:\n%s", want, between)
		}
	}
	create2, destroy2 := lifecycle(newClientFor(t, openStore(t, path)))
	destroy()
	create2()
	destroy2()
	if diff := cmp.Diff(before, readFile(t, path)); diff != "" {
		t.Error(diff)
	}
	remaining, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil || len(remaining) != 2 {
		t.Errorf("other files: %v %v", remaining, err)
	}
}

func TestFixedClockIsDeterministic(t *testing.T) {
	t.Parallel()
	var files [2]string
	for i := range files {
		c := newClient(t, acme)
		create, _ := lifecycle(c)
		create()
		files[i], _, _ = strings.Cut(c.bytes(), `"edge"`) // the authority is random
	}
	if diff := cmp.Diff(files[0], files[1]); diff != "" {
		t.Error(diff)
	}
}

func TestTwoStoresOnOneFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "account.json")
	one, two := newClientFor(t, openStore(t, path)), newClientFor(t, openStore(t, path))
	for i := range 5 {
		var created recordView
		one.do("POST", records, fmt.Sprintf(`{"type":"A","name":"n","content":"2.2.2.%d"}`, i)).wantOK(&created)
		two.do("GET", records+"/"+created.ID, nil).wantOK(nil)
		// The same size again within the same tick of the clock: only the content differs.
		two.do("PATCH", records+"/"+created.ID, fmt.Sprintf(`{"content":"3.2.2.%d"}`, i)).wantOK(nil)
		one.do("GET", records+"/"+created.ID, nil).wantOK(&created)
		if created.Content != fmt.Sprintf("3.2.2.%d", i) {
			t.Errorf("got %+v", created)
		}
	}
}

func TestConcurrentWriters(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "account.json")
	var all sync.WaitGroup
	for w := range 4 {
		c := newClientFor(t, openStore(t, path))
		all.Go(func() {
			for i := range 10 {
				c.do("POST", records, fmt.Sprintf(`{"type":"A","name":"w%d-%d","content":"2.2.2.2"}`, w, i)).wantOK(nil)
			}
		})
	}
	all.Wait()
	c := newClientFor(t, openStore(t, path))
	var views []recordView
	c.do("GET", records, nil).wantOK(&views)
	if len(views) != 40 {
		t.Errorf("%d of 40 records remain", len(views))
	}
}

// TestProcessesLoseNoWrites runs this test binary as several writers of one file.
func TestProcessesLoseNoWrites(t *testing.T) {
	if path := os.Getenv("SANDBOX_TEST_FILE"); path != "" {
		c := newClientFor(t, openStore(t, path))
		for i := range 10 {
			c.do("POST", records, fmt.Sprintf(`{"type":"A","name":"p%s-%d","content":"2.2.2.2"}`, os.Getenv("SANDBOX_TEST_NAME"), i)).wantOK(nil)
		}
		return
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "account.json")
	var all sync.WaitGroup
	for p := range 3 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProcessesLoseNoWrites$")
		cmd.Env = append(os.Environ(), "SANDBOX_TEST_FILE="+path, fmt.Sprintf("SANDBOX_TEST_NAME=%d", p))
		all.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	all.Wait()
	var views []recordView
	newClientFor(t, openStore(t, path)).do("GET", records, nil).wantOK(&views)
	if len(views) != 30 {
		t.Errorf("%d of 30 records remain", len(views))
	}
}

func TestFileBecomesInvalid(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "account.json")
	c := newClientFor(t, openStore(t, path))
	good := readFile(t, path)
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.do("GET", "/zones", nil).wantError(500, 10013)
	c.do("POST", records, `{"type":"A","name":"a","content":"2.2.2.2"}`).wantError(500, 10013)
	if readFile(t, path) != "{" {
		t.Error("the invalid file was overwritten")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	c.do("POST", records, `{"type":"A","name":"a","content":"2.2.2.2"}`).wantError(500, 10013)
	if _, err := os.Stat(path); err == nil {
		t.Error("a deleted file was created again")
	}
	if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	c.do("GET", "/zones", nil).wantOK(nil)
}

func TestSymlinkIsKept(t *testing.T) {
	t.Parallel()
	real := stateFile(t, `{"accounts":[{"name":"Acme"}]}`)
	link := filepath.Join(t.TempDir(), "link.json")
	if err := os.Symlink(real, link); err != nil {
		t.Skip(err)
	}
	openStore(t, link)
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v %v", info, err)
	}
	if !strings.Contains(readFile(t, real), "edge") {
		t.Error("the target of the link was not completed")
	}
}
