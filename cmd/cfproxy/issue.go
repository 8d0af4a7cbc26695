package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/worker"
)

// viewOf is what may be shown of a token.
func viewOf(token worker.Token) view.Token {
	v := view.Token{Name: token.Name, Providers: token.Providers, RPM: token.RPM}
	if token.Expires > 0 {
		v.Expires, v.Expired = config.LastDay(token), token.Expires <= time.Now().Unix()
	}
	return v
}

// newTokenView returns what --json shows of a token that was made in this run, nil for none.
func newTokenView(t config.NewToken) *view.Token {
	if t.Secret == "" {
		return nil
	}
	v := viewOf(t.Token)
	v.Secret = t.Secret
	return &v
}

// printToken prints a new token as the only line on stdout, so that a script can read it.
func (p *program) printToken(t config.NewToken) {
	if t.Secret == "" || p.json {
		return
	}
	p.note("key.hand", "name", t.Token.Name)
	fmt.Fprintln(p.stdout, t.Secret)
	fmt.Fprintln(p.stderr)
}

// askAccess asks who may use the relay and, where the owner hands out tokens, who is to have the first one. A file that is in
// use has the say: it would not be changed, and the next deploy would go by it.
func (p *program) askAccess(ctx context.Context, chosen config.Settings) (config.Settings, config.NewToken, error) {
	if chosen.HasFile() {
		return chosen, config.NewToken{}, nil
	}
	if chosen.Access == "" {
		answers, err := p.ask().Ask(ctx, []prompt.Question{{
			Key: config.KeyAccess, Kind: prompt.Select, Title: p.text.T("ask.access.title"), Default: binding.AccessPassThrough,
			Options: []prompt.Option{
				{Value: binding.AccessPassThrough, Label: p.text.T("ask.access.open")},
				{Value: binding.AccessManaged, Label: p.text.T("ask.access.managed")},
			},
		}})
		if err != nil {
			return chosen, config.NewToken{}, err
		}
		chosen.Access = answers[config.KeyAccess]
	}
	// A token is good only if the file that is about to be written lists it.
	if _, err := os.Stat(config.FileName); chosen.Access != binding.AccessManaged || !errors.Is(err, fs.ErrNotExist) {
		return chosen, config.NewToken{}, nil
	}
	answers, err := p.ask().Ask(ctx, []prompt.Question{{
		Key: "tokens", Title: p.text.T("ask.first-token.title"), Help: p.text.T("ask.first-token.help"), Optional: true,
		Validate: p.saying(config.CheckTokenName),
	}})
	name := answers["tokens"]
	if err != nil || name == "" {
		return chosen, config.NewToken{}, err
	}
	first := config.GenerateToken(worker.Token{Name: name})
	chosen.Tokens = []worker.Token{first.Token}
	return chosen, first, nil
}
