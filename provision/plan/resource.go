package plan

import (
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/worker"
)

// Kind is the kind of a resource. The order of the constants is the order of creation; resources are deleted in the
// reverse order, so that a record of ours never exists without its route.
type Kind int

// Kinds of resources.
const (
	KindScript Kind = iota
	KindRoute
	KindRecord
	// KindDomain is a custom domain of a Worker. We never create one, but one that conflicts with a relay can be
	// adopted.
	KindDomain
)

// String returns the name of the kind, as in JSON output and translation keys.
func (k Kind) String() string { return [...]string{"script", "route", "record", "domain"}[k] }

// MarshalText implements encoding.TextMarshaler. It returns String.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Address identifies where a resource lives. Several objects can share an address, such as two records of one host.
type Address struct {
	Kind Kind `json:"kind"`
	// Parent is the id of the account (scripts, custom domains) or of the zone (routes, records).
	Parent string `json:"parent"`
	// Name is the name of the script, the pattern of the route, or the hostname of the record or custom domain.
	Name string `json:"name"`
}

// ScriptAddress returns the address of a script in an account.
func ScriptAddress(account, name string) Address { return Address{KindScript, account, name} }

// RouteAddress returns the address of a site's route.
func RouteAddress(s Site) Address {
	return Address{Kind: KindRoute, Parent: s.Zone.ID, Name: RoutePattern(s.Host)}
}

// RecordAddress returns the address of a site's DNS record.
func RecordAddress(s Site) Address {
	return Address{Kind: KindRecord, Parent: s.Zone.ID, Name: s.Host}
}

// Resource is something that should exist.
type Resource struct {
	Address Address       `json:"address"`
	Attrs   binding.Attrs `json:"attrs"`
	// Upload is what to upload; nil for other kinds than KindScript. It is never printed.
	Upload *Upload `json:"-"`
}

// Object is something that exists.
type Object struct {
	Address Address       `json:"address"`
	Attrs   binding.Attrs `json:"attrs"`
	// ID is the API's id of the object. The id of a script is its name.
	ID string `json:"id,omitempty"`
	// Owned reports whether we created the object. See OwnerTag.
	Owned bool `json:"owned"`
	// Edited reports whether the object is a route of ours that now points to another Worker. The record of its
	// host is still marked as ours.
	Edited bool `json:"edited,omitempty"`
	// Conflict is the kind of conflict with a relay; "" if there is none.
	Conflict Conflict `json:"clash,omitempty"`
	// ConflictHosts are the hosts in conflict, if they do not follow from the object's name.
	ConflictHosts []string `json:"at,omitempty"`
	// Manager is the product that manages a record, which nothing else can change or delete; "" if we can.
	Manager Manager `json:"manager,omitempty"`
	// Tokens are the tokens that a Worker of ours accepts; nil if they could not be read.
	Tokens []worker.Token `json:"-"`
}

// Manager is a product of Cloudflare that creates DNS records.
type Manager string

// Managers of records.
const (
	ManagerR2           Manager = "r2"            // the custom domain of a bucket
	ManagerWorkers      Manager = "workers"       // the custom domain of a Worker
	ManagerPages        Manager = "pages"         // the custom domain of a Pages project
	ManagerEmailRouting Manager = "email-routing" // e-mail routing
	ManagerTunnel       Manager = "tunnel"        // the public hostname of a tunnel
	ManagerApps         Manager = "apps"          // an installed app
	ManagerUnknown      Manager = "cloudflare"    // a product that the API does not name
)

// GroupByAddress returns the objects by address, in their order.
func GroupByAddress(objects []Object) map[Address][]Object {
	groups := map[Address][]Object{}
	for _, object := range objects {
		groups[object.Address] = append(groups[object.Address], object)
	}
	return groups
}
