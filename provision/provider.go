package provision

import "context"

// Provider does the calls. It is what the engine needs of a Cloudflare account, and provision/cloudflare implements it.
// Every failure is an *Error; none is retried by the Provider.
type Provider interface {
	// Zones lists the zones that the token sees, of one account or of all ("").
	Zones(ctx context.Context, account string) ([]Zone, error)
	// Script gives the Worker of that name, nil where there is none. Owned is set by its tag.
	Script(ctx context.Context, account, name string) (*Object, error)
	// Routes lists the Worker routes of a zone, with patterns in lower case as far as the host goes.
	Routes(ctx context.Context, zone Zone) ([]Object, error)
	// Records lists the DNS records of a zone that bear one of the hosts' names.
	Records(ctx context.Context, zone Zone, hosts []string) (RecordList, error)
	// Domains lists the account's custom domains.
	Domains(ctx context.Context, account string) ([]Object, error)
	// Regions lists where the account's Workers can be placed, such as "aws:us-east-1".
	Regions(ctx context.Context, account string) ([]string, error)
	// Do carries out one step and gives the id of what now stands there. Deleting what is gone already is no error.
	Do(ctx context.Context, step Step) (id string, err error)
	// DoTogether carries out steps on records of one zone, all or none of them, and gives the ids of what now stands there.
	DoTogether(ctx context.Context, zone string, steps []Step) (ids []string, err error)
	// Versions lists what of a Worker can be deployed, with the share of the traffic that each serves.
	Versions(ctx context.Context, account, name string) ([]Version, error)
	// DeployVersion makes a version of a Worker serve all traffic.
	DeployVersion(ctx context.Context, account, name, version string, force bool) error
	// RegisterSubdomain gives the account its workers.dev name, which it needs before its first Worker.
	RegisterSubdomain(ctx context.Context, account, name string) error
}

// RecordList is what was asked for of a zone's records. Total counts all of the zone's, -1 where that was not seen.
type RecordList struct {
	Found []Object
	Total int
}

// What follows are the reads with their retries.

// Zones lists the zones that the token sees, of one account or of all ("").
func (e *Engine) Zones(ctx context.Context, account string) ([]Zone, error) {
	return retrying(ctx, e, "zones", 1, func(ctx context.Context) ([]Zone, error) { return e.Provider.Zones(ctx, account) })
}

// callsOfScript is how many calls it takes to read a Worker: its settings and its code.
const callsOfScript = 2

func (e *Engine) script(ctx context.Context, at Address) (*Object, error) {
	return retrying(ctx, e, "script", callsOfScript, func(ctx context.Context) (*Object, error) {
		return e.Provider.Script(ctx, at.Parent, at.Name)
	})
}

func (e *Engine) zoneRoutes(ctx context.Context, zone Zone) ([]Object, error) {
	return retrying(ctx, e, "routes", 1, func(ctx context.Context) ([]Object, error) { return e.Provider.Routes(ctx, zone) })
}

func (e *Engine) zoneRecords(ctx context.Context, zone Zone, hosts []string) (RecordList, error) {
	return retrying(ctx, e, "records", 1, func(ctx context.Context) (RecordList, error) {
		return e.Provider.Records(ctx, zone, hosts)
	})
}

func (e *Engine) records(ctx context.Context, zones []Zone, sites []Site) ([]RecordList, error) {
	hosts := map[string][]string{}
	for _, site := range sites {
		hosts[site.Zone.ID] = append(hosts[site.Zone.ID], site.Host)
	}
	return inEach(ctx, zones, func(ctx context.Context, zone Zone) (RecordList, error) {
		return e.zoneRecords(ctx, zone, hosts[zone.ID])
	})
}

// domains asks for all custom domains of an account.
func (e *Engine) domains(ctx context.Context, account string) ([]Object, error) {
	return retrying(ctx, e, "domains", 1, func(ctx context.Context) ([]Object, error) {
		return e.Provider.Domains(ctx, account)
	})
}
