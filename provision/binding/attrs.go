package binding

import (
	"maps"
	"slices"
)

// Names of attributes.
const (
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
	AttrScript    = "script"
	AttrFailOpen  = "fail_open"
	AttrType      = "type"
	AttrContent   = "content"
	AttrProxied   = "proxied"
	AttrComment   = "comment"
)

// Attrs is what of a resource is compared and shown: flat, printable, free of secrets.
type Attrs map[string]string

// Diff lists the wanted attributes that are otherwise, by name. One that could not be read is not compared.
func (have Attrs) Diff(want Attrs) []AttrDiff {
	var diffs []AttrDiff
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if is, read := have[name]; read && is != want[name] {
			diffs = append(diffs, AttrDiff{Name: name, Before: is, After: want[name]})
		}
	}
	return diffs
}

// AttrDiff is one attribute before and after; an absent one is "".
type AttrDiff struct {
	Name   string `json:"name"`
	Before string `json:"before"`
	After  string `json:"after"`
}
