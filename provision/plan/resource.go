package plan

import (
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/worker"
)

// Kind is what a resource is. The order of declaration is the order of creation; destruction runs backwards, so that no
// record of ours ever stands without its route.
type Kind int

// The kinds of things that a relay is made of.
const (
	KindScript Kind = iota
	KindRoute
	KindRecord
	// KindDomain is a custom domain of a Worker. We make none; one that stands in the way can be taken over.
	KindDomain
)

// String gives the kind's name, as JSON and translations use it.
func (k Kind) String() string { return [...]string{"script", "route", "record", "domain"}[k] }

// MarshalText is String, so that JSON carries names.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Address says where a resource lives: Parent is the id of the account (script) or of the zone (route, record) that
// holds it (of a custom domain, the account), Name the script's name, the route's pattern or the hostname.
type Address struct {
	Kind   Kind   `json:"kind"`
	Parent string `json:"parent"`
	Name   string `json:"name"`
}

// Resource is a thing that should exist. Script is what an upload needs, for KindScript alone, and is never printed.
type Resource struct {
	Address Address       `json:"address"`
	Attrs   binding.Attrs `json:"attrs"`
	Script  *Script       `json:"-"`
}

// Object is a thing that exists, under the id that the API gave it.
type Object struct {
	Address Address       `json:"address"`
	Attrs   binding.Attrs `json:"attrs"`
	ID      string        `json:"id,omitempty"`
	Owned   bool          `json:"owned"`
	// Edited says that a route is ours by the record beside it, though somebody has led it elsewhere since.
	Edited bool `json:"edited,omitempty"`
	// Conflict says how a thing of somebody else's stands in the way, and At at which hosts where its name does not tell.
	Conflict      Conflict `json:"clash,omitempty"`
	ConflictHosts []string `json:"at,omitempty"`
	// Tokens are those that a Worker of ours lets in, nil where they could not be read. Names and digests are no secrets, but
	// five hundred of them are no line of a report either.
	Tokens []worker.Token `json:"-"`
}

// Script is the upload: the bundle and the settings that reach it as bindings.
type Script struct {
	Bundle    worker.Bundle
	Providers []worker.Provider
	Settings  worker.Settings
	Tokens    []worker.Token // those in the bundle
	Keys      []binding.Key
	Limits    []binding.RateLimit
	Region    string
	Build     string
	Version   string
	Zones     string
}

// OwnerTag is what says that a thing is ours: a tag on a script, the start of a record's comment.
const OwnerTag = "managed-by=cfproxy"

// WorkerFromComment reads RecordComment back; "" for a comment that is not ours.
func WorkerFromComment(comment string) string {
	name, _ := strings.CutPrefix(comment, OwnerTag+" worker=")
	if RecordComment(name) != comment {
		return ""
	}
	return name
}

// RecordComment is what we write on a record: the mark and the Worker it leads to. It stays under the 100 characters
// that a free zone allows, since a Worker's name has 63 at most.
// https://developers.cloudflare.com/dns/manage-dns-records/reference/record-attributes/
func RecordComment(worker string) string { return OwnerTag + " worker=" + worker }

// OwnsComment tells whether a record with that comment is ours.
func OwnsComment(comment string) bool {
	return comment == OwnerTag || strings.HasPrefix(comment, OwnerTag+" ")
}

// WorkerName derives a script's name from a host, the same for the same host and different for different ones: a dot
// becomes a dash, a dash two. A name over 63 characters is cut and ends in a digest of the whole host.
func WorkerName(host string) string {
	name := "cfproxy-" + strings.NewReplacer("-", "--", ".", "-").Replace(host)
	if len(name) <= hostname.MaxLabelLength {
		return name
	}
	return strings.TrimRight(name[:hostname.MaxLabelLength-11], "-") + "-" + binding.Digest([]byte(host))[:10]
}

// numberedName is for a host whose own WorkerName another relay has. No host has a name of its own that is the same, since
// none ends in a number.
func numberedWorkerName(host string, n int) string {
	ending := "-" + strconv.Itoa(n)
	name := WorkerName(host)
	return strings.TrimRight(name[:min(len(name), hostname.MaxLabelLength-len(ending))], "-") + ending
}
