package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/worker"
)

// issued is a token that was made in this run. It is shown once; from then on its holder alone knows it.
type issued struct {
	token  worker.Token
	secret string
}

// issue makes a token of 256 random bits.
func issue(token worker.Token) issued {
	var bits [32]byte
	// It never fails: https://pkg.go.dev/crypto/rand#Read
	_, _ = rand.Read(bits[:])
	secret := worker.TokenPrefix + base64.RawURLEncoding.EncodeToString(bits[:])
	token.SHA256 = sha256Of(secret)
	return issued{token, secret}
}

func sha256Of(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// viewOf is what may be shown of a token.
func viewOf(token worker.Token) view.Token {
	v := view.Token{Name: token.Name, Providers: token.Providers, RPM: token.RPM}
	if token.Expires > 0 {
		v.Expires, v.Expired = lastDay(token), token.Expires <= time.Now().Unix()
	}
	return v
}

// view gives what --json shows of it, nil for none.
func (i issued) view() *view.Token {
	if i.secret == "" {
		return nil
	}
	v := viewOf(i.token)
	v.Secret = i.secret
	return &v
}

// hand shows a new token on stdout, by itself, so that a script can take it from there.
func (p *program) hand(i issued) {
	if i.secret == "" || p.json {
		return
	}
	p.note("key.hand", "name", i.token.Name)
	fmt.Fprintln(p.stdout, i.secret)
	fmt.Fprintln(p.stderr)
}

// parseExpiry reads a last day, 2027-01-31, or a number of days from now, 30d.
func parseExpiry(value string, now time.Time) (int64, error) {
	value = strings.TrimSpace(value)
	today := now.UTC().Truncate(24 * time.Hour)
	day, err := time.Parse(time.DateOnly, value)
	if days, isSpan := strings.CutSuffix(strings.ToLower(value), "d"); err != nil && isSpan {
		n, wrong := strconv.Atoi(days)
		if wrong == nil && n > 0 && n <= 36500 {
			day, err = today.AddDate(0, 0, n), nil
		}
	}
	if err != nil {
		return 0, problem.Usage("expires-invalid", "value", value)
	}
	if day.Before(today) {
		return 0, problem.Usage("expires-past", "value", value)
	}
	return endOfDay(day), nil
}

// askAccess asks who may use the relay and, where the owner hands out tokens, who is to have the first one. A file that is in
// use has the say: it would not be changed, and the next deploy would go by it.
func (p *program) askAccess(ctx context.Context, chosen settings) (settings, issued, error) {
	if _, inFile := chosen[keyTokens]; inFile {
		return chosen, issued{}, nil
	}
	if len(chosen[keyAccess]) == 0 {
		answers, err := p.ask().Ask(ctx, []prompt.Question{{
			Key: keyAccess, Kind: prompt.Select, Title: p.text.T("ask.access.title"), Default: binding.AccessPassThrough,
			Options: []prompt.Option{
				{Value: binding.AccessPassThrough, Label: p.text.T("ask.access.open")},
				{Value: binding.AccessManaged, Label: p.text.T("ask.access.managed")},
			},
		}})
		if err != nil {
			return nil, issued{}, err
		}
		chosen[keyAccess] = []string{answers[keyAccess]}
	}
	// A token is good only if the file that is about to be written lists it.
	if _, err := os.Stat(configName); chosen.one(keyAccess) != binding.AccessManaged || !errors.Is(err, fs.ErrNotExist) {
		return chosen, issued{}, nil
	}
	answers, err := p.ask().Ask(ctx, []prompt.Question{{
		Key: keyTokens, Title: p.text.T("ask.first-token.title"), Help: p.text.T("ask.first-token.help"), Optional: true,
		Validate: p.saying(checkTokenName),
	}})
	name := answers[keyTokens]
	if err != nil || name == "" {
		return chosen, issued{}, err
	}
	first := issue(worker.Token{Name: name})
	chosen[keyTokens] = encodeTokens([]worker.Token{first.token})
	return chosen, first, nil
}

func checkTokenName(name string) error {
	if looksLikeKey(name) {
		return problem.Usage("name-is-key")
	}
	if !isTokenName(name) {
		return problem.Usage("name-invalid", "value", name)
	}
	return nil
}
