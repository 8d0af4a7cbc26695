package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

// tokenChange is the one change that a command makes to the list of tokens: it adds this token, or revokes the one of this name.
type tokenChange struct {
	verb  string // "add" or "revoke"
	token worker.Token
}

func (x tokenChange) adds() bool { return x.verb == "add" }

// isIn reports whether the file is already as the change would make it, by name.
func (x tokenChange) isIn(f config.TokenFile) bool { return f.Find(x.token.Name) >= 0 == x.adds() }

// applyTo returns the file with the change.
func (x tokenChange) applyTo(f config.TokenFile) (config.TokenFile, error) {
	switch {
	case x.isIn(f):
		return f, nil
	case x.adds():
		return f.With(x.token)
	}
	return f.Without(x.token.Name)
}

// alreadyError is the error of a change that is already made.
func (x tokenChange) alreadyError(f config.TokenFile) error {
	switch {
	case x.adds():
		return problem.Usage("token-exists", "file", f.Path, "name", x.token.Name)
	case config.LooksLikeKey(x.token.Name):
		return problem.Usage("name-is-key")
	}
	return problem.Usage("token-not-listed", "file", f.Path, "name", x.token.Name, "names", orDash(f.Names()))
}

// runTokenChange changes the file and, where access is managed, deploys. It checks everything that can fail first: the plan and the
// confirmation come before the file, the file before the account.
func (s *session) runTokenChange(ctx context.Context, o keyOptions, file config.TokenFile, x tokenChange, token config.NewToken, unlock func()) error {
	next, err := x.applyTo(file)
	if err == nil && !x.isIn(file) {
		err = file.CheckWritable()
	}
	if err != nil {
		return err
	}
	relays, err := s.managedRelays(next)
	if err != nil {
		return err
	}
	deploys := len(relays) > 0 && !o.noDeploy
	if x.isIn(file) && !(deploys && s.mayReadAccount(ctx, x)) {
		return x.alreadyError(file)
	}
	if !deploys {
		return s.changeFile(file, next, x, token, len(relays) > 0)
	}
	if err := s.askToken(ctx); err != nil {
		return err
	}
	account, err := s.openAccount()
	if err != nil {
		return err
	}
	d, err := s.newDeployment(ctx, o.deployOptions, relays, account, unlock)
	if err != nil {
		return err
	}
	defer d.network.Close()
	d.newToken = token
	return d.deployTokenChange(ctx, file, next, x)
}

// managedRelays returns the relays of a file for which its tokens are valid.
func (s *session) managedRelays(file config.TokenFile) (config.Relays, error) {
	var relays config.Relays
	for _, settings := range file.Relays {
		relay, err := config.NewRelay(settings.WithEnvironment(s.getenv), version())
		if err != nil {
			return nil, err
		}
		if relay.Settings.Managed {
			relays = append(relays, relay)
		}
	}
	s.inv.hosts = relays.Domains()
	return relays, nil
}

// mayReadAccount reports whether the account is read to find out if a change that is already in the file is deployed too. To add a name
// that is taken is an error in any case, so it is not worth a question for the API token.
func (s *session) mayReadAccount(ctx context.Context, x tokenChange) bool {
	if sandbox, err := s.sandboxFile(); err != nil || sandbox != "" {
		return err == nil
	}
	err := s.findToken(ctx)
	return err != nil || s.token.Value != "" || s.terminal && !x.adds()
}

// changeFile changes the file only.
func (s *session) changeFile(file, next config.TokenFile, x tokenChange, token config.NewToken, isManaged bool) error {
	if err := file.Write(next); err != nil {
		return err
	}
	s.errf("key.written."+x.verb, "file", file.Path, "name", x.token.Name)
	s.printToken(token)
	command := s.inv.rerun("deploy")
	if isManaged {
		s.errf("key.pending."+x.verb, "name", x.token.Name)
		s.errf("remaining.next", "command", command)
	} else {
		s.errf("key.open", "file", file.Path, "command", command)
	}
	if s.json {
		return s.writeJSON(result{Token: newTokenView(token)})
	}
	return nil
}

// deployTokenChange plans, asks for confirmation, and changes the file and then the relays.
func (d *deployment) deployTokenChange(ctx context.Context, file, next config.TokenFile, x tokenChange) error {
	observed, err := d.observe(ctx, d.account.engine, d.relays.Configs()...)
	if err == nil {
		err = d.checkTokenChange(file, x, observed)
	}
	if err != nil {
		return err
	}
	p, err := d.planAndConfirm(ctx, observed, "deploy")
	if err != nil {
		return err
	}
	if !x.isIn(file) {
		if err := file.Write(next); err != nil {
			return err
		}
		d.errf("key.written."+x.verb, "file", file.Path, "name", x.token.Name)
		d.printToken(d.newToken)
	}
	if err := d.apply(ctx, p); err != nil {
		d.errf("key.pending."+x.verb, "name", x.token.Name)
		return err
	}
	return d.reportTokenChange(ctx, x)
}

// checkTokenChange returns an error if the deploy would do more than the one change, or nothing.
func (d *deployment) checkTokenChange(file config.TokenFile, x tokenChange, observed plan.Observed) error {
	var deployed []worker.Token
	for _, relay := range observed.Relays {
		deployed = append(deployed, relay.Deployed().Tokens...)
	}
	if x.isIn(file) {
		if err := d.checkUnfinished(file, x, deployed); err != nil {
			return err
		}
	}
	others := slices.Compact(slices.DeleteFunc(binding.MissingTokens(deployed, file.Tokens), func(name string) bool {
		return !x.adds() && name == x.token.Name
	}))
	if len(others) > 0 {
		var hosts []string
		for _, site := range observed.Sites() {
			hosts = append(hosts, site.Host)
		}
		return problem.Usage("tokens-differ", "file", file.Path, "names", errcode.Abbreviate(others), "count", strconv.Itoa(len(others)),
			"command", d.inv.rerun("deploy"), "init", d.inv.newCommand("init", hosts...))
	}
	if missing := plan.MissingKeys(observed); len(missing) > 0 {
		return problem.Usage("owner-key-first", "name", config.KeyVariable(missing[0]), "names", strings.Join(config.KeyVariables(missing), ", "),
			"command", d.inv.rerun("deploy"))
	}
	return nil
}

// checkUnfinished checks a change that is already in the file: an earlier run wrote it, and may not have deployed it. Revoking
// continues from there. Adding cannot, because the secret of the token was shown once only.
func (d *deployment) checkUnfinished(file config.TokenFile, x tokenChange, deployed []worker.Token) error {
	name := x.token.Name
	isDeployed := slices.ContainsFunc(deployed, func(t worker.Token) bool {
		return t.Name == name && (!x.adds() || t.SHA256 == file.Tokens[file.Find(name)].SHA256)
	})
	switch {
	case isDeployed == x.adds():
		return x.alreadyError(file)
	case x.adds():
		return problem.Usage("token-undeployed", "file", file.Path, "name", name, "command", d.inv.rerun("deploy"))
	}
	return nil
}

// reportTokenChange prints the result of a change. stdout has the token alone, so what the verifier found goes to stderr.
func (d *deployment) reportTokenChange(ctx context.Context, x tokenChange) error {
	receipt := d.outcome.Receipt
	out, unverified := d.result(ctx)
	end := cmp.Or(unverified, d.unfinishedError(receipt))
	if d.json {
		return errors.Join(d.writeJSON(out), end)
	}
	if end != nil {
		toStderr := *d.console
		toStderr.stdout = d.stderr
		toStderr.printReports(d.relays, out.Verify)
		toStderr.printHostErrors(hostErrorsOf(receipt))
		// Only a deploy expects this very build; verify would accept the previous one.
		d.errf("key.pending."+x.verb, "name", x.token.Name)
		d.errf("deploy.unverified", "command", d.inv.rerun("deploy"))
		return end
	}
	if d.network != nil {
		d.errf("key.live."+x.verb, "name", x.token.Name, "host", hostTitle(receipt.Plan))
	}
	return nil
}
