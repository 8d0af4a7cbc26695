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

	"github.com/cfproxy/cfproxy/cmd/internal/credential"
	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
)

func (p *program) loginCommand() *cli.Command {
	return &cli.Command{Name: "login", ArgsUsage: "[< FILE]", Action: p.login, Flags: []cli.Flag{
		&cli.BoolFlag{Name: "file", Usage: p.text.T("flag.file"), DisableDefaultText: true}, p.jsonFlag(),
	}}
}

// login reads an API token, tries it, and stores it for later runs. It checks that the store works before it asks for the token.
func (p *program) login(c *cli.Context) error {
	if err := p.checkLogin(c); err != nil {
		return err
	}
	base, err := p.baseURL()
	if err != nil {
		return err
	}
	store, err := p.storeFor(c)
	if err != nil {
		return err
	}
	if p.envToken() != "" {
		p.note("login.variable")
	}
	token, zones, err := p.readCheckedToken(c, store)
	if err != nil {
		return err
	}
	if err := store.Save(c.Context, credential.StoredToken{Token: token, BaseURL: base}); err != nil {
		return err
	}
	p.deleteOthers(c.Context, store)
	return p.printLogin(store, zones)
}

// checkLogin returns an error for a token in the arguments, which is not repeated, and for the sandbox, which needs none.
func (p *program) checkLogin(c *cli.Context) error {
	if c.Args().Present() {
		return problem.Usage("login-argument")
	}
	file, err := sandboxFile(c)
	if err == nil && file != "" {
		err = problem.Usage("login-sandbox")
	}
	return err
}

// storeFor returns the token file with --file, and otherwise the keyring, which must answer.
func (p *program) storeFor(c *cli.Context) (credential.Store, error) {
	if c.Bool("file") {
		return p.fileStore(), nil
	}
	store := p.keyringStore()
	if _, err := store.Load(c.Context); err != nil && !errors.Is(err, credential.ErrNotStored) && !errors.Is(err, credential.ErrMalformed) {
		return nil, credential.KeyringProblem(err)
	}
	return store, nil
}

// readCheckedToken reads the token and tries it. On a terminal it asks again for a token that does not work.
func (p *program) readCheckedToken(c *cli.Context, store credential.Store) (string, []plan.Zone, error) {
	token, err := p.readToken(c, store)
	for err == nil {
		p.apiToken.Value = token
		var account *account
		if account, err = p.openAccount(c, token); err != nil {
			break
		}
		zones, tokenErr := p.readZones(c.Context, account, "")
		if tokenErr == nil || !p.terminal || statusOf(errcode.Of(tokenErr)) != problem.ExitToken {
			return token, zones, tokenErr
		}
		code, details, _ := p.classify(tokenErr)
		p.note("error."+code, i18n.Pairs(p.readable(details))...)
		token, err = p.askTokenAgain(c)
	}
	return "", nil, err
}

// readToken asks for the token on a terminal, and otherwise reads it from stdin.
func (p *program) readToken(c *cli.Context, store credential.Store) (string, error) {
	if !p.terminal {
		return p.readTokenFromStdin(c.Context)
	}
	question := p.tokenQuestion()
	question.Help = p.text.T("ask.token.help", "link", tokenLink(), "permissions", p.permissionList()) + "\n" +
		p.text.T("ask.token.stored", "place", p.placeOf(store.Source()))
	answers, err := p.ask().Ask(c.Context, []prompt.Question{question})
	return answers["token"], err
}

// maxTokenInput is the limit of what is read from stdin, in bytes. A token is much shorter.
const maxTokenInput = 4 << 10

// readTokenFromStdin reads the token from a pipe or a file. A terminal is refused, as it would show what is typed.
func (p *program) readTokenFromStdin(ctx context.Context) (string, error) {
	if file, is := p.stdin.(*os.File); is && term.IsTerminal(int(file.Fd())) {
		return "", problem.Usage("login-terminal")
	}
	type input struct {
		text []byte
		err  error
	}
	read := make(chan input, 1)
	go func() {
		text, err := io.ReadAll(io.LimitReader(p.stdin, maxTokenInput))
		read <- input{text, err}
	}()
	select {
	case in := <-read:
		token := strings.TrimSpace(string(in.text))
		if in.err == nil && token == "" {
			return "", problem.New("login-no-input", problem.ExitToken)
		}
		return token, in.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// deleteOthers deletes the token from all stores but one, so that no other token is used instead.
func (p *program) deleteOthers(ctx context.Context, but credential.Store) {
	others := slices.DeleteFunc(p.stores(), func(s credential.Store) bool { return s.Source() == but.Source() })
	for _, deletion := range credential.Delete(ctx, others) {
		if deletion.Err == nil {
			p.note("logout.removed", "place", p.placeOf(deletion.Source))
		} else {
			p.note("logout.kept", "place", p.placeOf(deletion.Source), "cause", p.redact(rootCause(deletion.Err)))
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
func (p *program) printLogin(store credential.Store, zones []plan.Zone) error {
	seen := accountsSeen(zones)
	if p.json {
		out := loginResult{Stored: store.Source(), Accounts: seen}
		if out.Stored == credential.FromFile {
			out.File = p.fileStore().Path()
		}
		return p.writeJSON(out)
	}
	for _, account := range seen {
		var names []string
		for _, zone := range account.Zones {
			names = append(names, hostname.Display(zone))
		}
		p.answer("login.sees", "account", view.Clean(orDash(account.Name)), "id", view.Clean(account.ID), "zones", errcode.Abbreviate(names))
	}
	p.answer("login.stored", "place", p.placeOf(store.Source()))
	return nil
}
