package plan

import (
	"slices"

	"github.com/cfproxy/cfproxy/provision/binding"
)

// RecordList is what was asked for of a zone's records. Total counts all of the zone's, -1 where that was not seen.
type RecordList struct {
	Found []Object
	Total int
}

// ownedServingWorkers gives those of workersInService that are ours.
func (s *Snapshot) ownedServingWorkers(r Relay) []string {
	return slices.DeleteFunc(s.ServingWorkers(r), func(name string) bool {
		script := s.Scripts[ScriptAddress(r.Account, name)]
		return script == nil || !script.Owned
	})
}

// Snapshot is what was read of accounts so far, each place once.
type Snapshot struct {
	Zones   []Zone
	Scripts map[Address]*Object // nil for one that is not there
	Routes  map[string][]Object // by zone
	Records map[string]RecordList
	Domains map[string][]Object // by account
}

func NewSnapshot(zones []Zone) *Snapshot {
	return &Snapshot{
		Zones: zones, Scripts: map[Address]*Object{}, Routes: map[string][]Object{},
		Records: map[string]RecordList{}, Domains: map[string][]Object{},
	}
}

func ScriptAddress(account, name string) Address { return Address{KindScript, account, name} }

// ServingWorkers names the scripts that a relay's own routes lead to, and those that our records name, each once and those
// of the first host first.
func (s *Snapshot) ServingWorkers(r Relay) []string {
	var here []Object
	for _, zone := range ZonesOf(r.Sites) {
		here = append(append(here, s.Routes[zone.ID]...), s.Records[zone.ID].Found...)
	}
	at := GroupByAddress(here)
	var names []string
	for _, site := range r.Sites {
		for _, route := range at[RouteAddress(site)] {
			names = append(names, route.Attrs[binding.AttrScript])
		}
		for _, record := range at[RecordAddress(site)] {
			names = append(names, WorkerFromComment(record.Attrs[binding.AttrComment]))
		}
	}
	return Unique(names)
}

// Unique drops empty names and those that came before.
func Unique(names []string) []string {
	seen := map[string]bool{"": true}
	return slices.DeleteFunc(names, func(name string) bool {
		was := seen[name]
		seen[name] = true
		return was
	})
}

// ownsRoutesTo tells whether routes that lead to a script are ours: it bears our tag, or it is not there, so that it cannot be
// anybody else's.
func (s *Snapshot) ownsRoutesTo(account, name string) bool {
	script, read := s.Scripts[ScriptAddress(account, name)]
	return read && (script == nil || script.Owned)
}
