package leaktest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"testing"
)

func TestFindEncodings(t *testing.T) {
	t.Parallel()
	const secret = `sk-x7/Qw+Er"Ty&Ui<Op%As\Df9Gh2Jk4Lz6`
	var secrets Secrets
	secrets.Add("key", secret)
	quoted, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		secret, "…" + secret[5:17] + "…", string(quoted), url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte("Bearer " + secret)),
		base64.URLEncoding.EncodeToString([]byte(":" + secret + ":")), base64.RawURLEncoding.EncodeToString([]byte("ab" + secret)),
	} {
		if len(secrets.Find(text)) == 0 {
			t.Errorf("not found in %q", text)
		}
	}
	for _, text := range []string{"", "nothing", secret[:11], secret[3:14] + "…" + secret[20:31]} {
		if found := secrets.Find(text); found != nil {
			t.Errorf("found %v in %q", found, text)
		}
	}
}

func TestFindInDir(t *testing.T) {
	t.Parallel()
	const secret = "a-secret-0123456789"
	var secrets Secrets
	secrets.Add("token", secret)
	dir := t.TempDir()
	for _, name := range []string{"one", "deep/two", "named-" + secret} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("it is "+secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := secrets.FindInDir(dir, func(path string) bool { return filepath.Base(path) == "two" })
	if err != nil || len(found) != 3 {
		t.Errorf("found %q, %v", found, err)
	}
}
