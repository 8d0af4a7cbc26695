package prompt

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// validate checks an answer as it would appear in Answers. The error is in the user's language.
func validate(q Question, t Texts, answer string) error {
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

// parseAnswer converts typed text to an answer. It returns an error only for text that has no meaning; validate does
// the rest.
func parseAnswer(q Question, t Texts, typed string) (string, error) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return defaultAnswer(q), nil
	}
	switch q.Kind {
	case Select:
		return parseOption(q, t, typed)
	case MultiSelect:
		return parseOptions(q, t, typed)
	case Confirm:
		return parseYesNo(t, typed)
	}
	return typed, nil
}

// defaultAnswer returns the answer for an empty line: the default, or "".
func defaultAnswer(q Question) string {
	switch q.Kind {
	case Input:
		return strings.TrimSpace(q.Default)
	case Select, MultiSelect:
		return strings.Join(defaultValues(q), ",")
	case Confirm:
		if q.Default == Yes || q.Default == No {
			return q.Default
		}
	}
	return ""
}

// defaultValues returns the values of the options that are chosen by default, in the order of Options. Defaults that
// are not options are dropped: they may come from a file for another account.
func defaultValues(q Question) []string {
	values := []string{strings.TrimSpace(q.Default)}
	if q.Kind == MultiSelect {
		values = splitList(q.Default)
	}
	return offeredValues(q, values)
}

// offeredValues returns those of values that are options, without duplicates, in the order of Options.
func offeredValues(q Question, values []string) []string {
	var offered []string
	for _, o := range q.Options {
		if slices.Contains(values, o.Value) {
			offered = append(offered, o.Value)
		}
	}
	return offered
}

// parseOption accepts the number of an option, a value, or a label, in this order, because the number is what is printed.
func parseOption(q Question, t Texts, typed string) (string, error) {
	if n, err := strconv.Atoi(toHalfWidth(typed)); err == nil && 1 <= n && n <= len(q.Options) {
		return q.Options[n-1].Value, nil
	}
	for _, o := range q.Options {
		if strings.EqualFold(typed, o.Value) || strings.EqualFold(typed, o.label()) {
			return o.Value, nil
		}
	}
	return "", errors.New(t.chooseNumber(len(q.Options)))
}

func parseOptions(q Question, t Texts, typed string) (string, error) {
	var values []string
	for _, item := range splitList(typed) {
		value, err := parseOption(q, t, item)
		if err != nil {
			return "", err
		}
		values = append(values, value)
	}
	return strings.Join(offeredValues(q, values), ","), nil
}

func parseYesNo(t Texts, typed string) (string, error) {
	typed = toHalfWidth(typed)
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

// listSeparators are the comma and the two comma-like characters of Chinese input methods.
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

// toHalfWidth replaces the full-width forms of ASCII characters, which input methods can produce: １２ and ｙ become 12
// and y.
// https://www.unicode.org/charts/PDF/UFF00.pdf
func toHalfWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if '！' <= r && r <= '～' {
			return r - '！' + '!'
		}
		return r
	}, s)
}
