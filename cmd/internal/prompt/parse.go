package prompt

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// check refuses a canonical answer, one as it would appear in Answers, with an error in the person's language.
func check(q Question, t Texts, answer string) error {
	if answer == "" {
		switch {
		case q.Optional:
			return nil
		case q.Kind == MultiSelect:
			return errors.New(t.ChooseSome)
		}
		return errors.New(t.Required)
	}
	if q.Validate == nil {
		return nil
	}
	return q.Validate(answer)
}

// read turns what was typed into a canonical answer. It says no only to what cannot be understood; check does the rest.
func read(q Question, t Texts, typed string) (string, error) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return fallback(q), nil
	}
	switch q.Kind {
	case Select:
		return readOption(q, t, typed)
	case MultiSelect:
		return readOptions(q, t, typed)
	case Confirm:
		return readYesNo(t, typed)
	}
	return typed, nil
}

// fallback is the canonical answer to an empty line: the default, or nothing.
func fallback(q Question) string {
	switch q.Kind {
	case Input:
		return strings.TrimSpace(q.Default)
	case Select, MultiSelect:
		return strings.Join(defaults(q), ",")
	case Confirm:
		if q.Default == Yes || q.Default == No {
			return q.Default
		}
	}
	return ""
}

// defaults are the values of the options that are chosen beforehand, in the order of the options. A default that is not
// offered is dropped: it may come from a file that was written for another account.
func defaults(q Question) []string {
	wanted := []string{strings.TrimSpace(q.Default)}
	if q.Kind == MultiSelect {
		wanted = splitList(q.Default)
	}
	return inOrder(q, wanted)
}

// inOrder keeps the values that are offered, once each, in the order of the options.
func inOrder(q Question, values []string) []string {
	var kept []string
	for _, o := range q.Options {
		if slices.Contains(values, o.Value) {
			kept = append(kept, o.Value)
		}
	}
	return kept
}

// readOption understands a number as printed, a value, or a label. The number comes first, because it is what is printed.
func readOption(q Question, t Texts, typed string) (string, error) {
	if n, err := strconv.Atoi(narrow(typed)); err == nil && 1 <= n && n <= len(q.Options) {
		return q.Options[n-1].Value, nil
	}
	for _, o := range q.Options {
		if strings.EqualFold(typed, o.Value) || strings.EqualFold(typed, o.label()) {
			return o.Value, nil
		}
	}
	return "", errors.New(t.chooseNumber(len(q.Options)))
}

func readOptions(q Question, t Texts, typed string) (string, error) {
	var values []string
	for _, item := range splitList(typed) {
		value, err := readOption(q, t, item)
		if err != nil {
			return "", err
		}
		values = append(values, value)
	}
	return strings.Join(inOrder(q, values), ","), nil
}

func readYesNo(t Texts, typed string) (string, error) {
	typed = narrow(typed)
	for _, word := range []string{"y", "yes", t.Yes} {
		if strings.EqualFold(typed, word) {
			return Yes, nil
		}
	}
	for _, word := range []string{"n", "no", t.No} {
		if strings.EqualFold(typed, word) {
			return No, nil
		}
	}
	return "", errors.New(t.AnswerYesNo)
}

// listSeparators are the commas, among them the two that a Chinese keyboard produces.
const listSeparators = ",，、"

func splitList(s string) []string {
	var items []string
	for _, item := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(listSeparators, r) }) {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// narrow undoes the full-width forms of ASCII that an input method types in full-width mode: １２ and ｙ are 12 and y.
// https://www.unicode.org/charts/PDF/UFF00.pdf
func narrow(s string) string {
	return strings.Map(func(r rune) rune {
		if '！' <= r && r <= '～' {
			return r - '！' + '!'
		}
		return r
	}, s)
}
