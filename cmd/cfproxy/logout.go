package main

import (
	"cmp"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/credential"
)

func (p *program) logoutCommand() *cli.Command {
	return &cli.Command{Name: "logout", Flags: []cli.Flag{p.jsonFlag()}, Action: p.logout}
}

// logoutResult is what --json prints.
type logoutResult struct {
	Removed []credential.Source `json:"removed"`
}

// logout deletes the stored token from every store, also if one of them fails.
func (p *program) logout(c *cli.Context) error {
	out := logoutResult{Removed: []credential.Source{}}
	var failed error
	for _, deletion := range credential.Delete(c.Context, p.stores()) {
		switch {
		case deletion.Err == nil:
			out.Removed = append(out.Removed, deletion.Source)
		case deletion.Source == credential.FromKeyring:
			failed = cmp.Or(failed, credential.KeyringProblem(deletion.Err))
		default:
			failed = cmp.Or(failed, deletion.Err)
		}
	}
	for _, source := range out.Removed {
		if !p.json {
			p.answer("logout.removed", "place", p.placeOf(source))
		}
	}
	switch {
	case failed != nil:
		return failed
	case p.json:
		return p.writeJSON(out)
	case len(out.Removed) == 0:
		p.answer("logout.nothing")
	default:
		p.note("logout.valid")
	}
	if p.envToken() != "" {
		p.note("logout.variable")
	}
	return nil
}
