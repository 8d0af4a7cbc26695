package binding

import (
	"maps"
	"slices"
)

// Names of attributes. They appear in the JSON output of plans and are stable.
const (
	// Attributes of scripts.
	AttrBuild     = "build"
	AttrProviders = "providers"
	AttrRegion    = "region"
	AttrCode      = "code"
	AttrZones     = "zones"
	AttrAccess    = "access"
	AttrPage      = "page"
	AttrOrigins   = "allow_origins"
	AttrTokens    = "tokens"
	AttrKeys      = "keys"
	AttrLimits    = "limits"

	// Attributes of routes. Custom domains have AttrScript only.
	AttrScript   = "script"
	AttrFailOpen = "fail_open"

	// Attributes of DNS records.
	AttrType    = "type"
	AttrContent = "content"
	AttrProxied = "proxied"
	AttrComment = "comment"
)

// Attrs holds the attributes of a resource that are compared and shown, by name. The values are printable and contain no
// secrets.
type Attrs map[string]string

// Diff returns the attributes of want that differ in have, sorted by name. An attribute that is missing from have could
// not be read and is not compared.
func (have Attrs) Diff(want Attrs) []AttrDiff {
	var diffs []AttrDiff
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if value, read := have[name]; read && value != want[name] {
			diffs = append(diffs, AttrDiff{Name: name, Before: value, After: want[name]})
		}
	}
	return diffs
}

// AttrDiff is one attribute before and after a change. An absent value is "".
type AttrDiff struct {
	Name   string `json:"name"`
	Before string `json:"before"`
	After  string `json:"after"`
}
