package hostname_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/hostname"
)

func TestParse(t *testing.T) {
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
		got, err := hostname.Parse(test.in)
		if err != nil || got != test.want {
			t.Errorf("Parse(%q) = %q, %v; want %q", test.in, got, err, test.want)
		}
	}
}

func TestParseErrorsAndSuggestions(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 64)
	long := strings.Repeat("a.", 130) + "example.com"
	for _, test := range []struct {
		in         string
		code       errcode.Code
		suggestion string
	}{
		{"", errcode.HostEmpty, ""},
		{"   ", errcode.HostEmpty, ""},
		{"https://gptapi.example.com/v1?x=1", errcode.HostURL, "gptapi.example.com"},
		{"https://user:secret@gptapi.example.com:8443/", errcode.HostURL, "gptapi.example.com"},
		{"gptapi.example.com/v1", errcode.HostPath, "gptapi.example.com"},
		{`gptapi.example.com\v1`, errcode.HostPath, "gptapi.example.com"},
		{"gptapi.example.com/*", errcode.HostPath, "gptapi.example.com"},
		{"gptapi.example.com:8443", errcode.HostPort, "gptapi.example.com"},
		{"*.example.com", errcode.HostWildcard, ""},
		{"gpt api.example.com", errcode.HostSpace, "gptapi.example.com"},
		{"192.0.2.1", errcode.HostIP, ""},
		{"2001:db8::1", errcode.HostIP, ""},
		{"[2001:db8::1]", errcode.HostIP, ""},
		{"256.1.1.1", errcode.HostIP, ""},
		{"192.0.2.1:443", errcode.HostIP, ""},
		{"localhost", errcode.HostLocal, ""},
		{"gpt.localhost", errcode.HostLocal, ""},
		{"printer.local", errcode.HostLocal, ""},
		{"gptapi", errcode.HostSingle, ""},
		{"gptapi..example.com", errcode.HostLabel, ""},
		{".example.com", errcode.HostLabel, ""},
		{label + ".example.com", errcode.HostLabel, ""},
		{long, errcode.HostLong, ""},
		{"co.uk", errcode.HostSuffix, ""},
		{"gpt_api.example.com", errcode.HostInvalid, ""},
		{"-a.example.com", errcode.HostInvalid, ""},
		{"gpt@api.example.com", errcode.HostInvalid, ""},
		{"\xe4.example.com", errcode.HostInvalid, ""},
	} {
		got, err := hostname.Parse(test.in)
		var e *errcode.Error
		if !errors.As(err, &e) {
			t.Errorf("Parse(%q) = %q, %v; want %s", test.in, got, err, test.code)
			continue
		}
		if e.Code != test.code || e.Details["suggestion"] != test.suggestion {
			t.Errorf("Parse(%q): %s suggesting %q; want %s suggesting %q",
				test.in, e.Code, e.Details["suggestion"], test.code, test.suggestion)
		}
	}
}

// Parse returns names that it parses to themselves, and suggests only names that it accepts.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"gptapi.example.com", "https://a.example.com/x", "例子.中国", "*.a.b", "a b.c", "xn--a.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		host, err := hostname.Parse(s)
		if err == nil {
			again, err := hostname.Parse(host)
			if err != nil || again != host {
				t.Fatalf("Parse(%q) = %q, which parses to %q, %v", s, host, again, err)
			}
			return
		}
		var e *errcode.Error
		if !errors.As(err, &e) {
			t.Fatalf("Parse(%q): %v has no code", s, err)
		}
		if suggestion := e.Details["suggestion"]; suggestion != "" {
			if _, err := hostname.Parse(suggestion); err != nil {
				t.Fatalf("Parse(%q) suggests %q, which is invalid: %v", s, suggestion, err)
			}
		}
	})
}
