package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/errcode"
)

// place returns "LINE: CODE" of an error in a file.
func place(err error) string {
	if position, ok := errors.AsType[*problem.PositionError](err); ok {
		if code := errcode.Of(position.Err); code != "" {
			return fmt.Sprintf("%d: %s", position.Line, code)
		}
		return fmt.Sprintf("%d: %s", position.Line, codeOf(position.Err))
	}
	if own, ok := errors.AsType[*problem.Error](err); ok {
		return own.Details["line"] + ": " + own.Code
	}
	return fmt.Sprint(err)
}

// Every mistake is reported with the line of the wrong value. Lists are written over several lines to see that the item
// counts.
func TestFileErrors(t *testing.T) {
	t.Parallel()
	token := "[[tokens]]\nname = \"a\"\nsha256 = \"" + digestOf("a") + "\"\n"
	for name, x := range map[string]struct{ text, want string }{
		"syntax":               {"domains = [\"a.example.com\"]\nregion = \n", "2: config-invalid"},
		"unknown key":          {"# x\ndomains = [\"a.example.com\"]\nregions = \"x\"\n", "3: config-unknown-key"},
		"unknown key in relay": {"[[relays]]\ndomains = [\"a.example.com\"]\nregions = \"x\"\n", "3: config-unknown-key"},
		"unknown key in token": {token + "expiry = \"x\"\n", "4: token-unknown-key"},
		"wrong kind":           {"\ndomains = \"a.example.com\"\n", "2: config-kind"},
		"twice":                {"region = \"aws:us-east-1\"\nregion = \"aws:us-east-1\"\n", "2: config-twice"},
		"typographic quotes":   {"domains = [\"a.example.com\"]\nregion = “aws:us-east-1”\n", "2: config-mark"},
		"full-width comma":     {"domains = [\n\"a.example.com\"，\n\"b.example.com\"]\n", "2: config-mark"},
		"host":                 {"domains = [\n  \"a.example.com\",\n  \"https://b.example.com\",\n]\n", "3: host-url"},
		"empty host":           {"domains = [\n\"a.example.com\",\n\"\"]\n", "3: host-empty"},
		"provider":             {"domains = [\"a.example.com\"]\nproviders = [\n\"openai\",\n\"nosuch\"]\n", "4: provider-unknown"},
		"provider twice":       {"domains = [\"a.example.com\"]\nproviders = [\n\"azure=x\",\n\"azure=y\"]\n", "4: provider-twice"},
		"empty value":          {"domains = [\"a.example.com\"]\n\nregion = \" \"\n", "3: config-empty"},
		"region":               {"region = \"nowhere\"\ndomains = [\"a.example.com\"]\n", "1: region-invalid"},
		"region before hosts":  {"region = \"nowhere\"\ndomains = [\"-\"]\n", "2: host-invalid"}, // hosts are checked first
		"access":               {"domains = [\"a.example.com\"]\naccess = \"everyone\"\n", "2: access-unknown"},
		"no hosts in relay":    {"domains = [\"a.example.com\"]\n[[relays]]\nregion = \"aws:us-east-1\"\n", "2: relay-without-domains"},
		"host in two relays": {
			"[[relays]]\ndomains = [\"a.example.com\"]\n\n[[relays]]\ndomains = [\n\"b.example.com\",\n\"A.example.com.\"]\n", "7: host-twice",
		},
		"in the second relay": {
			"region = \"aws:us-east-1\"\n[[relays]]\ndomains = [\"a.example.com\"]\n[[relays]]\ndomains = [\"b.example.com\"]\nregion = \"x\"\n",
			"6: region-invalid",
		},
		"token after relays": {"[[relays]]\ndomains = [\"a.example.com\"]\n" + token + token, "6: token-name-twice"},
		"token rpm":          {token + "rpm = 0\n", "1: token-rpm-invalid"},
		"token provider":     {"# x\n" + token + "providers = [\"nosuch\"]\n", "2: token-provider-unknown"},
		"digest":             {"[[tokens]]\nname = \"a\"\nsha256 = \"abc\"\n", "1: token-digest-invalid"},
	} {
		if _, err := parse(FileName, []byte(x.text)); place(err) != x.want {
			t.Errorf("%s: got %s, want %s\n%s", name, place(err), x.want, x.text)
		}
	}
}

// The same host twice within one relay, and an empty file, are no mistakes.
func TestFileWithoutErrors(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "# nothing\n", "domains = []\n", "domains = [\"a.example.com\", \"A.example.com\"]\n", "page = false\n",
		"domains = ['例子.example.com']\r\nregion = 'aws:us-east-1'\r\n",
	} {
		if relays, err := parse(FileName, []byte(text)); err != nil || len(relays) != 1 || !relays[0].HasFile() {
			t.Errorf("%q: got %v, %v", text, relays, err)
		}
	}
}

func TestLineOf(t *testing.T) {
	t.Parallel()
	text := []byte(strings.Join([]string{
		1:  "region = 'x'",
		2:  "domains = [",
		3:  "  'a', 'b', # one, two",
		4:  "  'c',",
		5:  "]",
		6:  "[[relays]]",
		7:  "providers = ['x']",
		8:  "domains = ['d',",
		9:  "'e']",
		10: "[[tokens]]",
		11: "domains = 'not of a relay'",
		12: "[[ relays ]] # second",
		13: "\"domains\" = ['f']",
	}[1:], "\n"))
	for _, x := range []struct {
		block int
		key   string
		item  int
		want  int
	}{
		{beforeBlocks, KeyRegion, 0, 1},
		{beforeBlocks, KeyDomains, 0, 3},
		{beforeBlocks, KeyDomains, 1, 3},
		{beforeBlocks, KeyDomains, 2, 4},
		{beforeBlocks, KeyDomains, 9, 2}, // no such item: the line of the key
		{beforeBlocks, KeyAccess, 0, 1},  // no such key: the beginning
		{0, KeyProviders, 0, 7},
		{0, KeyDomains, 0, 8},
		{0, KeyDomains, 1, 9},
		{0, KeyRegion, 0, 6}, // no such key: the line of the block
		{1, KeyDomains, 0, 13},
		{1, KeyRegion, 0, 12},
	} {
		if got := lineOf(text, x.block, x.key, x.item); got != x.want {
			t.Errorf("block %d, %s, item %d: got line %d, want %d", x.block, x.key, x.item, got, x.want)
		}
	}
}

// The first wrong item of a long list is found, wherever it is.
func TestWrongItemOfALongList(t *testing.T) {
	t.Parallel()
	const count = 40
	for wrong := range count {
		lines := []string{"domains = ["}
		for i := range count {
			host := fmt.Sprintf("h%d.example.com", i)
			if i == wrong || i == wrong+3 {
				host = "not a host"
			}
			lines = append(lines, fmt.Sprintf("%q,", host))
		}
		_, err := parse(FileName, []byte(strings.Join(append(lines, "]"), "\n")))
		if want := fmt.Sprintf("%d: host-space", wrong+2); place(err) != want {
			t.Errorf("got %s, want %s", place(err), want)
		}
	}
}

func TestUnknownKeyListsTheKnownOnes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"x = 1\n":             "domains, providers, worker, account, region, origin, access, page, allow_origins, tokens, relays",
		"[[relays]]\nx = 1\n": "domains, providers, worker, account, region, origin, access, page, allow_origins",
		"[[tokens]]\nx = 1\n": "name, sha256, expires, providers, rpm",
	} {
		_, err := parse(FileName, []byte(text))
		var own *problem.Error
		if !errors.As(err, &own) || own.Details["key"] != "x" {
			t.Errorf("%q: got %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, own.Details["known"]); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}
