package provision

import (
	"maps"
	"slices"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// Receipt says what Apply did.
type Receipt struct {
	Plan plan.Plan `json:"plan"`
	// Done are the steps that took effect, phase by phase.
	Done []plan.Step `json:"done"`
	// Unknown are the steps that failed in such a way that they may have taken effect all the same.
	Unknown []plan.Step `json:"unknown,omitempty"`
	// Failed are the steps that failed for good, those of Unknown included, and why.
	Failed []Failure `json:"-"`
	// Found are the ids of Done creations that another run made meanwhile, so that they are not this run's to take back.
	Found map[string]bool `json:"-"`
	// Stopped says that the run ended before every step was tried.
	Stopped bool `json:"-"`
}

// Failure is a step that failed for good.
type Failure struct {
	Step plan.Step
	Err  error
}

// FailedHosts gives the hosts of the plan that are not served as wanted, each with the first reason.
func (r Receipt) FailedHosts() []plan.HostError {
	var hosts []plan.HostError
	for _, site := range r.Plan.Sites {
		for _, failure := range r.Failed {
			if failure.touches(site) {
				hosts = append(hosts, plan.HostError{Host: site.Host, Err: failure.Err})
				break
			}
		}
	}
	return hosts
}

// Unserved names the hosts for which something that was to change has not, whether it failed or was not reached.
func (r Receipt) Unserved() []string {
	done := r.doneAt()
	var hosts []string
	changes := r.Plan.Changes()
	for _, site := range r.Plan.Sites {
		isLeft := func(s plan.Step) bool { return !done[s.Address] && Failure{Step: s}.touches(site) }
		if slices.ContainsFunc(changes, isLeft) {
			hosts = append(hosts, site.Host)
		}
	}
	return hosts
}

// doneAt gives the addresses at which a step took effect.
func (r Receipt) doneAt() map[plan.Address]bool {
	done := map[plan.Address]bool{}
	for _, step := range r.Done {
		done[step.Address] = true
	}
	return done
}

// LeftBehind gives the Workers that serve nothing any more and could not be removed. No host needs them, so no host has failed.
func (r Receipt) LeftBehind() []Failure {
	return slices.DeleteFunc(slices.Clone(r.Failed), func(f Failure) bool {
		return f.Step.Address.Kind != plan.KindScript || f.Step.Action != plan.ActionDelete
	})
}

// With gives the receipt of a run and of another one that made up for what failed in an account.
func (r Receipt) With(more Receipt, account string) Receipt {
	r.Failed = slices.DeleteFunc(slices.Clone(r.Failed), func(f Failure) bool { return f.Step.Address.Parent == account })
	r.Done, r.Failed = slices.Concat(r.Done, more.Done), slices.Concat(r.Failed, more.Failed)
	r.Unknown, r.Stopped = slices.Concat(r.Unknown, more.Unknown), r.Stopped || more.Stopped
	r.Found = maps.Clone(r.Found)
	maps.Copy(r.Found, more.Found)
	return r
}

// Without gives the receipt of what is left after steps of it were taken back.
func (r Receipt) Without(undone []plan.Step) Receipt {
	isUndone := func(s plan.Step) bool {
		return slices.ContainsFunc(undone, func(u plan.Step) bool { return u.Address == s.Address })
	}
	r.Done = slices.DeleteFunc(slices.Clone(r.Done), isUndone)
	r.Unknown = slices.DeleteFunc(slices.Clone(r.Unknown), isUndone)
	return r
}

// touches tells whether a host needs the step that failed: its own, or its Worker's.
func (f Failure) touches(site plan.Site) bool {
	if f.Step.Address.Kind == plan.KindScript {
		return f.Step.Address == plan.ScriptAddress(site.Zone.Account, site.Worker) && f.Step.Action != plan.ActionDelete
	}
	return f.Step.Host() == site.Host
}

// servesNone reports whether no host of the plan is served as planned.
func (r Receipt) servesNone() bool {
	return r.Stopped || len(r.FailedHosts()) == len(r.Plan.Sites)
}

// accountWithoutSubdomain returns the id of an account that refused its first Worker for want of a workers.dev subdomain; "" if none did.
func (r Receipt) accountWithoutSubdomain() string {
	for _, failure := range r.Failed {
		if errcode.Of(failure.Err) == errcode.SubdomainMissing {
			return failure.Step.Address.Parent
		}
	}
	return ""
}
