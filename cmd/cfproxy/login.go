package main

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/credential"
	"github.com/cfproxy/cfproxy/cmd/internal/input"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// loginOptions are the flag of login, and the arguments, of which there must be none.
type loginOptions struct {
	file      bool
	arguments []string
}

func (p *program) loginCommand() *cli.Command {
	command := p.command("login", func(c *cli.Context, s *session) error {
		return runLogin(c.Context, s, loginOptions{c.Bool("file"), c.Args().Slice()})
	}, p.boolFlag("file"), p.boolFlag("json"))
	command.ArgsUsage = "[< FILE]"
	return command
}

// runLogin reads an API token, tries it, and stores it for later runs. It checks that the store works before it asks for the token.
func runLogin(ctx context.Context, s *session, o loginOptions) error {
	if len(o.arguments) > 0 {
		return problem.Usage("login-argument") // perhaps the token, so it is not repeated
	}
	if file, err := s.sandboxFile(); err != nil {
		return err
	} else if file != "" {
		return problem.Usage("login-sandbox")
	}
	base, err := s.baseURL()
	if err != nil {
		return err
	}
	store, err := s.storeToLogin(ctx, o.file)
	if err != nil {
		return err
	}
	if s.hasEnvToken() {
		s.errf("login.variable")
	}
	zones, err := s.readCheckedToken(ctx, store)
	if err != nil {
		return err
	}
	if err := store.Save(ctx, credential.StoredToken{Token: s.token.Value, BaseURL: base}); err != nil {
		return err
	}
	s.deleteOthers(ctx, store)
	return s.printLogin(store, zones)
}

// storeToLogin returns the token file, or the keyring, which must answer.
func (s *session) storeToLogin(ctx context.Context, file bool) (credential.Store, error) {
	if file {
		return s.fileStore(), nil
	}
	store := s.keyringStore()
	if _, err := store.Load(ctx); err != nil && !errors.Is(err, credential.ErrNotStored) && !errors.Is(err, credential.ErrMalformed) {
		return nil, credential.KeyringProblem(err)
	}
	return store, nil
}

// readCheckedToken reads the token into s.token and tries it. On a terminal it asks again for a token that does not work. It returns the
// zones that the token can read.
func (s *session) readCheckedToken(ctx context.Context, store credential.Store) ([]plan.Zone, error) {
	if err := s.readToken(ctx, store); err != nil {
		return nil, err
	}
	_, zones, err := s.openWithTypedToken(ctx, func(a *account) ([]plan.Zone, error) {
		zones, err := s.readZones(ctx, a, "")
		if id := (config.Settings{}).WithEnvironment(s.getenv).Account; id != "" && errcode.Of(err) == errcode.AccountRequired {
			return s.readZones(ctx, a, id)
		}
		return zones, err
	})
	return zones, err
}

// readToken asks for the token on a terminal, and otherwise reads it from stdin.
func (s *session) readToken(ctx context.Context, store credential.Store) error {
	if s.terminal {
		question := s.tokenQuestion()
		question.Help = s.tokenHelp() + "\n" + s.text.T("ask.token.stored", "place", s.placeName(store.Source()))
		answers, err := s.ask(ctx, question)
		s.setTypedToken(answers[question.Key])
		return err
	}
	token, err := s.readTokenFromStdin(ctx)
	s.setToken(credential.APIToken{Value: token, Source: credential.FromPrompt})
	return err
}

// maxTokenInput is the limit of what is read from stdin, in bytes. A token is much shorter.
const maxTokenInput = 4 << 10

// readTokenFromStdin reads the token from a pipe or a file. A terminal is refused, as it would show what is typed.
func (s *session) readTokenFromStdin(ctx context.Context) (string, error) {
	if file, is := s.stdin.(*os.File); is && term.IsTerminal(int(file.Fd())) {
		return "", problem.Usage("login-terminal")
	}
	type stdinText struct {
		text []byte
		err  error
	}
	read := make(chan stdinText, 1)
	go func() {
		text, err := io.ReadAll(io.LimitReader(s.stdin, maxTokenInput))
		read <- stdinText{text, err}
	}()
	select {
	case in := <-read:
		if in.err != nil {
			return "", in.err
		}
		if encoding := input.Encoding(in.text); encoding != "" {
			return "", problem.New("login-encoding", problem.ExitToken, "encoding", encoding)
		}
		token, err := cleanToken("stdin", string(in.text))
		if err == nil && token == "" {
			err = problem.New("login-no-input", problem.ExitToken)
		}
		return token, err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// deleteOthers deletes the token from all stores but one, so that no other token is used instead.
func (s *session) deleteOthers(ctx context.Context, but credential.Store) {
	others := slices.DeleteFunc(s.tokenStores(), func(x credential.Store) bool { return x.Source() == but.Source() })
	for _, deletion := range credential.Delete(ctx, others) {
		if deletion.Err == nil {
			s.errf("logout.removed", "place", s.placeName(deletion.Source))
		} else {
			s.errf("logout.kept", "place", s.placeName(deletion.Source), "cause", s.redact(rootCause(deletion.Err)))
		}
	}
}

// loginResult is what --json prints.
type loginResult struct {
	Stored   credential.Source `json:"stored"`
	File     string            `json:"file,omitempty"`
	Accounts []accountSeen     `json:"accounts"`
}

// accountSeen is an account that the token can read, with the zones that it can read there.
type accountSeen struct {
	ID    string   `json:"id"`
	Name  string   `json:"name,omitempty"`
	Zones []string `json:"zones"`
}

func accountsSeen(zones []plan.Zone) []accountSeen {
	var seen []accountSeen
	for _, zone := range zones {
		at := slices.IndexFunc(seen, func(a accountSeen) bool { return a.ID == zone.Account })
		if at < 0 {
			at = len(seen)
			seen = append(seen, accountSeen{ID: zone.Account, Name: zone.AccountName})
		}
		seen[at].Zones = append(seen[at].Zones, zone.Name)
	}
	for _, account := range seen {
		slices.Sort(account.Zones)
	}
	slices.SortFunc(seen, func(a, b accountSeen) int { return strings.Compare(a.ID, b.ID) })
	return seen
}

// printLogin prints what the token can read and where it is stored.
func (s *session) printLogin(store credential.Store, zones []plan.Zone) error {
	seen := accountsSeen(zones)
	if s.json {
		out := loginResult{Stored: store.Source(), Accounts: seen}
		if out.Stored == credential.FromFile {
			out.File = s.fileStore().Path()
		}
		return s.writeJSON(out)
	}
	for _, account := range seen {
		var names []string
		for _, zone := range account.Zones {
			names = append(names, hostname.Display(zone))
		}
		s.outf("login.account", "account", view.Clean(orDash(account.Name)), "id", view.Clean(account.ID), "zones", errcode.Abbreviate(names))
	}
	s.outf("login.stored", "place", s.placeName(store.Source()))
	return nil
}
