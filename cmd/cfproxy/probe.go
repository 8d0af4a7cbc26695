package main

import (
	"fmt"
	"sync/atomic"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/verify"
)

// proof is the verification of one host. wait repeats the probes while a failure may be transient.
type proof struct {
	target  verify.Target
	network *verifyNet
	wait    bool
}

// probe runs the probes for one host.
func (p *program) probe(c *cli.Context, r config.Relay, target verify.Target, network *verifyNet, wait bool) verify.Report {
	progress := p.progress()
	defer progress.Close()
	progress.Spinner(p.text.T("doing.verify", "host", hostname.Display(target.Host)))
	return verify.Run(c.Context, target, network.For(target.Host), verify.Options{
		Timeout:  c.Duration("timeout"),
		Wait:     wait,
		Observer: progress.Verify(target.Host, r.ProviderName),
	})
}

// probesTogether is how many hosts are asked at a time, where there are too many to tell of each.
const probesTogether = 16

// probeAll runs the probes for hosts: one after the other while they are few, so that each wait can be told of.
func (p *program) probeAll(c *cli.Context, f config.Relays, count int, of func(i int) proof) []verify.Report {
	reports := make([]verify.Report, count)
	if count <= mostReports {
		for i := range reports {
			proof := of(i)
			reports[i] = p.probe(c, f.ForHost(proof.target.Host), proof.target, proof.network, proof.wait)
		}
		return reports
	}
	progress := p.progress()
	defer progress.Close()
	progress.Spinner(p.text.T("doing.verify-all", "count", itoa(count)))
	var done atomic.Int64
	var group errgroup.Group
	group.SetLimit(probesTogether)
	for i := range reports {
		group.Go(func() error {
			proof := of(i)
			reports[i] = verify.Run(c.Context, proof.target, proof.network.For(proof.target.Host), verify.Options{
				Timeout: c.Duration("timeout"), Wait: proof.wait,
			})
			progress.Count(p.text.T("doing.verify-all", "count", itoa(count)), int(done.Add(1)), count, 0)
			return nil
		})
	}
	_ = group.Wait()
	return reports
}

// tellReports shows what the probes found: everything of few hosts, of many those that are not proved and how many are.
func (p *program) tellReports(c *cli.Context, f config.Relays, reports []verify.Report) {
	good, shown := 0, 0
	for _, report := range reports {
		if proved(report) {
			good++
		}
		if len(reports) > mostReports && (proved(report) || shown == mostReports) {
			continue
		}
		shown++
		p.tellReport(c, f.ForHost(report.Host), report)
	}
	if len(reports) > mostReports {
		fmt.Fprintln(p.stderr)
		p.answer("verify.count", "good", itoa(good), "count", itoa(len(reports)))
	}
}
