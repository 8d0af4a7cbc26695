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
		{"XN--FSQU00A.中国.", "xn--fsqu00a.xn--fiqs8s"},
		{"BÜCHER.example.com", "xn--bcher-kva.example.com"},
		{"bu\u0308cher.example.com", "xn--bcher-kva.example.com"}, // decomposed, as macOS writes it
		{"ドメイン.テスト", "xn--eckwd4c7c.xn--zckzah"},
		{"straße.example.com", "xn--strae-oqa.example.com"},
		{"col·lecció.example.com", "xn--collecci-ioa91d.example.com"},
		{"ア・イ.example.com", "xn--ccke4x.example.com"},
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
		{"*.example.com", errcode.HostWildcard, "gptapi.example.com"},
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
		{"gptapi..example.com", errcode.HostLabel, "gptapi.example.com"},
		{".example.com", errcode.HostLabel, "example.com"},
		{label + ".example.com", errcode.HostLabel, ""},
		{long, errcode.HostLong, ""},
		{"co.uk", errcode.HostSuffix, ""},
		{"gpt_api.example.com", errcode.HostInvalid, ""},
		{"-a.example.com", errcode.HostInvalid, ""},
		{"gpt@api.example.com", errcode.HostInvalid, "api.example.com"},
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

// What is not exactly a hostname is refused, with the name that was probably meant.
func TestParseSuggestsTheCorrectedForm(t *testing.T) {
	t.Parallel()
	const host = "gptapi.example.com"
	for _, test := range []struct {
		in         string
		code       errcode.Code
		suggestion string
	}{
		{"gptapi,example,com", errcode.HostInvalid, host},
		{"gptapi，example，com", errcode.HostInvalid, host},
		{"gptapi、example、com", errcode.HostInvalid, host},
		{"gptapi, example, com", errcode.HostSpace, host},
		{"gptapi·example·com", errcode.HostInvalid, host},
		{"gptapi・example.com", errcode.HostInvalid, host},
		{"gptapi•example•com", errcode.HostInvalid, host},
		{"gptapi.example,com", errcode.HostInvalid, host},
		{"a,b", errcode.HostInvalid, "a.b"},
		{"gptapi.example.com。", errcode.HostInvalid, host},
		{"gptapi。example。com", errcode.HostInvalid, host},
		{"gptapi．example．com", errcode.HostInvalid, host},
		{"gptapi｡example.com", errcode.HostInvalid, host},
		{"ｇｐｔａｐｉ.example.com", errcode.HostInvalid, host},
		{"ＧＰＴＡＰＩ．ＥＸＡＭＰＬＥ．ＣＯＭ", errcode.HostInvalid, host},
		{"“gptapi.example.com”", errcode.HostInvalid, host},
		{"‘gptapi.example.com’", errcode.HostInvalid, host},
		{`"gptapi.example.com"`, errcode.HostInvalid, host},
		{"'gptapi.example.com'", errcode.HostInvalid, host},
		{"`gptapi.example.com`", errcode.HostInvalid, host},
		{"「gptapi.example.com」", errcode.HostInvalid, host},
		{"『gptapi.example.com』", errcode.HostInvalid, host},
		{"【gptapi.example.com】", errcode.HostInvalid, host},
		{"《gptapi.example.com》", errcode.HostInvalid, host},
		{"«gptapi.example.com»", errcode.HostInvalid, host},
		{"（gptapi.example.com）", errcode.HostInvalid, host},
		{"<gptapi.example.com>", errcode.HostInvalid, host},
		{"[gptapi.example.com]", errcode.HostInvalid, host},
		{"gptapi.example.com;", errcode.HostInvalid, host},
		{"gptapi.example.com；", errcode.HostInvalid, host},
		{"gptapi.example.com,", errcode.HostInvalid, host},
		{"gptapi.example.com、", errcode.HostInvalid, host},
		{"gptapi.example.com!", errcode.HostInvalid, host},
		{"gptapi.example.com…", errcode.HostInvalid, host},
		{"gptapi.example.com:", errcode.HostPort, host},
		{"gptapi.example.com?", errcode.HostPath, host},
		{"gptapi.example.com..", errcode.HostLabel, host},
		{"gptapi...example.com", errcode.HostLabel, host},
		{"gptapi–x.example.com", errcode.HostInvalid, "gptapi-x.example.com"},
		{"gptapi\u200b.example.com", errcode.HostInvalid, host},
		{"\ufeffgptapi.example.com", errcode.HostInvalid, host},
		{"gptapi\u00ad.example.com", errcode.HostInvalid, host},
		{"gptapi.example.com\u200e", errcode.HostInvalid, host},
		{"gptapi\x00.example.com", errcode.HostInvalid, host},
		{"gptapi\u00a0.example.com", errcode.HostSpace, host},
		{"https：／／gptapi.example.com／v1", errcode.HostInvalid, host},
		{"「https://gptapi.example.com/v1」", errcode.HostURL, host},
		{"「例子.中国」", errcode.HostInvalid, "例子.中国"},
		{"例子。中国", errcode.HostInvalid, "例子.中国"},
		{"*.gpt.example.com", errcode.HostWildcard, "gptapi.gpt.example.com"},
		{"gpt*.example.com", errcode.HostWildcard, "gpt.example.com"},
		{"https://*.example.com/*", errcode.HostURL, host},
		{"☕.example.com", errcode.HostInvalid, ""},
		{"xn--53h.example.com", errcode.HostInvalid, ""},
		{"a♥b.example.com", errcode.HostInvalid, ""},
		{"i❤.ws", errcode.HostInvalid, ""},
		{"①.example.com", errcode.HostInvalid, "1.example.com"},

		{"a.example.com、b.example.com", errcode.HostSeveral, "a.example.com, b.example.com"},
		{"a.example.com,b.example.com", errcode.HostSeveral, "a.example.com, b.example.com"},
		{"a.example.com, b.example.com,", errcode.HostSeveral, "a.example.com, b.example.com"},
		{"a.example.com;b.example.com；c.example.com", errcode.HostSeveral, "a.example.com, b.example.com, c.example.com"},
		{"a.example.com b.example.com", errcode.HostSeveral, "a.example.com, b.example.com"},
		{"a.example.com\nb.example.com", errcode.HostSeveral, "a.example.com, b.example.com"},
		{"a.example.com|b.example.com", errcode.HostSeveral, "a.example.com, b.example.com"},
		{"“a.example.com”，“b.example.com”", errcode.HostSeveral, "a.example.com, b.example.com"},
		{"a.example.com:443,b.example.com:443", errcode.HostSeveral, "a.example.com, b.example.com"},
		{"https://a.example.com/v1, https://b.example.com/v1", errcode.HostSeveral, "a.example.com, b.example.com"},
		{"例子.中国、a.例子.中国", errcode.HostSeveral, "例子.中国, a.例子.中国"},
	} {
		_, err := hostname.Parse(test.in)
		var e *errcode.Error
		if !errors.As(err, &e) || e.Code != test.code || e.Details["suggestion"] != test.suggestion {
			t.Errorf("Parse(%q): got %v, want %s suggesting %q", test.in, err, test.code, test.suggestion)
		}
	}
}

// An error shows characters that a terminal does not.
func TestErrorsShowInvisibleCharacters(t *testing.T) {
	t.Parallel()
	_, err := hostname.Parse("gptapi\u200b.example.com")
	var e *errcode.Error
	if !errors.As(err, &e) || e.Details["value"] != `gptapi\u200b.example.com` {
		t.Errorf("got %v", err)
	}
}

// Parse returns names that it parses to themselves, and suggests only names that it accepts.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"gptapi.example.com", "https://a.example.com/x", "例子.中国", "*.a.b", "a b.c", "xn--a.example", "「a.b」", "a.b、c.d", "a,b", "ａ。b\u200b"} {
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
		for suggestion := range strings.SplitSeq(e.Details["suggestion"], ", ") {
			if suggestion == "" {
				continue
			}
			if _, err := hostname.Parse(suggestion); err != nil {
				t.Fatalf("Parse(%q) suggests %q, which is invalid: %v", s, suggestion, err)
			}
		}
	})
}

func TestToASCII(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"":                        "",
		"A.Example.com":           "a.example.com",
		"例子.测试":                   "xn--fsqu00a.xn--0zwm56d",
		"GPTAPI.例子.测试":            "gptapi.xn--fsqu00a.xn--0zwm56d",
		"XN--fsqu00a.xn--0zwm56d": "xn--fsqu00a.xn--0zwm56d",
		"Bücher.example":          "xn--bcher-kva.example",
		"straße.example":          "xn--strae-oqa.example",
		"*.例子.测试":                 "*.xn--fsqu00a.xn--0zwm56d",
		"_例.example":              "xn--_-lb7a.example",
		"_dmarc.例子.测试":            "_dmarc.xn--fsqu00a.xn--0zwm56d",
		"_dmarc.example.com":      "_dmarc.example.com",
		"i❤.example":              "xn--i-7iq.example",
		"例\xff子.测试":               "例\xff子.测试",
		"a\u202eb.example":        "a\u202eb.example",
	} {
		if got := hostname.ToASCII(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
