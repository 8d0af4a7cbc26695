// Package leaktest finds secrets where none may be: whole or in part, and as base64, hexadecimal digits, URLs and JSON spell
// them. It shares no code with what is meant to keep them out.
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

// run is how many characters in a row count as a leak.
const run = 12

// Secrets are texts that nobody may see. Each should be long, and unlike anything that is seen rightly.
type Secrets struct {
	names map[string]string // by every run of every spelling
}

// Add makes a text one of the secrets. name is how a finding calls it. One of fewer than twelve characters cannot be found.
func (s *Secrets) Add(name, secret string) {
	if len(secret) < run {
		return
	}
	if s.names == nil {
		s.names = map[string]string{}
	}
	s.add(name, secret)
	for spelling, text := range spellings(secret) {
		s.add(name+", "+spelling, text)
	}
}

func (s *Secrets) add(name, text string) {
	for i := 0; i+run <= len(text); i++ {
		if piece := text[i : i+run]; s.names[piece] == "" {
			s.names[piece] = name
		}
	}
}

func spellings(secret string) map[string]string {
	quoted, err := json.Marshal(secret)
	if err != nil {
		panic(err) // a string can be marshalled
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
			// Characters that also depend on neighbours are left out.
			all[fmt.Sprintf("%s at %d", name, shift)] = text[min(2*shift, 3) : len(text)-2]
		}
	}
	return all
}

// In tells what of the secrets is in a text: what, how it is spelt, and around what; nil for nothing.
func (s *Secrets) In(text string) []string {
	var found []string
	last := ""
	for i := 0; i+run <= len(text); i++ {
		name, leaks := s.names[text[i:i+run]]
		if leaks && name != last {
			found = append(found, fmt.Sprintf("%s: %q", name, text[max(0, i-40):min(len(text), i+run+20)]))
		}
		last = name
	}
	return found
}

// Below looks into every file below a folder, and at its path. Files of which except says true are left out.
func (s *Secrets) Below(folder string, except func(path string) bool) ([]string, error) {
	var found []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || except != nil && except(path) {
			return err
		}
		found = append(found, s.In(path)...)
		if !entry.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, leak := range s.In(string(text)) {
			found = append(found, path+": "+leak)
		}
		return err
	})
	return found, err
}
