package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

// invocationFor returns the invocation of a command line, whose words are separated by single spaces.
func invocationFor(t *testing.T, commandLine string) invocation {
	t.Helper()
	_, s := sessionOf(t, "en", strings.Split(commandLine, " ")...)
	s.inv.hosts = nil
	return s.inv
}

func TestRerun(t *testing.T) {
	const a, b = "a.example.com", "b.example.com"
	six := []string{"1.example.com", "2.example.com", "3.example.com", "4.example.com", "5.example.com", "6.example.com"}
	for name, x := range map[string]struct {
		run     string // the command line of the run
		command string
		hosts   []string
		want    string
	}{
		"same command": {"deploy --domain " + a, "deploy", []string{a}, "cfproxy deploy --domain " + a},
		"sandbox":      {"--sandbox acc.json deploy --domain " + a, "verify", []string{a}, "cfproxy --sandbox acc.json verify --domain " + a},
		"sandbox after the command": {
			"deploy --sandbox acc.json --domain " + a, "verify", []string{a}, "cfproxy --sandbox acc.json verify --domain " + a,
		},
		"quoted": {
			"--sandbox my;acc.json deploy --config it's.toml", "status", nil, `cfproxy --sandbox 'my;acc.json' status --config 'it'\''s.toml'`,
		},
		"file lists the hosts": {"deploy --config r.toml --domain " + a, "verify", []string{a}, "cfproxy verify --config r.toml"},
		"hosts of the run":     {"deploy --domain " + a + " --domain " + b, "status", []string{a, b}, "cfproxy status --domain " + a + " --domain " + b},
		"many hosts of a file": {"deploy", "verify", six, "cfproxy verify"},
		"many hosts by flag":   {"deploy --domain " + strings.Join(six, " --domain "), "verify", six, "cfproxy verify --domain " + strings.Join(six, " --domain ")},
		"settings": {
			"deploy --domain " + a + " --provider groq --worker w --page=false --allow-origin https://x.example", "plan", []string{a},
			"cfproxy plan --domain " + a + " --provider groq --worker w --page=false --allow-origin https://x.example",
		},
		"settings that the command lacks": {
			"deploy --domain " + a + " --provider groq --worker w --region aws:us-east-1", "rollback", []string{a},
			"cfproxy rollback --domain " + a + " --worker w",
		},
		"providers of verify are a selection": {
			"verify --domain " + a + " --provider groq", "deploy", []string{a}, "cfproxy deploy --domain " + a,
		},
		"providers of verify for verify": {
			"verify --domain " + a + " --provider groq", "verify", []string{a}, "cfproxy verify --domain " + a + " --provider groq",
		},
		"network": {
			"deploy --domain " + a + " --connect-to ::127.0.0.1:8443 --cacert ca.pem", "verify", []string{a},
			"cfproxy verify --domain " + a + " --connect-to ::127.0.0.1:8443 --cacert ca.pem",
		},
		"no network flags": {
			"deploy --domain " + a + " --connect-to ::127.0.0.1:8443", "destroy", []string{a}, "cfproxy destroy --domain " + a,
		},
		"repeated": {
			"deploy --domain " + a + " --adopt --no-verify --timeout 5m", "deploy", []string{a},
			"cfproxy deploy --domain " + a + " --adopt --no-verify --timeout 5m0s",
		},
		"repeated by the same command only": {
			"deploy --domain " + a + " --adopt --no-verify", "verify", []string{a}, "cfproxy verify --domain " + a,
		},
		"key": {
			"verify --domain " + a + " --key-env MY_KEY --model m", "verify", []string{a},
			"cfproxy verify --domain " + a + " --key-env MY_KEY --model m",
		},
		"flags of a token are no settings": {
			"key add alice --config r.toml --provider groq --rpm 5", "deploy", nil, "cfproxy deploy --config r.toml",
		},
	} {
		if got := invocationFor(t, x.run).rerun(x.command, x.hosts...); got != x.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, x.want)
		}
	}
}

// Settings from the wizard or the deployed relay are repeated like those of flags, which take precedence.
func TestRerunRepeatsAnswers(t *testing.T) {
	inv := invocationFor(t, "init --provider groq")
	inv.answered = config.Settings{Providers: []string{"openai"}, Access: "managed"}
	want := "cfproxy deploy --domain a.example.com --provider groq --access managed"
	if got := inv.rerun("deploy", "a.example.com"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// rerunFor names some of the hosts even where rerun relies on the file.
func TestRerunFor(t *testing.T) {
	for _, x := range []struct {
		run     string
		all     []string
		some    []string
		command string
		want    string
	}{
		{"deploy --config r.toml", []string{"a.example.com", "b.example.com"}, []string{"b.example.com"}, "rollback",
			"cfproxy rollback --config r.toml --domain b.example.com"},
		{"deploy --config r.toml", []string{"a.example.com"}, []string{"a.example.com"}, "rollback", "cfproxy rollback --config r.toml"},
		{"deploy", []string{"a.example.com", "b.example.com"}, []string{"b.example.com"}, "versions", "cfproxy versions --domain b.example.com"},
	} {
		inv := invocationFor(t, x.run)
		inv.hosts = x.all
		if got := inv.rerunFor(x.command, x.some...); got != x.want {
			t.Errorf("%s for %v:\ngot  %s\nwant %s", x.run, x.some, got, x.want)
		}
	}
}

func TestRerunKey(t *testing.T) {
	for run, want := range map[string]string{
		"key revoke alice": "cfproxy key revoke alice",
		"key add alice --expires 30d --rpm 5 --provider groq --provider openai --no-verify": "cfproxy key add alice --no-verify --expires 30d --rpm 5 " +
			"--provider groq --provider openai",
		"--sandbox acc.json key add alice --config r.toml --cacert ca.pem": "cfproxy --sandbox acc.json key add alice --config r.toml --cacert ca.pem",
	} {
		if got := invocationFor(t, run).rerunKey(); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", run, got, want)
		}
	}
}

func TestNewCommand(t *testing.T) {
	inv := invocationFor(t, "--sandbox acc.json deploy --config r.toml --provider groq --adopt --cacert ca.pem")
	want := "cfproxy --sandbox acc.json init --domain a.example.com --domain b.example.com"
	if got := inv.newCommand("init", "a.example.com", "b.example.com"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestCheckHost(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ value, zone, code, suggestion string }{
		{"ai.example.com", "example.com", "", ""},
		{"example.com", "example.com", "", ""},
		{"AI.Example.COM", "example.com", "", ""},
		{"a.b.example.com", "example.com", "", ""},
		{"ai.example.org", "", "", ""}, // any zone
		{"ai.example.org", "example.com", "host-outside", "ai.example.org.example.com"},
		{"notexample.com", "example.com", "host-outside", "notexample.com.example.com"},
		{"例子.example.com", "xn--fsqu00a.com", "host-outside", "xn--fsqu00a.example.com.xn--fsqu00a.com"},
		{strings.Repeat("a.", 120) + "org", strings.Repeat("b.", 20) + "com", "host-outside", ""}, // no room for the suggestion
	} {
		err := checkHost(x.value, x.zone)
		var e *problem.Error
		switch {
		case err == nil && x.code == "":
		case !errors.As(err, &e) || e.Code != x.code || e.Details["suggestion"] != x.suggestion || e.Details["zone"] != x.zone:
			t.Errorf("%q in %q: got %v, want %s with the suggestion %q", x.value, x.zone, err, x.code, x.suggestion)
		}
	}
	for _, value := range []string{"https://ai.example.com/v1", "ai", ""} {
		if err := checkHost(value, "example.com"); err == nil {
			t.Errorf("%q is accepted as a hostname", value)
		}
	}
}

func TestTitle(t *testing.T) {
	t.Parallel()
	for want, names := range map[string][]string{
		"":                    nil,
		"a":                   {"a"},
		"a, b, c, d, e":       {"a", "b", "c", "d", "e"},
		"a, b, c, … (6)":      {"a", "b", "c", "d", "e", "f"},
		"例.example.com, b, c": {"例.example.com", "b", "c"},
	} {
		if got := title(names); got != want {
			t.Errorf("%v: got %q, want %q", names, got, want)
		}
	}
}
