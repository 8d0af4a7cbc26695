package main

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/errcode"
)

// Every code has an explanation in both languages, without placeholders, and every number of the API leads to one.
func TestEveryCodeIsExplained(t *testing.T) {
	english, chinese := catalogues(t)
	numbers := 0
	for _, text := range []string{string(english.Language), string(chinese.Language)} {
		_, s := sessionOf(t, text, "explain", "9109")
		codes := s.knownCodes()
		for _, code := range slices.Concat(engineCodes(t), problemCodes(t)) {
			if !slices.Contains(codes, code) {
				t.Errorf("%s: %s is not known", text, code)
			}
		}
		for _, code := range codes {
			meaning, ok := s.explain(code)
			if all := meaning.Message + strings.Join(meaning.Hints, "\n"); !ok || meaning.Message == "" || strings.ContainsAny(all, "{}") {
				t.Errorf("%s: %s is explained as %q", text, code, all)
			}
			for _, number := range cloudflare.NumbersOf(errcode.Code(code)) {
				numbers++
				if !slices.Contains(cloudflare.CodesOf(number), errcode.Code(code)) {
					t.Errorf("%s does not lead to %s", strconv.Itoa(number), code)
				}
			}
		}
	}
	if numbers < 80 {
		t.Errorf("found only %d numbers", numbers)
	}
}
