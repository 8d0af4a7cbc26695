package main

import (
	"cmp"
	"errors"

	"github.com/urfave/cli/v2"
)

func (p *program) logoutCommand() *cli.Command {
	return &cli.Command{Name: "logout", Flags: []cli.Flag{p.jsonFlag()}, Action: p.logout}
}

// logoutResult is what --json prints.
type logoutResult struct {
	Removed []source `json:"removed"`
}

// logout removes the stored token from every place, the others too where one fails.
func (p *program) logout(c *cli.Context) error {
	out := logoutResult{Removed: []source{}}
	var failed error
	for _, store := range p.stores() {
		err := store.remove(c.Context)
		switch {
		case err == nil:
			out.Removed = append(out.Removed, store.source())
		case errors.Is(err, errNotKept), errors.Is(err, errNoKeyring):
		case store.source() == fromKeyring:
			failed = cmp.Or(failed, p.inKeyring().failure(err))
		default:
			failed = cmp.Or(failed, err)
		}
	}
	for _, place := range out.Removed {
		if !p.json {
			p.answer("logout.removed", "place", p.placeOf(place))
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
	if p.token() != "" {
		p.note("logout.variable")
	}
	return nil
}
