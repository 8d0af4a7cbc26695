package provision

import (
	"context"

	"github.com/cfproxy/cfproxy/provision/plan"
)

// API does the calls. It is what the engine needs of a Cloudflare account, and provision/cloudflare implements it.
// Every failure is an *Error; none is retried by the Provider.
type API interface {
	// Zones lists the zones that the token sees, of one account or of all ("").
	Zones(ctx context.Context, account string) ([]plan.Zone, error)
	// Script gives the Worker of that name, nil where there is none. Owned is set by its tag.
	Script(ctx context.Context, account, name string) (*plan.Object, error)
	// Routes lists the Worker routes of a zone, with patterns in lower case as far as the host goes.
	Routes(ctx context.Context, zone plan.Zone) ([]plan.Object, error)
	// Records lists the DNS records of a zone that bear one of the hosts' names.
	Records(ctx context.Context, zone plan.Zone, hosts []string) (plan.RecordList, error)
	// Domains lists the account's custom domains.
	Domains(ctx context.Context, account string) ([]plan.Object, error)
	// Regions lists where the account's Workers can be placed, such as "aws:us-east-1".
	Regions(ctx context.Context, account string) ([]string, error)
	// ApplyStep carries out one step and gives the id of what now stands there. Deleting what is gone already is no error.
	ApplyStep(ctx context.Context, step plan.Step) (id string, err error)
	// ApplyBatch carries out steps on records of one zone, all or none of them, and gives the ids of what now stands there.
	ApplyBatch(ctx context.Context, zone string, steps []plan.Step) (ids []string, err error)
	// Versions lists what of a Worker can be deployed, with the share of the traffic that each serves.
	Versions(ctx context.Context, account, name string) ([]plan.Version, error)
	// DeployVersion makes a version of a Worker serve all traffic.
	DeployVersion(ctx context.Context, account, name, version string, force bool) error
	// RegisterSubdomain gives the account its workers.dev name, which it needs before its first Worker.
	RegisterSubdomain(ctx context.Context, account, name string) error
}

// What follows are the reads with their retries.

// Zones lists the zones that the token sees, of one account or of all ("").
func (e *Engine) Zones(ctx context.Context, account string, observe func(Event)) ([]plan.Zone, error) {
	return e.session(observe).zones(ctx, account)
}

func (s *session) zones(ctx context.Context, account string) ([]plan.Zone, error) {
	return retry(ctx, s, "zones", 1, func(ctx context.Context) ([]plan.Zone, error) { return s.API.Zones(ctx, account) })
}

// callsOfScript is how many calls it takes to read a Worker: its settings and its code.
const callsOfScript = 2

func (s *session) script(ctx context.Context, at plan.Address) (*plan.Object, error) {
	return retry(ctx, s, "script", callsOfScript, func(ctx context.Context) (*plan.Object, error) {
		return s.API.Script(ctx, at.Parent, at.Name)
	})
}

func (s *session) zoneRoutes(ctx context.Context, zone plan.Zone) ([]plan.Object, error) {
	return retry(ctx, s, "routes", 1, func(ctx context.Context) ([]plan.Object, error) { return s.API.Routes(ctx, zone) })
}

func (s *session) zoneRecords(ctx context.Context, zone plan.Zone, hosts []string) (plan.RecordList, error) {
	return retry(ctx, s, "records", 1, func(ctx context.Context) (plan.RecordList, error) {
		return s.API.Records(ctx, zone, hosts)
	})
}

func (s *session) records(ctx context.Context, zones []plan.Zone, sites []plan.Site) ([]plan.RecordList, error) {
	hosts := map[string][]string{}
	for _, site := range sites {
		hosts[site.Zone.ID] = append(hosts[site.Zone.ID], site.Host)
	}
	return parallelMap(ctx, zones, func(ctx context.Context, zone plan.Zone) (plan.RecordList, error) {
		return s.zoneRecords(ctx, zone, hosts[zone.ID])
	})
}

// domains asks for all custom domains of an account.
func (s *session) domains(ctx context.Context, account string) ([]plan.Object, error) {
	return retry(ctx, s, "domains", 1, func(ctx context.Context) ([]plan.Object, error) {
		return s.API.Domains(ctx, account)
	})
}
