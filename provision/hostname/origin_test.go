package hostname_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/hostname"
)

func TestParseOriginReturnsWhatBrowsersSend(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"https://app.example.com":       "https://app.example.com",
		" HTTPS://App.Example.COM/ ":    "https://app.example.com",
		"https://app.example.com:443":   "https://app.example.com",
		"https://app.example.com:00443": "https://app.example.com",
		"https://app.example.com:":      "https://app.example.com",
		"http://app.example.com:80":     "http://app.example.com",
		"https://app.example.com:8443/": "https://app.example.com:8443",
		"http://localhost:3000":         "http://localhost:3000",
		"http://192.168.1.2:03000":      "http://192.168.1.2:3000",
		"http://[::1]:5173":             "http://[::1]:5173",
		"https://例子.中国":                 "https://xn--fsqu00a.xn--fiqs8s",
		"https://Bücher.example":        "https://xn--bcher-kva.example",
	} {
		if got, err := hostname.ParseOrigin(value); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", value, got, err, want)
		}
	}
	for value, suggestion := range map[string]string{
		"": "", "*": "", "null": "", "localhost": "https://localhost", "app.example.com": "https://app.example.com", "https://": "", "ftp://app.example.com": "",
		"https://app.example.com/chat": "https://app.example.com", "https://app.example.com?x": "https://app.example.com",
		"https://app.example.com#": "https://app.example.com", "https://user:pw@app.example.com": "", "user:pw@app.example.com": "", "https://*.example.com": "",
		"https://app.example.com:0": "", "https://app.example.com:99999": "", "https://app example.com": "", "https://app..com": "",
		"file:///index.html": "",
	} {
		got, err := hostname.ParseOrigin(value)
		var e *errcode.Error
		if !errors.As(err, &e) || e.Code != errcode.AllowOriginInvalid || e.Details["suggestion"] != suggestion {
			t.Errorf("%q: got %q, %v, want a suggestion of %q", value, got, err, suggestion)
		} else if strings.Contains(e.Error(), "pw") {
			t.Errorf("%q: the password is in %v", value, e)
		}
	}
}
