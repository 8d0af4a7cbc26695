package provision

import (
	"context"

	"github.com/cfproxy/cfproxy/provision/plan"
)

// API is the part of Cloudflare's API that the engine needs. Package cloudflare implements it. Every error is or wraps
// an *errcode.Error. An implementation does not retry.
type API interface {
	// Zones lists the zones that the token can read, of one account or of all ("").
	Zones(ctx context.Context, account string) ([]plan.Zone, error)
	// Script returns a Worker by name, nil if there is none. Object.Owned says whether it has our tag.
	Script(ctx context.Context, account, name string) (*plan.Object, error)
	// Routes lists the Worker routes of a zone. The host of each pattern is in lower case.
	Routes(ctx context.Context, zone plan.Zone) ([]plan.Object, error)
	// Records lists the DNS records of a zone whose name is one of hosts, in lower case. It may read the records of a
	// single host only, or all of the zone; RecordList.Total says how many that are.
	Records(ctx context.Context, zone plan.Zone, hosts []string) (plan.RecordList, error)
	// Domains lists the custom domains of an account's Workers.
	Domains(ctx context.Context, account string) ([]plan.Object, error)
	// Regions lists the regions in which an account's Workers can be placed, such as "aws:us-east-1".
	Regions(ctx context.Context, account string) ([]string, error)
	// ApplyStep applies one step and returns the id of the resource that is at its address then. Deleting a resource
	// that does not exist is not an error.
	ApplyStep(ctx context.Context, step plan.Step) (id string, err error)
	// ApplyBatch applies steps on records of one zone, which is named by its id: all or none of them. It returns the id
	// of the record of each step, "" where the API does not say it.
	ApplyBatch(ctx context.Context, zone string, steps []plan.Step) (ids []string, err error)
	// Versions lists the versions of a Worker that can be deployed, in any order, each with its share of the traffic.
	Versions(ctx context.Context, account, name string) ([]plan.Version, error)
	// DeployVersion makes a version of a Worker, named by its id, serve all traffic. If a secret has changed since that
	// version, the error has errcode.SecretsChanged; with force the version is deployed with the old secret.
	DeployVersion(ctx context.Context, account, name, version string, force bool) error
	// RegisterSubdomain registers the workers.dev subdomain that an account needs before its first Worker. It is not an
	// error if the account has one. If another account has the name, the error has errcode.SubdomainTaken.
	RegisterSubdomain(ctx context.Context, account, name string) error
}

// Zones lists the zones that the token can read, of one account or of all (""). There is none if the token lacks the
// permission: the API does not return an error for that.
func (e *Engine) Zones(ctx context.Context, account string, onEvent func(Event)) ([]plan.Zone, error) {
	return e.begin(onEvent).zones(ctx, account)
}

func (op *operation) zones(ctx context.Context, account string) ([]plan.Zone, error) {
	return retry(ctx, op, "zones", 1, func(ctx context.Context) ([]plan.Zone, error) { return op.API.Zones(ctx, account) })
}

// scriptCalls is how many calls it takes to read a Worker: one for its settings, one for its code.
const scriptCalls = 2

func (op *operation) script(ctx context.Context, at plan.Address) (*plan.Object, error) {
	return retry(ctx, op, "script", scriptCalls, func(ctx context.Context) (*plan.Object, error) {
		return op.API.Script(ctx, at.Parent, at.Name)
	})
}

func (op *operation) zoneRoutes(ctx context.Context, zone plan.Zone) ([]plan.Object, error) {
	return retry(ctx, op, "routes", 1, func(ctx context.Context) ([]plan.Object, error) { return op.API.Routes(ctx, zone) })
}

func (op *operation) zoneRecords(ctx context.Context, zone plan.Zone, hosts []string) (plan.RecordList, error) {
	return retry(ctx, op, "records", 1, func(ctx context.Context) (plan.RecordList, error) {
		return op.API.Records(ctx, zone, hosts)
	})
}

func (op *operation) records(ctx context.Context, zones []plan.Zone, sites []plan.Site) ([]plan.RecordList, error) {
	hosts := map[string][]string{}
	for _, site := range sites {
		hosts[site.Zone.ID] = append(hosts[site.Zone.ID], site.Host)
	}
	return parallelMap(ctx, zones, func(ctx context.Context, zone plan.Zone) (plan.RecordList, error) {
		return op.zoneRecords(ctx, zone, hosts[zone.ID])
	})
}

// domains lists the custom domains of an account.
func (op *operation) domains(ctx context.Context, account string) ([]plan.Object, error) {
	return retry(ctx, op, "domains", 1, func(ctx context.Context) ([]plan.Object, error) {
		return op.API.Domains(ctx, account)
	})
}
