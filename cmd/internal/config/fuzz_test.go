package config

import (
	"bytes"
	"testing"

	"github.com/cfproxy/cfproxy/worker"
)

// In any valid cfproxy.toml, adding a token and revoking it restores the text, and revoking any other token keeps the
// other tokens.
func FuzzEditingTokens(f *testing.F) {
	block := "[[tokens]]\nname = \"a\"\nsha256 = \"" + digestOf("a") + "\"\n"
	for _, text := range []string{
		"", "\n", "domains = []", "# x\r\n", block, block + "\n\n# y", "domains = [\n#" + block[:11] + "]\n" + block, " [[ tokens ]] # z\n" + block[11:],
		"[[\"tokens\"]]\n" + block[11:] + "providers = [\n#]\n]\n", "tokens = []\n", "\ufeff" + block,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := TokenFile{Path: FileName}.withText(text)
		if err != nil || file.Find("new") >= 0 {
			return
		}
		added, err := file.With(worker.Token{Name: "new", SHA256: digestOf("b")})
		if err != nil {
			return
		}
		back, err := added.Without("new")
		if err != nil {
			t.Fatalf("a token that was added cannot be taken back: %v", err)
		}
		if rest, ok := bytes.CutPrefix(back.text, text); !ok || len(bytes.TrimSpace(rest)) > 0 {
			t.Errorf("got %q\nwant %q", back.text, text)
		}
		for _, token := range file.Tokens {
			if less, err := added.Without(token.Name); err != nil || less.Find("new") < 0 || len(less.Tokens) != len(file.Tokens) {
				t.Errorf("without %q: %v, %v", token.Name, less.Tokens, err)
			}
		}
	})
}
