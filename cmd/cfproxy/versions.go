package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/provision/plan"
)

func (p *program) versionsCommand() *cli.Command {
	return p.command("versions", func(c *cli.Context, s *session) error {
		return runVersions(c.Context, s, relayOptionsOf(c))
	}, append(p.settingFlags(config.KeyDomains, config.KeyWorker, config.KeyAccount), p.boolFlag("json"))...)
}

// workerVersions are the versions of one Worker.
type workerVersions struct {
	Account  string         `json:"account"`
	Worker   string         `json:"worker"`
	Versions []plan.Version `json:"versions"`
}

// runVersions prints the versions that each Worker can be rolled back to.
func runVersions(ctx context.Context, s *session, o relayOptions) error {
	relays, account, observed, err := s.openAndObserve(ctx, o)
	if err != nil {
		return err
	}
	out := result{HostErrors: s.hostErrorViews(observed.Skipped)}
	progress := s.engineProgress()
	defer progress.close()
	for _, relay := range observed.Relays {
		versions, err := account.engine.Versions(ctx, relay, progress.show)
		if err != nil {
			return err
		}
		out.Versions = append(out.Versions, workerVersions{relay.Account, relay.Worker, versions})
	}
	progress.close()
	if s.json {
		return errors.Join(s.writeJSON(out), s.skippedError(observed.Skipped))
	}
	for i, w := range out.Versions {
		s.outf("versions.title", "worker", w.Worker, "host", title(displayNames(observed.Relays[i].Hosts())))
		s.view.Versions(s.stdout, w.Versions)
	}
	s.outf("versions.next", "command", s.inv.rerun("rollback", relays.Domains()...))
	s.printHostErrors(observed.Skipped)
	return s.skippedError(observed.Skipped)
}

// versionPairs returns a version as the placeholders of a sentence.
func versionPairs(v plan.Version) []string {
	return []string{
		"number", strconv.Itoa(v.Number), "id", view.ShortID(v.ID), "build", orDash(v.Build), "program", orDash(v.ProgramVersion),
	}
}
