package provision

import (
	"maps"
	"slices"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// Receipt lists what a run did.
type Receipt struct {
	Plan plan.Plan `json:"plan"`
	// Done are the steps that took effect, in the order of the plan.
	Done []plan.Step `json:"done"`
	// Unknown are failed steps that may have taken effect.
	Unknown []plan.Step `json:"unknown,omitempty"`
	// Failed are all failed steps, including those of Unknown.
	Failed []Failure `json:"-"`
	// FoundExisting has the ids of resources that a step of Done was to create and that a concurrent run had created by
	// then. They are not undone.
	FoundExisting map[string]bool `json:"-"`
	// Stopped says that the run ended before all steps were tried.
	Stopped bool `json:"-"`
}

// Failure is a failed step.
type Failure struct {
	Step plan.Step
	Err  error
}

// affects reports whether a host needs the failed step: one of the host, or of its Worker.
func (f Failure) affects(site plan.Site) bool {
	if f.Step.Address.Kind == plan.KindScript {
		return f.Step.Address == plan.ScriptAddress(site.Zone.Account, site.Worker) && f.Step.Action != plan.ActionDelete
	}
	return f.Step.Host() == site.Host
}

// FailedHosts returns the hosts that failed steps affect, each with the first error.
func (r Receipt) FailedHosts() []plan.HostError {
	var hosts []plan.HostError
	for _, site := range r.Plan.Sites {
		for _, failure := range r.Failed {
			if failure.affects(site) {
				hosts = append(hosts, plan.HostError{Host: site.Host, Err: failure.Err})
				break
			}
		}
	}
	return hosts
}

// Unserved returns the hosts with a change that failed or was not tried.
func (r Receipt) Unserved() []string {
	done := r.doneAddresses()
	var hosts []string
	changes := r.Plan.Changes()
	for _, site := range r.Plan.Sites {
		isMissing := func(s plan.Step) bool { return !done[s.Address] && Failure{Step: s}.affects(site) }
		if slices.ContainsFunc(changes, isMissing) {
			hosts = append(hosts, site.Host)
		}
	}
	return hosts
}

// IsHidden reports whether the API refused a step because its resource exists, though no list had it.
func (r Receipt) IsHidden(step plan.Step) bool {
	return slices.ContainsFunc(r.Failed, func(f Failure) bool {
		return f.Step.Address == step.Address && errcode.Of(f.Err) == errcode.Exists
	})
}

// servesNone reports whether no host of the plan is served as planned.
func (r Receipt) servesNone() bool {
	return r.Stopped || len(r.FailedHosts()) == len(r.Plan.Sites)
}

func (r Receipt) doneAddresses() map[plan.Address]bool {
	done := map[plan.Address]bool{}
	for _, step := range r.Done {
		done[step.Address] = true
	}
	return done
}

// OrphanedWorkers returns the failed deletions of Workers that serve nothing any more. They affect no host.
func (r Receipt) OrphanedWorkers() []Failure {
	return slices.DeleteFunc(slices.Clone(r.Failed), func(f Failure) bool {
		return f.Step.Address.Kind != plan.KindScript || f.Step.Action != plan.ActionDelete
	})
}

// Updated returns the relays whose Worker the run has replaced, or may have.
func (r Receipt) Updated() []plan.Relay {
	var relays []plan.Relay
	for _, relay := range r.Plan.Relays {
		isUpdate := func(s plan.Step) bool {
			return s.Address == relay.ScriptAddress() && s.Action == plan.ActionUpdate && !s.Adopt
		}
		if slices.ContainsFunc(r.Done, isUpdate) || slices.ContainsFunc(r.Unknown, isUpdate) {
			relays = append(relays, relay)
		}
	}
	return relays
}

// accountWithoutSubdomain returns the id of an account that refused its first Worker for lack of a workers.dev
// subdomain; "" if none did.
func (r Receipt) accountWithoutSubdomain() string {
	for _, failure := range r.Failed {
		if errcode.Of(failure.Err) == errcode.SubdomainMissing {
			return failure.Step.Address.Parent
		}
	}
	return ""
}

// with returns the receipt of a run and of the repetition of what failed in an account.
func (r Receipt) with(more Receipt, account string) Receipt {
	r.Failed = slices.DeleteFunc(slices.Clone(r.Failed), func(f Failure) bool { return f.Step.Address.Parent == account })
	r.Done, r.Failed = slices.Concat(r.Done, more.Done), slices.Concat(r.Failed, more.Failed)
	r.Unknown, r.Stopped = slices.Concat(r.Unknown, more.Unknown), r.Stopped || more.Stopped
	r.FoundExisting = maps.Clone(r.FoundExisting)
	maps.Copy(r.FoundExisting, more.FoundExisting)
	return r
}

// without returns the receipt of what remains after steps were undone.
func (r Receipt) without(undone []plan.Step) Receipt {
	isUndone := func(s plan.Step) bool {
		return slices.ContainsFunc(undone, func(u plan.Step) bool { return u.Address == s.Address })
	}
	r.Done = slices.DeleteFunc(slices.Clone(r.Done), isUndone)
	r.Unknown = slices.DeleteFunc(slices.Clone(r.Unknown), isUndone)
	return r
}

// sort puts the steps into the order of the plan, so that the receipt does not depend on which call was faster.
func (r *Receipt) sort() {
	key := func(s plan.Step) string {
		return string(s.Action) + s.Address.Parent + "/" + s.Address.Name + s.Address.Kind.String()
	}
	index := map[string]int{}
	for i, step := range r.Plan.Steps {
		index[key(step)] = i
	}
	byPlan := func(a, b plan.Step) int { return index[key(a)] - index[key(b)] }
	slices.SortStableFunc(r.Done, byPlan)
	slices.SortStableFunc(r.Unknown, byPlan)
	slices.SortStableFunc(r.Failed, func(a, b Failure) int { return byPlan(a.Step, b.Step) })
}
