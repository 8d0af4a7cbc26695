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

// login takes an API token, tries it, and stores it for later runs. Whether it can be stored is found out before anybody is
// asked for it.
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
	if p.token() != "" {
		p.note("login.variable")
	}
	token, zones, err := p.tokenToKeep(c, store)
	if err != nil {
		return err
	}
	if err := store.write(c.Context, kept{Token: token, BaseURL: base}); err != nil {
		return err
	}
	p.forgetElsewhere(c.Context, store)
	return p.tellLogin(store, zones)
}

// checkLogin refuses a token among the arguments, without repeating it, and the sandbox, which needs none.
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

// storeFor is the keyring, which must answer, or the file for who asks for it.
func (p *program) storeFor(c *cli.Context) (tokenStore, error) {
	if c.Bool("file") {
		return p.inFile(), nil
	}
	store := p.inKeyring()
	if _, err := store.read(c.Context); err != nil && !errors.Is(err, errNotKept) && !errors.Is(err, errKeptMalformed) {
		return nil, store.failure(err)
	}
	return store, nil
}

// tokenToKeep takes the token and tries it. A person is asked again where it is not good.
func (p *program) tokenToKeep(c *cli.Context, store tokenStore) (string, []plan.Zone, error) {
	token, err := p.takeToken(c, store)
	for err == nil {
		p.held.token = token
		var account *account
		if account, err = p.openAccount(c, token); err != nil {
			break
		}
		zones, refusal := p.readZones(c.Context, account, "")
		if refusal == nil || !p.terminal || statusOf(errcode.Of(refusal)) != problem.ExitToken {
			return token, zones, refusal
		}
		code, details, _ := p.classify(refusal)
		p.note("error."+code, i18n.Pairs(p.readable(details))...)
		token, err = p.askTokenAgain(c)
	}
	return "", nil, err
}

// takeToken asks for the token on a terminal, and else reads it from stdin.
func (p *program) takeToken(c *cli.Context, store tokenStore) (string, error) {
	if !p.terminal {
		return p.readToken(c.Context)
	}
	question := p.tokenQuestion()
	question.Help = p.text.T("ask.token.help", "link", tokenLink(), "permissions", p.permissionList()) + "\n" +
		p.text.T("ask.token.stored", "place", p.placeOf(store.source()))
	answers, err := p.ask().Ask(c.Context, []prompt.Question{question})
	return answers["token"], err
}

// longestToken bounds what is read, in bytes, of which a token is a small part.
const longestToken = 4 << 10

// readToken reads a pipe or a file. What is typed on a terminal would be shown, so that is refused.
func (p *program) readToken(ctx context.Context) (string, error) {
	if file, is := p.stdin.(*os.File); is && term.IsTerminal(int(file.Fd())) {
		return "", problem.Usage("login-terminal")
	}
	type input struct {
		text []byte
		err  error
	}
	read := make(chan input, 1)
	go func() {
		text, err := io.ReadAll(io.LimitReader(p.stdin, longestToken))
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

// forgetElsewhere sees to it that one token is stored and not two, of which the other might be the one that is used.
func (p *program) forgetElsewhere(ctx context.Context, but tokenStore) {
	for _, store := range p.stores() {
		if store.source() == but.source() {
			continue
		}
		err := store.remove(ctx)
		switch {
		case err == nil:
			p.note("logout.removed", "place", p.placeOf(store.source()))
		case !errors.Is(err, errNotKept) && !errors.Is(err, errNoKeyring):
			p.note("logout.kept", "place", p.placeOf(store.source()), "cause", p.redact(rootCause(err)))
		}
	}
}

// loginResult is what --json prints.
type loginResult struct {
	Stored   source        `json:"stored"`
	File     string        `json:"file,omitempty"`
	Accounts []accountSeen `json:"accounts"`
}

// accountSeen is an account that the token leads to, with the zones that it sees there.
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

// tellLogin says what the token opens and where it is.
func (p *program) tellLogin(store tokenStore, zones []plan.Zone) error {
	seen := accountsSeen(zones)
	if p.json {
		out := loginResult{Stored: store.source(), Accounts: seen}
		if out.Stored == fromFile {
			out.File = p.inFile().path
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
	p.answer("login.stored", "place", p.placeOf(store.source()))
	return nil
}
