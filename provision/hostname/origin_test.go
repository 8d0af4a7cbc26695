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

		// Apps and extensions.
		"app://obsidian.md":             "app://obsidian.md",
		" APP://obsidian.md/ ":          "app://obsidian.md",
		"app://.":                       "app://.",
		"app://-":                       "app://-",
		"tauri://localhost":             "tauri://localhost",
		"https://tauri.localhost":       "https://tauri.localhost",
		"capacitor://localhost":         "capacitor://localhost",
		"ionic://localhost":             "ionic://localhost",
		"wails://wails.localhost:34115": "wails://wails.localhost:34115",
		"vscode-webview://1hjk2p6ha9":   "vscode-webview://1hjk2p6ha9",
		"vscode-file://vscode-app":      "vscode-file://vscode-app",
		"electron://altair":             "electron://altair",
		"chrome-extension://cjpalhdlnbpafiamejdnhcphjbkeiagm":         "chrome-extension://cjpalhdlnbpafiamejdnhcphjbkeiagm",
		"moz-extension://5f9a1c1e-64f8-4c0e-9d43-3f0d2f7b1a10":        "moz-extension://5f9a1c1e-64f8-4c0e-9d43-3f0d2f7b1a10",
		"extension://cjpalhdlnbpafiamejdnhcphjbkeiagm":                "extension://cjpalhdlnbpafiamejdnhcphjbkeiagm",
		"safari-web-extension://2E7C6BA1-5A0C-4C55-B3C4-05A7AB3F7F21": "safari-web-extension://2E7C6BA1-5A0C-4C55-B3C4-05A7AB3F7F21",
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
		"file:///index.html": "", "file://": "", "file://localhost": "", "NULL": "", "about:blank": "", "data://x": "", "blob:https://app.example.com": "",
		"ws://app.example.com": "", "htps://app.example.com": "https://app.example.com", "httpss://app.example.com": "https://app.example.com",
		"app://obsidian.md/index.html": "app://obsidian.md", "app://": "", "app:///": "", "app://a b": "", "app://*": "", "chrome-extension://*": "",
		"chrome-extension://<id>": "", "app://user:pw@host": "", "“app://obsidian.md”": "", "app://obsidian.md,tauri://localhost": "",
		"tauri:localhost": "", "app://obsidian.md。": "", "app://obsidian\u200b.md": "",
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
