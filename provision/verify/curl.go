package verify

import (
	"slices"
	"strings"
)

// curlLine returns the keyless request to an upstream as one command for a POSIX shell, quoted where it must be: the same
// method, URL, headers and body, with the answer's headers shown. Extra arguments for curl, such as "--cacert" and its
// file, come before the URL. The line never holds the key, whatever the target says.
// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02
func curlLine(t Target, u Upstream, managed bool, extra []string) string {
	words := []string{"curl", "-sS", "-i"}
	if u.Method == "HEAD" {
		words = []string{"curl", "-sS", "-I"} // -X HEAD would wait for a body
	}
	words = append(words, extra...)
	if u.Method != "POST" && u.Method != "HEAD" && (u.Method != "GET" || u.Body != "") {
		words = append(words, "-X", u.Method)
	}
	words = append(words, "-A", userAgent)
	if u.Body != "" {
		words = append(words, "-H", "Content-Type: application/json")
	}
	if u.Body != "" || u.Method == "POST" {
		words = append(words, "--data-raw", u.Body) // --data would read a file if the body began with @
	}
	link := "https://" + t.Host + u.proof(managed)
	if strings.ContainsAny(link, "[]{}") {
		words = append(words, "-g") // or curl would take them for a pattern
	}
	words = append(words, link)
	secret := newRedactor(t.Key)
	for i, word := range words {
		words[i] = quote(secret.hide(word))
	}
	return strings.Join(words, " ")
}

// quote puts a word in single quotes unless every character of it is plain. Within them a shell changes nothing, and a
// single quote itself is written outside. No argument can hold a NUL, so it is dropped.
func quote(word string) string {
	word = strings.ReplaceAll(word, "\x00", "")
	plain := func(char rune) bool {
		return char >= '0' && char <= '9' || char >= 'A' && char <= 'Z' || char >= 'a' && char <= 'z' || strings.ContainsRune("@%+=:,./_-", char)
	}
	if word != "" && !slices.ContainsFunc([]rune(word), func(char rune) bool { return !plain(char) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
