package sandbox

import (
	"iter"
	"slices"

	"github.com/cfproxy/cfproxy/worker/workerd"
)

// Snapshot is the state of the accounts at one moment, as the edge reads it. It never changes. Two snapshots are equal if
// nothing was written between them.
type Snapshot struct{ state *state }

// Snapshot returns the current state.
func (s *Store) Snapshot() (Snapshot, error) {
	st, err := s.state()
	return Snapshot{st}, err
}

// Zone returns the zone that a hostname belongs to; if there are several, the one with the longest name.
func (s Snapshot) Zone(host string) (Zone, bool) {
	a, z := s.state.zoneOf(host)
	return Zone{a, z}, z != nil
}

// Workers returns the Workers of all accounts.
func (s Snapshot) Workers() iter.Seq[Worker] {
	return func(yield func(Worker) bool) {
		for _, a := range s.state.Accounts {
			for _, w := range a.Scripts {
				if !yield(Worker{a.ID, w}) {
					return
				}
			}
		}
	}
}

// RegionBlocked reports whether providers reject requests because of the region that they come from.
func (s Snapshot) RegionBlocked() bool {
	return s.state.Provider != nil && s.state.Provider.RegionBlocked
}

// Zone is a zone with the account that it belongs to.
type Zone struct {
	account *account
	zone    *zone
}

// Record is what the edge needs of a DNS record.
type Record struct {
	Type      string
	Content   string
	Proxied   bool
	Proxiable bool
}

// Name returns the domain of the zone.
func (z Zone) Name() string { return z.zone.Name }

// Active reports whether the zone's status is active: DNS and the edge ignore other zones.
func (z Zone) Active() bool { return z.zone.Status == statusActive }

// Public reports whether Cloudflare's public name servers answer for the zone: not for partial and internal ones.
func (z Zone) Public() bool { return z.zone.Type != zonePartial && z.zone.Type != zoneInternal }

// Paused reports whether Cloudflare serves the DNS of the zone only.
func (z Zone) Paused() bool { return z.zone.Paused }

// Records returns the records with exactly this name.
func (z Zone) Records(name string) []Record {
	var out []Record
	for _, r := range z.zone.Records {
		if r.Name == name {
			out = append(out, Record{Type: r.Type, Content: r.Content, Proxied: r.Proxied, Proxiable: proxiable(r)})
		}
	}
	return out
}

// Route returns the script of the most specific route that matches a request; target is its path with the query. An empty
// script name means that the route disables Workers.
func (z Zone) Route(scheme, host, target string) (script string, ok bool) {
	r := z.zone.match(scheme, host, target)
	if r == nil {
		return "", false
	}
	return r.Script, true
}

// CustomDomain returns the script that the hostname is a custom domain of.
func (z Zone) CustomDomain(host string) (script string, ok bool) {
	d := z.account.domain(host)
	if d == nil {
		return "", false
	}
	return d.Service, true
}

// Worker returns the Worker with this name in the zone's account.
func (z Zone) Worker(name string) (Worker, bool) {
	w := z.account.script(name)
	return Worker{z.account.ID, w}, w != nil
}

// Worker is a Worker with its deployed version. Two are equal only if they are the same Worker with the same code, bindings
// and settings; the reverse need not hold after the state was read from its file again.
type Worker struct {
	account string
	script  *script
}

// ID returns an identifier that no other Worker has in any account. It stays the same when a new version is deployed.
func (w Worker) ID() string { return w.account + "/" + w.script.Name }

// Name returns the name of the script.
func (w Worker) Name() string { return w.script.Name }

// UsesModules reports whether the script consists of ES modules, the only kind of script that workerd is configured for.
func (w Worker) UsesModules() bool { return w.script.Main != "" }

// Config returns the Worker as workerd takes it, secrets included. Bindings to services that do not exist on one machine
// are left out.
func (w Worker) Config() workerd.Worker {
	s := w.script
	out := workerd.Worker{
		Name: s.Name, Main: s.Main, CompatibilityDate: s.CompatibilityDate, CompatibilityFlags: s.CompatibilityFlags,
	}
	for _, m := range s.Modules {
		kind := m.Type
		switch kind {
		case "text/javascript+module":
			kind = typeModule
		case "text/javascript":
			kind = typeScript
		case "application/source-map":
			continue
		}
		out.Modules = append(out.Modules, workerd.Module{Name: m.Name, Type: kind, Body: m.source()})
	}
	out.Bindings = supportedBindings(s.Bindings)
	return out
}

func supportedBindings(bindings []binding) []workerd.Binding {
	var out []workerd.Binding
	for _, b := range bindings {
		text, _ := b.string("text")
		limit, apiErr := b.rateLimit()
		switch {
		case b.kind() == workerd.BindingRateLimit && apiErr == nil:
			out = append(out, workerd.Binding{Name: b.name(), Type: b.kind(), RateLimit: limit})
		case slices.Contains([]string{workerd.BindingText, workerd.BindingSecret, workerd.BindingJSON}, b.kind()):
			out = append(out, workerd.Binding{Name: b.name(), Type: b.kind(), Text: text, JSON: b["json"]})
		}
	}
	return out
}
