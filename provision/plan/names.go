package plan

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/hostname"
)

// workerPrefix is how all default names start.
const workerPrefix = "cfproxy-"

// WorkerName returns the default script name for a host. Different hosts have different names: a dot becomes a dash,
// and a dash becomes two. Names longer than 63 characters, which is the limit, are cut and end in a digest of the host.
func WorkerName(host string) string {
	name := workerPrefix + strings.NewReplacer("-", "--", ".", "-").Replace(host)
	if len(name) <= hostname.MaxLabelLength {
		return name
	}
	return strings.TrimRight(name[:hostname.MaxLabelLength-11], "-") + "-" + binding.Digest([]byte(host))[:10]
}

// numberedWorkerName returns the n-th alternative to WorkerName, for a host whose name is taken by another relay. It
// differs from every WorkerName, because top-level domains are not numeric.
func numberedWorkerName(host string, n int) string {
	suffix := "-" + strconv.Itoa(n)
	name := WorkerName(host)
	return strings.TrimRight(name[:min(len(name), hostname.MaxLabelLength-len(suffix))], "-") + suffix
}

func workerNames(hosts []string) []string {
	var names []string
	for _, host := range hosts {
		names = append(names, WorkerName(host))
	}
	return names
}

// AssignWorkerNames sets the Worker of each relay and of its sites. No two relays of an account share a Worker, because
// each would undo the changes of the other. The first name that is free is taken from this list:
//
//  1. the configured name
//  2. the first of our Workers that serve the hosts, if it has the default name of one of them
//  3. any of our Workers that serve the hosts
//  4. the default name of one of the hosts, then numbered names
//
// Each rule is applied to all relays before the next one. So if a relay was split, the part with the host that the
// Worker is named after keeps it.
func AssignWorkerNames(relays []Relay, found *Snapshot) {
	taken := map[Address]bool{}
	take := func(r *Relay, name string) {
		if address := ScriptAddress(r.Account, name); r.Worker == "" && name != "" && !taken[address] {
			r.Worker, taken[address] = name, true
		}
	}
	for i := range relays {
		relays[i].Worker = ""
		take(&relays[i], relays[i].Config.Worker)
	}
	for i := range relays {
		r := &relays[i]
		if serving := found.ownedServingWorkers(*r); len(serving) > 0 && slices.Contains(workerNames(r.Hosts()), serving[0]) {
			take(r, serving[0])
		}
	}
	for i := range relays {
		r := &relays[i]
		for _, name := range found.ownedServingWorkers(*r) {
			take(r, name)
		}
	}
	for i := range relays {
		r := &relays[i]
		for _, name := range workerNames(r.Hosts()) {
			take(r, name)
		}
		for n := 2; r.Worker == ""; n++ {
			take(r, numberedWorkerName(r.Sites[0].Host, n))
		}
		for j := range r.Sites {
			r.Sites[j].Worker = r.Worker
		}
	}
}

// SubdomainName returns the workers.dev name to register for an account that has none: the account's first zone in the
// plan and a digest of the account id, because these names are shared by all accounts. It returns "" if the plan has no
// site in the account.
// https://developers.cloudflare.com/workers/configuration/routing/workers-dev/
func SubdomainName(p Plan, account string) string {
	i := slices.IndexFunc(p.Sites, func(s Site) bool { return s.Zone.Account == account })
	if i < 0 {
		return ""
	}
	name := strings.ReplaceAll(p.Sites[i].Zone.Name, ".", "-")
	return name[:min(len(name), 48)] + "-" + binding.Digest([]byte(account))[:8]
}
