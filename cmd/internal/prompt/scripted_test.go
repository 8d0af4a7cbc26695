package prompt

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Scripted is a [Prompter] that answers by key from a table. Ask returns an error for a question that is not in the
// table, that is asked more often than the table has answers, or whose answer is invalid; a page is answered completely
// or not at all. Call [Scripted.Unused] at the end to find unused answers. It is not safe for concurrent use.
type Scripted struct {
	answers map[string][]string
	// AbortAt is the key of a question at which Ask returns [ErrAborted], "" for none.
	AbortAt string
	// Asked contains every page in the order in which it was asked.
	Asked [][]Question
}

// NewScripted returns a Scripted that answers from the given tables. A key that is in several of them is answered from
// the first one, then from the next: this is how a script corrects an answer that the program rejects later.
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
		return nil, fmt.Errorf("prompt: %w", abortError(ctx))
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
	if err := checkPossible(q, answer); err != nil {
		return "", err
	}
	return answer, validate(q, Texts{Required: "required", ChooseSome: "required"}, answer)
}

// checkPossible returns an error for an answer that no renderer could return.
func checkPossible(q Question, answer string) error {
	switch {
	case answer == "":
		return nil
	case q.Kind == Confirm && answer != Yes && answer != No:
		return fmt.Errorf("%q is neither %q nor %q", answer, Yes, No)
	case q.Kind == Select && !slices.ContainsFunc(q.Options, func(o Option) bool { return o.Value == answer }),
		q.Kind == MultiSelect && strings.Join(offeredValues(q, splitList(answer)), ",") != answer:
		return fmt.Errorf("%q is not a possible answer", answer)
	}
	return nil
}

// Unused returns an error that names the unused answers, or nil.
func (s *Scripted) Unused() error {
	var keys []string
	for key, unused := range s.answers {
		if len(unused) > 0 {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	slices.Sort(keys)
	return fmt.Errorf("prompt: never asked: %s", strings.Join(keys, ", "))
}
