package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

func getenvOf(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

// Keys are what is sent: without what was pasted around them.
func TestKeysAreCleaned(t *testing.T) {
	t.Parallel()
	c := plan.Config{Settings: worker.Settings{Managed: true}, Providers: []worker.Provider{{ID: "openai"}, {ID: "gemini-openai"}}}
	const key = "sk-0123456789abcdef"
	for text, code := range map[string]string{
		key: "", `"` + key + "\"\r\n": "", "Bearer " + key: "", "\ufeff“" + key[:5] + "\u200b" + key[5:] + "”": "", key[:5] + "\n" + key[5:]: "",
		"sk two": "secret-character", "sk–two": "secret-character", "sk-\x00": "secret-character",
		`"cfp_0123456789"`: "owner-key-token", strings.Repeat("k", maxKey+1): "owner-key-invalid",
	} {
		keys, err := Keys(c, getenvOf(map[string]string{KeyVariable("openai"): text, KeyVariable("gemini-openai"): ` "" `}))
		var e *problem.Error
		switch {
		case code == "":
			if err != nil || len(keys) != 1 || keys["openai"].Reveal() != key {
				t.Errorf("%q: got %v, %v", text, keys, err)
			}
		case !errors.As(err, &e) || e.Code != code || e.Details["name"] != "CFPROXY_KEY_OPENAI":
			t.Errorf("%q: got %v, want %s", text, err, code)
		}
	}
}

func TestAccountIsCleaned(t *testing.T) {
	t.Parallel()
	const id = "0123456789abcdef0123456789abcdef"
	for text, want := range map[string]string{
		id: id, " " + id + "\r\n": id, `"` + id + `"`: id, "「" + id + "」": id, id[:4] + "\u200b" + id[4:]: id, "": "", " \n": "", `""`: "",
		"acme": "acme", "0123 4567": "0123 4567",
	} {
		s := Settings{}.WithEnvironment(getenvOf(map[string]string{"CLOUDFLARE_ACCOUNT_ID": text}))
		if s.Account != want {
			t.Errorf("%q: got %q, want %q", text, s.Account, want)
		}
	}
	for text, code := range map[string]string{"0123\u00a04567": "secret-character", "acme": string(errcode.AccountInvalid), `""`: string(errcode.AccountInvalid)} {
		var s Settings
		for _, setting := range Table() {
			if setting.Key == KeyAccount {
				setting.set(&s, []string{text})
			}
		}
		s.Domains = []string{ExampleHost}
		_, err := NewRelay(s, "")
		var e *problem.Error
		if !(errors.As(err, &e) && e.Code == code || string(errcode.Of(err)) == code) {
			t.Errorf("%q: got %v, want %s", text, err, code)
		}
	}
}

func TestPastedKeysAreRecognised(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"alice": false, "“alice”": false, "bearer": false, "sk-proj-x": true, "'sk-proj-x'": true, "\u200bsk-proj-x": true, "Bearer sk-proj-x": true,
	} {
		if got := LooksLikeKey(name); got != want {
			t.Errorf("LooksLikeKey(%q) = %v", name, got)
		}
	}
}
