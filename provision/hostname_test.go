package provision_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/provision"
)

func TestParseHostname(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 63)
	for _, test := range []struct{ in, want string }{
		{"gptapi.example.com", "gptapi.example.com"},
		{" GPTAPI.Example.COM. ", "gptapi.example.com"},
		{"a.b.example.co.uk", "a.b.example.co.uk"},
		{"例子.中国", "xn--fsqu00a.xn--fiqs8s"},
		{"例子。中国", "xn--fsqu00a.xn--fiqs8s"},
		{"xn--fsqu00a.xn--fiqs8s", "xn--fsqu00a.xn--fiqs8s"},
		{"bücher.example.com", "xn--bcher-kva.example.com"},
		{long + ".example.com", long + ".example.com"},
		{"a--b.example.com", "a--b.example.com"},
	} {
		got, err := provision.ParseHostname(test.in)
		if err != nil || got != test.want {
			t.Errorf("ParseHostname(%q) = %q, %v; want %q", test.in, got, err, test.want)
		}
	}
}

func TestParseHostnameRefusesAndSuggests(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 64)
	long := strings.Repeat("a.", 130) + "example.com"
	for _, test := range []struct {
		in         string
		code       provision.Code
		suggestion string
	}{
		{"", provision.CodeHostEmpty, ""},
		{"   ", provision.CodeHostEmpty, ""},
		{"https://gptapi.example.com/v1?x=1", provision.CodeHostURL, "gptapi.example.com"},
		{"https://user:secret@gptapi.example.com:8443/", provision.CodeHostURL, "gptapi.example.com"},
		{"gptapi.example.com/v1", provision.CodeHostPath, "gptapi.example.com"},
		{`gptapi.example.com\v1`, provision.CodeHostPath, "gptapi.example.com"},
		{"gptapi.example.com/*", provision.CodeHostPath, "gptapi.example.com"},
		{"gptapi.example.com:8443", provision.CodeHostPort, "gptapi.example.com"},
		{"*.example.com", provision.CodeHostWildcard, ""},
		{"gpt api.example.com", provision.CodeHostSpace, "gptapi.example.com"},
		{"192.0.2.1", provision.CodeHostIP, ""},
		{"2001:db8::1", provision.CodeHostIP, ""},
		{"[2001:db8::1]", provision.CodeHostIP, ""},
		{"256.1.1.1", provision.CodeHostIP, ""},
		{"192.0.2.1:443", provision.CodeHostIP, ""},
		{"localhost", provision.CodeHostLocal, ""},
		{"gpt.localhost", provision.CodeHostLocal, ""},
		{"printer.local", provision.CodeHostLocal, ""},
		{"gptapi", provision.CodeHostSingle, ""},
		{"gptapi..example.com", provision.CodeHostLabel, ""},
		{".example.com", provision.CodeHostLabel, ""},
		{label + ".example.com", provision.CodeHostLabel, ""},
		{long, provision.CodeHostLong, ""},
		{"co.uk", provision.CodeHostSuffix, ""},
		{"gpt_api.example.com", provision.CodeHostInvalid, ""},
		{"-a.example.com", provision.CodeHostInvalid, ""},
		{"gpt@api.example.com", provision.CodeHostInvalid, ""},
	} {
		got, err := provision.ParseHostname(test.in)
		var e *provision.Error
		if !errors.As(err, &e) {
			t.Errorf("ParseHostname(%q) = %q, %v; want %s", test.in, got, err, test.code)
			continue
		}
		if e.Code != test.code || e.Details["suggestion"] != test.suggestion {
			t.Errorf("ParseHostname(%q): %s suggesting %q; want %s suggesting %q",
				test.in, e.Code, e.Details["suggestion"], test.code, test.suggestion)
		}
	}
}

// What is accepted is in its final form, and so is every suggestion.
func FuzzParseHostname(f *testing.F) {
	for _, seed := range []string{"gptapi.example.com", "https://a.example.com/x", "例子.中国", "*.a.b", "a b.c", "xn--a.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		host, err := provision.ParseHostname(s)
		if err == nil {
			again, err := provision.ParseHostname(host)
			if err != nil || again != host {
				t.Fatalf("ParseHostname(%q) = %q, which parses to %q, %v", s, host, again, err)
			}
			return
		}
		var e *provision.Error
		if !errors.As(err, &e) {
			t.Fatalf("ParseHostname(%q): %v has no code", s, err)
		}
		if suggestion := e.Details["suggestion"]; suggestion != "" {
			if _, err := provision.ParseHostname(suggestion); err != nil {
				t.Fatalf("ParseHostname(%q) suggests %q, which is refused: %v", s, suggestion, err)
			}
		}
	})
}

func TestWorkerNamesAreValidAndDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	long := strings.Repeat("a", 60)
	for _, host := range []string{
		"a.b.example.com", "a-b.example.com", "a--b.example.com", "a.b-example.com", "a-.b.example.com",
		long + ".example.com", long + "b.example.com", long + "." + long + ".example.com", "xn--fsqu00a.xn--fiqs8s",
	} {
		name := provision.WorkerName(host)
		if other, taken := seen[name]; taken {
			t.Errorf("%q and %q have the same Worker %q", host, other, name)
		}
		seen[name] = host
		if _, err := (provision.Config{Domains: []string{"a.example.com"}, Worker: name}).Normalize(); err != nil {
			t.Errorf("WorkerName(%q) = %q: %v", host, name, err)
		}
		if comment := provision.RecordComment(name); len(comment) > 100 || !provision.OwnsComment(comment) {
			t.Errorf("comment %q has %d characters or is not recognised", comment, len(comment))
		}
	}
}

func TestNormalizeRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	good := provision.Config{Domains: []string{"a.example.com"}}
	for _, test := range []struct {
		change func(*provision.Config)
		code   provision.Code
	}{
		{func(c *provision.Config) { c.Domains = nil }, provision.CodeHostMissing},
		{func(c *provision.Config) { c.Account = "acme" }, provision.CodeAccountInvalid},
		{func(c *provision.Config) { c.Worker = "My_Worker" }, provision.CodeWorkerInvalid},
		{func(c *provision.Config) { c.Worker = "accounts" }, provision.CodeWorkerInvalid},
		{func(c *provision.Config) { c.Origin = "2001:db8::1" }, provision.CodeOriginInvalid},
		{func(c *provision.Config) { c.Origin = "origin.example.com" }, provision.CodeOriginInvalid},
		{func(c *provision.Config) { c.Region = "mars" }, provision.CodeRegionInvalid},
	} {
		config := good
		test.change(&config)
		if _, err := config.Normalize(); provision.CodeOf(err) != test.code {
			t.Errorf("got %v, want %s", err, test.code)
		}
	}
}
