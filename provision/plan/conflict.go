package plan

import (
	"slices"

	"github.com/cfproxy/cfproxy/provision/errcode"
)

// Conflict is how an object that is not ours conflicts with a relay. NewObserved sets it, and Diff decides what follows
// from it: without adoption the host is skipped, with it the object is updated, deleted or, for ConflictWiderRoute, left
// as it is.
type Conflict string

// Kinds of conflicts.
const (
	// ConflictSameAddress is an object at an address of ours.
	ConflictSameAddress Conflict = "same"
	// ConflictMoreSpecific is a route that takes precedence over ours for some paths. If it has no Worker, requests for
	// them go to the origin.
	ConflictMoreSpecific Conflict = "wins"
	// ConflictWiderRoute is a route that would no longer receive the requests of our host.
	ConflictWiderRoute Conflict = "shadowed"
	// ConflictCustomDomain is a custom domain of a Worker. Our route would take its requests.
	ConflictCustomDomain Conflict = "domain"
	// ConflictDelegation is an NS record of the host or of a name above it. Other nameservers answer for the host.
	ConflictDelegation Conflict = "delegation"
)

// ConflictError lists objects that stop a plan. Code is errcode.Conflict if they are not ours and the plan needs their
// addresses, errcode.ReadOnly or errcode.Delegated if one of them cannot be adopted, or errcode.Exposed if a destroy would leave
// them reachable without our route.
type ConflictError struct {
	Code    errcode.Code
	Objects []Object
}

// newConflictError returns the error for objects at addresses that a plan needs.
func newConflictError(objects []Object) *ConflictError {
	code := errcode.Conflict
	if slices.ContainsFunc(objects, func(x Object) bool { return x.Conflict == ConflictDelegation }) {
		code = errcode.Delegated
	}
	if slices.ContainsFunc(objects, func(x Object) bool { return x.Manager != "" }) {
		code = errcode.ReadOnly
	}
	return &ConflictError{Code: code, Objects: objects}
}

// Error returns the code.
func (e *ConflictError) Error() string { return string(e.Code) }

// Unwrap returns an *errcode.Error with the same code, so that errcode.Of works.
func (e *ConflictError) Unwrap() error { return errcode.New(e.Code) }

// routeConflict returns how a route that is not ours conflicts with the hosts in its zone, or "". For
// ConflictWiderRoute it also returns the hosts, sorted. Hosts that have their route already take nothing more from a
// wider one.
func routeConflict(pattern string, hosts, routed map[string]bool) (Conflict, []string) {
	host := patternHost(pattern)
	switch {
	case hosts[host] && pattern == RoutePattern(host):
		return ConflictSameAddress, nil
	case hosts[host]:
		return ConflictMoreSpecific, nil
	}
	var shadowing []string
	for host := range hosts {
		if !routed[host] && isWiderRoute(pattern, host) {
			shadowing = append(shadowing, host)
		}
	}
	if len(shadowing) == 0 {
		return "", nil
	}
	slices.Sort(shadowing)
	return ConflictWiderRoute, shadowing
}

// conflicts are the objects that are not ours and conflict with relays.
type conflicts struct {
	all      []Object
	byHost   map[string][]Object
	byScript map[Address][]Object // by the address of the relay's script
}

// findConflicts returns the conflicts among the observed objects: those for which isConflict returns true.
func findConflicts(o Observed, isConflict func(Object) bool) conflicts {
	c := conflicts{byHost: map[string][]Object{}, byScript: map[Address][]Object{}}
	for _, object := range o.Objects {
		switch {
		case !isConflict(object):
			continue
		case object.Address.Kind == KindScript:
			c.byScript[object.Address] = append(c.byScript[object.Address], object)
		case len(object.ConflictHosts) > 0:
			for _, host := range object.ConflictHosts {
				forHost := object
				forHost.ConflictHosts = []string{host}
				c.byHost[host] = append(c.byHost[host], forHost)
			}
		default:
			host := patternHost(object.Address.Name)
			c.byHost[host] = append(c.byHost[host], object)
		}
		c.all = append(c.all, object)
	}
	return c
}

// skipConflicts removes the hosts with conflicts, which are the objects for which isConflict returns true, from o and
// desired and adds them to skipped. If no host is left, it returns an error that lists all conflicts.
func skipConflicts(o Observed, desired Desired, skipped []HostError, isConflict func(Object) bool) (Observed, Desired, []HostError, error) {
	skippedBefore := len(skipped)
	found := findConflicts(o, isConflict)
	if len(found.all) == 0 {
		return o, desired, skipped, nil
	}
	removed := map[Address]bool{}
	var relays []Relay
	for _, relay := range o.Relays {
		kept := relay
		kept.Sites = nil
		for _, site := range relay.Sites {
			objects := slices.Concat(found.byScript[relay.ScriptAddress()], found.byHost[site.Host])
			if len(objects) == 0 {
				kept.Sites = append(kept.Sites, site)
				continue
			}
			removed[RouteAddress(site)], removed[RecordAddress(site)] = true, true
			skipped = append(skipped, HostError{site.Host, newConflictError(objects)})
		}
		if len(kept.Sites) > 0 {
			relays = append(relays, kept)
		} else {
			removed[relay.ScriptAddress()] = true
		}
	}
	switch {
	case len(relays) == 0 && skippedBefore > 0:
		return o, nil, nil, HostErrors(skipped)
	case len(relays) == 0:
		return o, nil, nil, newConflictError(found.all)
	}
	o.Relays = relays
	o.Objects = withoutSkipped(o.Objects, relays, skipped)
	desired = slices.DeleteFunc(slices.Clone(desired), func(r Resource) bool { return removed[r.Address] })
	return o, desired, skipped, nil
}

// withoutSkipped returns the objects that do not belong to skipped hosts, so that the plan leaves the others unchanged,
// ours or not.
func withoutSkipped(objects []Object, relays []Relay, skipped []HostError) []Object {
	isSkipped := map[string]bool{}
	for _, host := range skipped {
		isSkipped[host.Host] = true
	}
	return slices.DeleteFunc(slices.Clone(objects), func(x Object) bool {
		if x.Address.Kind == KindScript { // a script without a relay may still serve a skipped host
			return !slices.ContainsFunc(relays, func(r Relay) bool { return r.ScriptAddress() == x.Address })
		}
		return isSkipped[patternHost(x.Address.Name)] || slices.ContainsFunc(x.ConflictHosts, func(host string) bool { return isSkipped[host] })
	})
}
