package verify

import (
	"strings"
	"unicode"
)

// curlLine returns the keyless request to an upstream as a command for a POSIX shell: the same method, URL, headers and
// body, and -i to show the response's headers. Extra arguments for curl, such as "--cacert" and its file, come before the
// URL. The command never contains the key, whatever the target holds.
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
	url := "https://" + t.Host + u.keylessPath(managed)
	if strings.ContainsAny(url, "[]{}") {
		words = append(words, "-g") // otherwise curl expands them
	}
	words = append(words, url)
	secret := newRedactor(t.Key)
	for i, word := range words {
		words[i] = ShellQuote(secret.redact(word))
	}
	return strings.Join(words, " ")
}

// ShellQuote returns a word as it must be written in a command for a POSIX shell: in single quotes, unless all its characters
// are letters, digits or without a meaning for shells. Within the quotes a shell changes nothing, so a single quote is written
// outside of them. NUL cannot be part of an argument and is dropped.
// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02
func ShellQuote(word string) string {
	word = strings.ReplaceAll(word, "\x00", "")
	if word != "" && !strings.ContainsFunc(word, func(char rune) bool { return !isShellSafe(char) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func isShellSafe(char rune) bool {
	return unicode.IsLetter(char) || unicode.IsDigit(char) || strings.ContainsRune("@%+=:,./_-", char)
}
