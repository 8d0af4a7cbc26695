package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/verify"
	"github.com/cfproxy/cfproxy/templates"
)

// verifyJob is the verification of one host. wait repeats the probes while a failure may be transient.
type verifyJob struct {
	relay  config.Relay
	target verify.Target
	net    verify.Net
	wait   bool
}

// maxParallelProbes is how many hosts are verified at a time, if there are many.
const maxParallelProbes = 16

// runVerifyJobs returns a report for every job. A few hosts are verified one after the other, so that each wait can be shown.
func (c *console) runVerifyJobs(ctx context.Context, jobs []verifyJob, timeout time.Duration) []verify.Report {
	reports := make([]verify.Report, len(jobs))
	if len(jobs) <= maxListed {
		for i, job := range jobs {
			reports[i] = c.runVerifyJob(ctx, job, timeout)
		}
		return reports
	}
	count := strconv.Itoa(len(jobs))
	progress := c.progress()
	defer progress.Close()
	progress.Spinner(c.text.T("doing.verify-all", "count", count))
	var done atomic.Int64
	var group errgroup.Group
	group.SetLimit(maxParallelProbes)
	for i, job := range jobs {
		group.Go(func() error {
			reports[i] = verify.Run(ctx, job.target, job.net, verify.Options{Timeout: timeout, Wait: job.wait})
			progress.Count(c.text.T("doing.verify-all", "count", count), int(done.Add(1)), len(jobs), 0)
			return nil
		})
	}
	_ = group.Wait()
	return reports
}

func (c *console) runVerifyJob(ctx context.Context, job verifyJob, timeout time.Duration) verify.Report {
	progress := c.progress()
	defer progress.Close()
	progress.Spinner(c.text.T("doing.verify", "host", hostname.Display(job.target.Host)))
	return verify.Run(ctx, job.target, job.net, verify.Options{
		Timeout: timeout, Wait: job.wait, OnWait: progress.Verify(job.target.Host, job.relay.ProviderName),
	})
}

// verifyTarget returns what should answer at a host: each of the relay's providers on its own path, the first one at the root. If
// no provider was chosen, the verifier takes the list of the Worker. With placeFromWorker it takes its order.
func verifyTarget(r config.Relay, host string, placeFromWorker bool) verify.Target {
	target := verify.Target{Host: host, Origin: r.Origin}
	if len(r.Chosen.Providers) == 0 {
		target.Known = append(upstreams(r.ProviderInfo), upstreams(config.AllProviders())...)
		return target
	}
	target.Upstreams = upstreams(r.ProviderInfo)
	if !placeFromWorker {
		target.Upstreams[0].Place = verify.PlaceRoot
	}
	return target
}

// deployedTarget returns what should answer at a host of a plan: exactly what was deployed.
func deployedTarget(r config.Relay, host string, p plan.Plan) verify.Target {
	target := verify.Target{Host: host, Build: p.Build(host), Origin: r.Origin, Upstreams: upstreams(r.ProviderInfo)}
	target.Upstreams[0].Place = verify.PlaceRoot
	return target
}

// upstreams returns how the verifier recognises providers.
func upstreams(providers []templates.Provider) []verify.Upstream {
	var all []verify.Upstream
	for _, p := range providers {
		all = append(all, verify.Upstream{
			ID: p.ID, Method: p.Probe.Method, Path: p.Probe.Path, Body: p.Probe.Body,
			Refusals: signatures(slices.Concat(p.Refused.Keyless, p.Refused.BadKey)), RegionBlocks: signatures(p.Blocked),
			ChatPath: p.Chat.Path, Model: p.Chat.Model, AuthHeader: p.Auth,
		})
	}
	return all
}

func signatures(list []templates.Signature) []verify.Signature {
	var all []verify.Signature
	for _, s := range list {
		all = append(all, verify.Signature{Status: s.Status, Type: s.Type, JSON: s.JSON})
	}
	return all
}

// withModel returns the target with another model for requests with a key.
func withModel(target verify.Target, model string) verify.Target {
	for _, list := range [][]verify.Upstream{target.Upstreams, target.Known} {
		for i := range list {
			list[i].Model = model
		}
	}
	return target
}

// printReports prints what the probes found: everything of a few hosts, of many those that are not verified and how many are.
func (c *console) printReports(relays config.Relays, reports []verify.Report) {
	good, shown := 0, 0
	for _, report := range reports {
		if isVerified(report) {
			good++
		}
		if len(reports) > maxListed && (isVerified(report) || shown == maxListed) {
			continue
		}
		shown++
		fmt.Fprintln(c.stderr)
		c.outf("verify.title", "host", hostname.Display(report.Host))
		c.printReport(relays.ForHost(report.Host), report)
	}
	if len(reports) > maxListed {
		fmt.Fprintln(c.stderr)
		c.outf("verify.count", "good", strconv.Itoa(good), "count", strconv.Itoa(len(reports)))
	}
}

func (c *console) printReport(r config.Relay, report verify.Report) {
	advice := view.Advice{Name: r.ProviderName, Command: func(command, provider string) string {
		return c.remedy(r, report, command, provider)
	}}
	if r.Chosen.HasFile() {
		advice.File = c.inv.fileName()
	}
	c.view.Report(c.stdout, report, advice)
}

// remedy returns a command line that a report advises. A deploy without a file must name all providers, as the Worker lists them;
// others would be removed.
func (c *console) remedy(r config.Relay, report verify.Report, command, provider string) string {
	isVerify := c.inv.command == "verify"
	// A managed relay does not list its providers, but init takes them from the deployed Worker.
	if command == "deploy" && isVerify && r.IsAccessUnset() && isManaged(report) {
		return c.inv.newCommand("init", report.Host) + " --access " + binding.AccessManaged
	}
	refs := listedRefs(r, report)
	if command == "add" {
		refs = append(refs, r.Ref(provider))
		line := c.inv.rerun("deploy", report.Host) + providerFlags(refs)
		if slices.ContainsFunc(refs, config.HasPlaceholder) {
			line += c.text.T("fix.blanks")
		}
		return line
	}
	line := c.inv.rerun(command, report.Host)
	if command == "deploy" && isVerify && !r.Chosen.HasFile() && !slices.Equal(refs, []string{config.DefaultProvider}) {
		line += providerFlags(refs)
	}
	return line
}

func providerFlags(refs []string) string {
	var flags string
	for _, ref := range refs {
		flags += " --provider " + verify.ShellQuote(ref)
	}
	return flags
}

// isManaged reports whether a relay answered that it requires tokens.
func isManaged(report verify.Report) bool {
	return slices.ContainsFunc(report.Results, func(r verify.Result) bool { return r.Details["access"] == binding.AccessManaged })
}

// listedRefs returns the references to the providers that the Worker lists; none if the list is not complete.
func listedRefs(r config.Relay, report verify.Report) []string {
	var refs []string
	for _, result := range report.Results {
		listed := result.Details["providers"]
		if result.Code != verify.CodeWorkerOurs || listed == "" || strings.HasSuffix(listed, "…") {
			continue
		}
		for id := range strings.SplitSeq(listed, ", ") {
			refs = append(refs, r.Ref(id))
		}
	}
	return refs
}
