package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// deployOptions are the flags of deploy, and of the commands that deploy: init and key.
type deployOptions struct {
	relayOptions
	network           networkOptions
	yes               bool
	noVerify          bool
	keepPartial       bool
	rollbackOnFailure bool
}

func deployOptionsOf(c *cli.Context) deployOptions {
	return deployOptions{
		relayOptions: relayOptionsOf(c), network: networkOptionsOf(c), yes: c.Bool("yes"), noVerify: c.Bool("no-verify"),
		keepPartial: c.Bool("keep-partial"), rollbackOnFailure: c.Bool("rollback-on-failure"),
	}
}

func (p *program) deployFlags() []cli.Flag {
	return append(append(p.settingFlags(), p.networkFlags()...), p.boolFlag("adopt"), p.yesFlag(), p.boolFlag("json"),
		p.boolFlag("keep-partial"), p.boolFlag("rollback-on-failure"), p.boolFlag("no-verify"))
}

func (p *program) deployCommand() *cli.Command {
	return p.command("deploy", func(c *cli.Context, s *session) error {
		return runDeploy(c.Context, s, deployOptionsOf(c))
	}, p.deployFlags()...)
}

// runDeploy makes the account match the settings, then verifies the relays from outside.
func runDeploy(ctx context.Context, s *session, o deployOptions) error {
	unlock, err := s.lockConfig(ctx, o.file)
	if err != nil {
		return err
	}
	defer unlock()
	relays, account, err := s.open(ctx, o.relayOptions)
	if err != nil {
		return err
	}
	d, err := s.newDeployment(ctx, o, relays, account, unlock)
	if err != nil {
		return err
	}
	defer d.network.Close()
	if err := d.planAndApply(ctx); err != nil {
		return err
	}
	return d.report(ctx)
}

// planAndApply observes the account, plans, asks for confirmation, applies and verifies.
func (d *deployment) planAndApply(ctx context.Context) error {
	observed, err := d.observeToDeploy(ctx, d.account.engine, d.relays)
	if err != nil {
		return err
	}
	p, err := d.planAndConfirm(ctx, observed, d.inv.command)
	if err != nil {
		return err
	}
	return d.apply(ctx, p)
}

// apply deploys a plan and verifies the hosts that are served. The lock of the file is released before the verification. If no host
// is served as planned, apply prints what was changed and how to continue, and returns a partialError.
func (d *deployment) apply(ctx context.Context, p plan.Plan) error {
	progress := d.engineProgress()
	defer progress.close()
	options := provision.DeployOptions{
		KeepPartial: d.options.keepPartial,
		RegisterSubdomain: func(_, subdomain string) bool {
			progress.close()
			return d.confirmSubdomain(ctx, subdomain)
		},
	}
	if d.network != nil {
		options.Verify = func(receipt provision.Receipt) {
			progress.close()
			d.unlock()
			d.reports = d.verifyHosts(ctx, receipt)
		}
	}
	var err error
	d.outcome, err = d.account.engine.Deploy(ctx, p, options, progress.show)
	progress.close()
	d.unlock()
	if err != nil {
		d.printFailed()
		return &partialError{err, d.outcome.Receipt, d.newToken}
	}
	return nil
}
