package plan

import (
	"slices"

	"github.com/cfproxy/cfproxy/provision/binding"
)

// Snapshot is what was read of accounts so far. Each place is read once.
type Snapshot struct {
	Zones   []Zone
	Scripts map[Address]*Object   // nil for a script that does not exist
	Routes  map[string][]Object   // by zone id
	Records map[string]RecordList // by zone id
	Domains map[string][]Object   // by account id
}

// RecordList is the result of reading a zone's records.
type RecordList struct {
	Found []Object // the records of the requested hosts
	Total int      // number of all records in the zone, or -1 if only those of one host were read
}

// NewSnapshot returns a snapshot that holds zones only.
func NewSnapshot(zones []Zone) *Snapshot {
	return &Snapshot{
		Zones: zones, Scripts: map[Address]*Object{}, Routes: map[string][]Object{},
		Records: map[string]RecordList{}, Domains: map[string][]Object{},
	}
}

// ServingWorkers returns the names of the Workers that serve a relay's hosts, according to their routes and to the
// comments of our records. Those of the first host come first, and there are no duplicates.
func (s *Snapshot) ServingWorkers(r Relay) []string {
	var objects []Object
	for _, zone := range ZonesOf(r.Sites) {
		objects = append(append(objects, s.Routes[zone.ID]...), s.Records[zone.ID].Found...)
	}
	byAddress := GroupByAddress(objects)
	var names []string
	for _, site := range r.Sites {
		for _, route := range byAddress[RouteAddress(site)] {
			names = append(names, route.Attrs[binding.AttrScript])
		}
		for _, record := range byAddress[RecordAddress(site)] {
			names = append(names, WorkerFromComment(record.Attrs[binding.AttrComment]))
		}
	}
	return Unique(names)
}

// ownedServingWorkers returns the ServingWorkers that are ours.
func (s *Snapshot) ownedServingWorkers(r Relay) []string {
	return slices.DeleteFunc(s.ServingWorkers(r), func(name string) bool {
		script := s.Scripts[ScriptAddress(r.Account, name)]
		return script == nil || !script.Owned
	})
}

// ownsRoutesTo reports whether routes to a script are ours: if it has our tag, or if it does not exist, because then
// nobody else can use them.
func (s *Snapshot) ownsRoutesTo(account, name string) bool {
	script, read := s.Scripts[ScriptAddress(account, name)]
	return read && (script == nil || script.Owned)
}

// Unique removes empty and duplicate names in place and returns the rest in their order.
func Unique(names []string) []string {
	seen := map[string]bool{"": true}
	return slices.DeleteFunc(names, func(name string) bool {
		isDuplicate := seen[name]
		seen[name] = true
		return isDuplicate
	})
}
