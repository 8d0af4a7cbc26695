package main

import (
	"cmp"
	"context"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/credential"
)

func (p *program) logoutCommand() *cli.Command {
	return p.command("logout", func(c *cli.Context, s *session) error { return runLogout(c.Context, s) }, p.boolFlag("json"))
}

// logoutResult is what --json prints.
type logoutResult struct {
	Removed []credential.Source `json:"removed"`
}

// runLogout deletes the stored token from every store, also if one of them fails.
func runLogout(ctx context.Context, s *session) error {
	out := logoutResult{Removed: []credential.Source{}}
	var failed error
	for _, deletion := range credential.Delete(ctx, s.tokenStores()) {
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
		if !s.json {
			s.outf("logout.removed", "place", s.placeName(source))
		}
	}
	switch {
	case failed != nil:
		return failed
	case s.json:
		return s.writeJSON(out)
	case len(out.Removed) == 0:
		s.outf("logout.nothing")
	default:
		s.errf("logout.valid")
	}
	if s.hasEnvToken() {
		s.errf("logout.variable")
	}
	return nil
}
