// Package leaktest finds secrets in the output of tests, complete or in part, also encoded as base64, hex, URL or JSON.
// It shares no code with the redaction that it tests.
package leaktest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// minLength is the number of consecutive bytes of a secret that count as a leak.
const minLength = 12

// Secrets is a set of secrets. Each should be long and share no part with legitimate output.
type Secrets struct {
	pieces map[string]string // name of the secret by every piece of minLength bytes of every encoding
}

// Add adds a secret; name is its name in findings. Secrets of fewer than twelve bytes are ignored.
func (s *Secrets) Add(name, secret string) {
	if len(secret) < minLength {
		return
	}
	if s.pieces == nil {
		s.pieces = map[string]string{}
	}
	s.addPieces(name, secret)
	for encoding, text := range encodings(secret) {
		s.addPieces(name+", "+encoding, text)
	}
}

func (s *Secrets) addPieces(name, text string) {
	for i := 0; i+minLength <= len(text); i++ {
		if piece := text[i : i+minLength]; s.pieces[piece] == "" {
			s.pieces[piece] = name
		}
	}
}

func encodings(secret string) map[string]string {
	quoted, err := json.Marshal(secret)
	if err != nil {
		panic(err) // strings always encode
	}
	plain, _ := json.Marshal(strings.ReplaceAll(secret, "/", "\x00"))
	all := map[string]string{
		"JSON": string(quoted[1 : len(quoted)-1]), "URL query": url.QueryEscape(secret), "URL path": url.PathEscape(secret),
		"JSON with \\/": strings.ReplaceAll(string(plain[1:len(plain)-1]), `\u0000`, `\/`),
		"hex":           hex.EncodeToString([]byte(secret)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"Go": strings.Trim(fmt.Sprintf("%q", secret), `"`),
	}
	for shift := range 3 {
		for name, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			text := encoding.EncodeToString([]byte("???"[:shift] + secret))
			// Without the characters that also depend on the surrounding bytes.
			all[fmt.Sprintf("%s at %d", name, shift)] = text[min(2*shift, 3) : len(text)-2]
		}
	}
	return all
}

// Find returns the secrets in a text, each with its encoding and the surrounding text; nil if there are none.
func (s *Secrets) Find(text string) []string {
	var found []string
	last := ""
	for i := 0; i+minLength <= len(text); i++ {
		name, leaks := s.pieces[text[i:i+minLength]]
		if leaks && name != last {
			found = append(found, fmt.Sprintf("%s: %q", name, text[max(0, i-40):min(len(text), i+minLength+20)]))
		}
		last = name
	}
	return found
}

// FindInDir returns the secrets in the files of a directory tree and in their paths. It ignores files for which except
// returns true.
func (s *Secrets) FindInDir(dir string, except func(path string) bool) ([]string, error) {
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || except != nil && except(path) {
			return err
		}
		found = append(found, s.Find(path)...)
		if !entry.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, leak := range s.Find(string(text)) {
			found = append(found, path+": "+leak)
		}
		return err
	})
	return found, err
}
