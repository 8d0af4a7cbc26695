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

// routeTarget returns the state of the script that a route in the zone points to: whether it exists with our tag, and
// whether it was read and does not exist.
func (s *Snapshot) routeTarget(zone Zone, route Object) (isOurs, isMissing bool) {
	script, isRead := s.Scripts[ScriptAddress(zone.Account, route.Attrs[binding.AttrScript])]
	return script != nil && script.Owned, isRead && script == nil
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
