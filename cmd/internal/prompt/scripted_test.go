package prompt

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Scripted is a [Prompter] for tests: it answers by key, from a table, and is strict about it. A question that is not in the
// table, asked more often than the table has answers, or answered with what the question itself would refuse is an error of
// Ask, and a page is answered as a whole or not at all. Call [Scripted.Unasked] at the end to find the answers that nobody
// wanted. Not safe for concurrent use.
type Scripted struct {
	answers map[string][]string
	// AbortAt is the key of the question at which the person leaves: Ask returns [ErrAborted]. Empty means never.
	AbortAt string
	// Asked collects every page, in order, as it was asked.
	Asked [][]Question
}

// NewScripted answers from the given tables. A key that is in several of them is answered differently each time it is asked,
// in their order: this is how a script corrects an answer that the program refused later on.
func NewScripted(tables ...Answers) *Scripted {
	s := &Scripted{answers: map[string][]string{}}
	for _, table := range tables {
		for key, answer := range table {
			s.answers[key] = append(s.answers[key], answer)
		}
	}
	return s
}

// Ask implements [Prompter].
func (s *Scripted) Ask(ctx context.Context, page []Question) (Answers, error) {
	if err := checkPage(page); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("prompt: %w", ended(ctx))
	}
	s.Asked = append(s.Asked, page)
	answers := Answers{}
	for _, q := range page {
		if q.Kind == Note {
			continue
		}
		if q.Key == s.AbortAt {
			return nil, fmt.Errorf("prompt: question %q: %w", q.Key, ErrAborted)
		}
		answer, err := s.next(q)
		if err != nil {
			return nil, fmt.Errorf("prompt: question %q: %w", q.Key, err)
		}
		answers[q.Key] = answer
	}
	for key := range answers {
		s.answers[key] = s.answers[key][1:]
	}
	return answers, nil
}

func (s *Scripted) next(q Question) (string, error) {
	if len(s.answers[q.Key]) == 0 {
		return "", fmt.Errorf("unexpected: %s", q.Title)
	}
	answer := s.answers[q.Key][0]
	if err := checkOffered(q, answer); err != nil {
		return "", err
	}
	return answer, check(q, Texts{Required: "required", ChooseSome: "required"}, answer)
}

// checkOffered refuses what no renderer could have returned.
func checkOffered(q Question, answer string) error {
	switch {
	case answer == "":
		return nil
	case q.Kind == Confirm && answer != Yes && answer != No:
		return fmt.Errorf("%q is neither %q nor %q", answer, Yes, No)
	case q.Kind == Select && !slices.ContainsFunc(q.Options, func(o Option) bool { return o.Value == answer }),
		q.Kind == MultiSelect && strings.Join(inOrder(q, splitList(answer)), ",") != answer:
		return fmt.Errorf("%q is not what the options can give", answer)
	}
	return nil
}

// Unasked returns an error that names the answers which no question has used, or nil.
func (s *Scripted) Unasked() error {
	var keys []string
	for key, left := range s.answers {
		if len(left) > 0 {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	slices.Sort(keys)
	return fmt.Errorf("prompt: never asked: %s", strings.Join(keys, ", "))
}
