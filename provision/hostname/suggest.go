package hostname

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cfproxy/cfproxy/provision/errcode"
)

// separators are characters between the hostnames of a list, or typed by mistake instead of a dot.
const separators = ",，、;；|｜&＆+·・•"

// wildcardName takes the place of an asterisk in suggestions.
const wildcardName = "gptapi"

// splitList returns the hostnames that value lists, corrected, or nil unless it lists two or more and nothing else.
func splitList(value string) []string {
	parts := strings.FieldsFunc(value, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(separators, r) })
	if len(parts) < 2 {
		return nil
	}
	var hosts []string
	count := 0
	for _, part := range parts {
		if strings.TrimFunc(part, isPunctuation) == "" {
			continue
		}
		host := suggestHost(part)
		if host == "" {
			return nil
		}
		if count++; !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	if count < 2 {
		return nil
	}
	return hosts
}

// suggestHost returns the hostname in value, such as that of a URL or in quotes, or "" if there is no valid one.
func suggestHost(value string) string {
	if !utf8.ValidString(value) {
		return ""
	}
	host := authority(toASCIIPunctuation(value))
	if isIP(host) {
		return ""
	}
	host = strings.ReplaceAll("."+host, ".*.", "."+wildcardName+".")
	host = strings.ReplaceAll(host, "*", "")
	list := strings.Trim(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune(separators, r) {
			return '.'
		}
		return r
	}, host), ".")
	for _, candidate := range []string{strings.Join(strings.Fields(host), ""), list} {
		candidate = strings.Join(strings.FieldsFunc(candidate, func(r rune) bool { return r == '.' }), ".")
		if candidate = validForm(strings.TrimFunc(candidate, isPunctuation)); candidate != "" {
			return candidate
		}
	}
	return ""
}

// authority returns the host in a URL, or in text that looks like the end of one.
func authority(text string) string {
	if i := strings.Index(text, "://"); i >= 0 {
		text = text[i+3:]
	}
	text = strings.TrimFunc(text, func(r rune) bool { return isPunctuation(r) && r != '*' && r != '[' && r != ']' })
	if u, err := url.Parse("//" + text); err == nil && u.Host != "" {
		text = u.Hostname()
	}
	text = strings.ReplaceAll(text, "\\", "/")
	text, _, _ = strings.Cut(text, "/")
	text, _, _ = strings.Cut(text, ":")
	return text
}

// validForm returns the form of host in which Parse accepts it, in Unicode if possible, or "" if there is none.
func validForm(host string) string {
	if detectForm(host) != "" {
		return ""
	}
	ascii, code := toASCII(host)
	if code != "" {
		return ""
	}
	for _, form := range []string{strings.ToLower(host), Display(ascii), ascii} {
		if accepted, code := parse(form); code == "" && accepted == ascii {
			return form
		}
	}
	return ""
}

// toASCIIPunctuation returns text without invisible characters, and with ASCII characters for those that input methods and word
// processors produce in their place: full-width forms, ideographic full stops and dashes.
// https://www.unicode.org/charts/PDF/UFF00.pdf
func toASCIIPunctuation(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case isInvisible(r) && !unicode.IsSpace(r):
			return -1
		case '！' <= r && r <= '～':
			return r - '！' + '!'
		case r == '。' || r == '｡' || r == '․':
			return '.'
		case '\u2010' <= r && r <= '\u2015' || r == '\u2212':
			return '-'
		}
		return r
	}, text)
}

// isPunctuation reports whether r can enclose a hostname or follow it in a text. A hyphen and an emoji are part of a name, if perhaps of
// a wrong one.
func isPunctuation(r rune) bool {
	return r != '-' && r != '_' && (unicode.In(r, unicode.P, unicode.Sm, unicode.Sk, unicode.Sc) || unicode.IsSpace(r))
}

// isInvisible reports whether r has no glyph: a control character, a format character such as U+200B, or one that Unicode ignores by
// default.
func isInvisible(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// visible returns value with the code point of each invisible character in its place, such as \u200b.
func visible(value string) string {
	var b strings.Builder
	for _, r := range value {
		if isInvisible(r) || r != ' ' && unicode.IsSpace(r) {
			b.WriteString(codePoint(r))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func severalError(value string, hosts []string) *errcode.Error {
	return errcode.New(errcode.HostSeveral, "value", visible(value), "suggestion", strings.Join(hosts, ", "),
		"flags", "--domain "+strings.Join(hosts, " --domain "))
}
