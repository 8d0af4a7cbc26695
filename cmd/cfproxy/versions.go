package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
)

func (p *program) versionsCommand() *cli.Command {
	flags := append(p.settingFlags(config.KeyDomains, config.KeyWorker, config.KeyAccount), p.jsonFlag())
	return &cli.Command{Name: "versions", Flags: flags, Action: p.versions}
}

// workerVersions are those of one Worker.
type workerVersions struct {
	Account  string         `json:"account"`
	Worker   string         `json:"worker"`
	Versions []plan.Version `json:"versions"`
}

// versions lists what each Worker can go back to.
func (p *program) versions(c *cli.Context) error {
	f, account, observed, err := p.look(c)
	if err != nil {
		return err
	}
	out := result{Refused: p.refusalViews(observed.Skipped)}
	progress := &engineProgress{program: p, c: c}
	defer progress.close()
	for _, relay := range observed.Relays {
		versions, err := account.engine.Versions(c.Context, relay, progress.observe)
		if err != nil {
			return err
		}
		out.Versions = append(out.Versions, workerVersions{relay.Account, relay.Worker, versions})
	}
	progress.close()
	if p.json {
		return errors.Join(p.writeJSON(out), p.refused(observed.Skipped))
	}
	for i, w := range out.Versions {
		p.answer("versions.title", "worker", w.Worker, "host", inTitle(displayed(observed.Relays[i])))
		p.view.Versions(p.stdout, w.Versions)
	}
	p.answer("versions.next", "command", p.again(c, "rollback", f.Domains()...))
	p.tellRefused(observed.Skipped)
	return p.refused(observed.Skipped)
}

func displayed(relay plan.Relay) []string {
	var hosts []string
	for _, host := range relay.Hosts() {
		hosts = append(hosts, hostname.Display(host))
	}
	return hosts
}

// shown is a version in a sentence.
func shown(v plan.Version) []string {
	return []string{"number", itoa(v.Number), "id", view.ShortID(v.ID), "build", orDash(v.Build), "program", orDash(v.Program)}
}
