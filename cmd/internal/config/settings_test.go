package config

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/worker"
)

// mapFlags are flags of a command line. A flag that is not in the map was not given.
type mapFlags map[string][]string

func (f mapFlags) IsSet(name string) bool      { return f[name] != nil }
func (f mapFlags) Values(name string) []string { return f[name] }

// writeFile writes a cfproxy.toml with a text and returns its path.
func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// codeOf returns the code of a problem, or the text of another error.
func codeOf(err error) string {
	var own *problem.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &own):
		return own.Code
	}
	return err.Error()
}

const (
	accountA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	accountB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	accountC = "cccccccccccccccccccccccccccccccc"
)

// A flag wins over the environment, the environment over the file. What none of them sets stays empty.
func TestLoadPrecedence(t *testing.T) {
	t.Parallel()
	file := writeFile(t, `domains = ["a.example.com"]
providers = ["groq"]
account = "`+accountA+`"
access = "managed"
page = false
allow_origins = ["https://file.example"]
`)
	environment := map[string]string{"CLOUDFLARE_ACCOUNT_ID": accountB}
	off, on := false, true
	fromFile := Settings{
		Domains: []string{"a.example.com"}, Providers: []string{"groq"}, Account: accountA, Access: "managed", Page: &off,
		AllowOrigins: []string{"https://file.example"}, Tokens: []worker.Token{},
	}
	for name, x := range map[string]struct {
		file        string
		environment map[string]string
		flags       mapFlags
		want        func(Settings) Settings
	}{
		"file alone": {file, nil, nil, func(s Settings) Settings { return s }},
		"environment over file": {file, environment, nil, func(s Settings) Settings {
			s.Account = accountB
			return s
		}},
		"flag over environment": {file, environment, mapFlags{"account": {accountC}}, func(s Settings) Settings {
			s.Account = accountC
			return s
		}},
		"flags over file": {
			file, nil, mapFlags{"provider": {"openai", "azure=x"}, "page": {"true"}, "allow-origin": {"https://flag.example"}, "access": {"pass-through"}},
			func(s Settings) Settings {
				s.Providers, s.Page, s.Access = []string{"openai", "azure=x"}, &on, "pass-through"
				s.AllowOrigins = []string{"https://flag.example"}
				return s
			},
		},
		"no file": {
			"", environment, mapFlags{"domain": {"b.example.com"}, "region": {"aws:us-east-1"}},
			func(Settings) Settings {
				return Settings{Domains: []string{"b.example.com"}, Account: accountB, Region: "aws:us-east-1"}
			},
		},
		"nothing": {"", nil, nil, func(Settings) Settings { return Settings{} }},
	} {
		source := Source{Flags: x.flags, File: x.file, Getenv: func(name string) string { return x.environment[name] }}
		got, err := source.Load()
		if diff := cmp.Diff([]Settings{x.want(fromFile)}, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

// Each relay of a file has its own settings over the shared ones, except hosts and the Worker's name, and flags
// override all of them.
func TestLoadSeveralRelays(t *testing.T) {
	t.Parallel()
	file := writeFile(t, `domains = ["a.example.com"]
worker = "first"
providers = ["groq"]
region = "aws:us-east-1"

[[relays]]
domains = ["b.example.com", "c.example.com"]

[[relays]]
domains = ["d.example.com"]
worker = "third"
providers = ["openai"]
`)
	first := Settings{
		Domains: []string{"a.example.com"}, Worker: "first", Providers: []string{"groq"}, Region: "aws:us-east-1", Tokens: []worker.Token{},
	}
	second, third := first, first
	second.Domains, second.Worker = []string{"b.example.com", "c.example.com"}, ""
	third.Domains, third.Worker, third.Providers = []string{"d.example.com"}, "third", []string{"openai"}
	secondHost := second
	secondHost.Domains = []string{"c.example.com"}
	thirdFlag := third
	thirdFlag.Region = "gcp:europe-west1"
	for name, x := range map[string]struct {
		flags mapFlags
		want  []Settings
	}{
		"all":               {nil, []Settings{first, second, third}},
		"selected":          {mapFlags{"domain": {"d.example.com", "C.example.com."}}, []Settings{secondHost, third}},
		"selected and flag": {mapFlags{"domain": {"d.example.com"}, "region": {"gcp:europe-west1"}}, []Settings{thirdFlag}},
	} {
		got, err := Source{Flags: x.flags, File: file, Getenv: func(string) string { return "" }}.Load()
		if diff := cmp.Diff(x.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "domains = [\"a.example.com\"]\n")
	for name, x := range map[string]struct {
		file  string
		flags mapFlags
		want  string
	}{
		"empty flag":             {file, mapFlags{"region": {""}}, "flag-empty"},
		"blank flag":             {"", mapFlags{"domain": {" \t"}}, "flag-empty"},
		"blank among others":     {"", mapFlags{"provider": {"groq", ""}}, "flag-empty"},
		"host not in named file": {file, mapFlags{"domain": {"b.example.com"}}, "config-not-about"},
		"missing named file":     {filepath.Join(t.TempDir(), "other.toml"), nil, "config-unreadable"},
		"directory":              {t.TempDir(), nil, "config-unreadable"},
	} {
		_, err := Source{Flags: x.flags, File: x.file, Getenv: func(string) string { return "" }, Command: "cfproxy plan"}.Load()
		if got := codeOf(err); got != x.want {
			t.Errorf("%s: got %s, want %s", name, got, x.want)
		}
	}
}

// The cfproxy.toml of the working directory is read without being named, and ignored if it is about other hosts.
func TestLoadFileOfWorkingDirectory(t *testing.T) {
	file := writeFile(t, "domains = [\"a.example.com\"]\nregion = \"aws:us-east-1\"\n")
	t.Chdir(filepath.Dir(file))
	for domain, region := range map[string]string{"a.example.com": "aws:us-east-1", "b.example.com": ""} {
		flags := mapFlags{"domain": {domain}}
		got, err := Source{Flags: flags, Getenv: func(string) string { return "" }}.Load()
		if err != nil || len(got) != 1 || got[0].Domains[0] != domain || got[0].Region != region || got[0].HasFile() != (region != "") {
			t.Errorf("%s: got %+v, %v", domain, got, err)
		}
	}
}

func TestGivenSettings(t *testing.T) {
	t.Parallel()
	off := false
	flags := mapFlags{"domain": {"a.example.com", "b.example.com"}, "worker": {"w"}, "page": {"false"}}
	want := Settings{Domains: []string{"a.example.com", "b.example.com"}, Worker: "w", Page: &off}
	if diff := cmp.Diff(want, GivenSettings(flags)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Settings{}, GivenSettings(mapFlags{})); diff != "" {
		t.Errorf("without flags (-want +got):\n%s", diff)
	}
}

// Every setting of the table is written as a flag and read back.
func TestEverySettingIsReadBack(t *testing.T) {
	t.Parallel()
	for _, setting := range Table() {
		values := []string{"x"}
		if setting.IsList {
			values = []string{"x", "y"}
		}
		if setting.IsToggle {
			values = []string{"false"}
		}
		s := GivenSettings(mapFlags{setting.Flag: values})
		if diff := cmp.Diff(values, setting.Values(s)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", setting.Key, diff)
		}
		for _, other := range Table() {
			if other.Key != setting.Key && len(other.Values(s)) > 0 {
				t.Errorf("%s sets %s as well", setting.Key, other.Key)
			}
		}
	}
	for key, want := range map[string]string{KeyRegion: "--region x", KeyPage: "--page=x", KeyAllowOrigins: "--allow-origin x"} {
		for _, setting := range Table() {
			if got := setting.AsFlag("x"); setting.Key == key && got != want {
				t.Errorf("%s: got %s, want %s", key, got, want)
			}
		}
	}
}

// FillFrom changes what was not chosen, and neither tokens nor the receiver.
func TestFillFrom(t *testing.T) {
	t.Parallel()
	on, off := true, false
	chosen := Settings{Providers: []string{"groq"}, Page: &off, Tokens: []worker.Token{{Name: "alice"}}}
	other := Settings{
		Domains: []string{"a.example.com"}, Providers: []string{"openai", "azure=x"}, Region: "aws:us-east-1", Access: "managed", Page: &on,
		Tokens: []worker.Token{{Name: "bob"}},
	}
	want := Settings{
		Domains: []string{"a.example.com"}, Providers: []string{"groq"}, Region: "aws:us-east-1", Access: "managed", Page: &off,
		Tokens: []worker.Token{{Name: "alice"}},
	}
	if diff := cmp.Diff(want, chosen.FillFrom(other)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if chosen.Region != "" || *other.Page != on {
		t.Errorf("the arguments were changed: %+v, %+v", chosen, other)
	}
	if filled := (Settings{}).FillFrom(other); filled.HasFile() {
		t.Error("settings without a file have the tokens of one")
	}
}

func TestWithTokens(t *testing.T) {
	t.Parallel()
	if s := (Settings{}).WithTokens(nil); !s.HasFile() || len(s.Tokens) != 0 {
		t.Errorf("got %v", s.Tokens)
	}
	if (Settings{}).HasFile() {
		t.Error("settings without tokens have a file")
	}
}
