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
	Records(ctx context.Context, zone Zone, hosts []string) ([]Object, error)
	// Regions lists where the account's Workers can be placed, such as "aws:us-east-1".
	Regions(ctx context.Context, account string) ([]string, error)
	// Do carries out one step and gives the id of what now stands there. Deleting what is gone already is no error.
	Do(ctx context.Context, step Step) (id string, err error)
	// RegisterSubdomain gives the account its workers.dev name, which it needs before its first Worker.
	RegisterSubdomain(ctx context.Context, account, name string) error
}

// What follows are the reads with their retries, those of several zones side by side.

// Zones lists the zones that the token sees, of one account or of all ("").
func (e *Engine) Zones(ctx context.Context, account string) ([]Zone, error) {
	return retrying(ctx, e, "zones", func(ctx context.Context) ([]Zone, error) { return e.Provider.Zones(ctx, account) })
}

func (e *Engine) script(ctx context.Context, account, name string) (*Object, error) {
	return retrying(ctx, e, "script", func(ctx context.Context) (*Object, error) {
		return e.Provider.Script(ctx, account, name)
	})
}

func (e *Engine) routes(ctx context.Context, zones []Zone) ([]Object, error) {
	return inEach(ctx, zones, func(ctx context.Context, zone Zone) ([]Object, error) {
		return retrying(ctx, e, "routes", func(ctx context.Context) ([]Object, error) { return e.Provider.Routes(ctx, zone) })
	})
}

func (e *Engine) records(ctx context.Context, sites []Site) ([]Object, error) {
	return inEach(ctx, zonesOf(sites), func(ctx context.Context, zone Zone) ([]Object, error) {
		var hosts []string
		for _, site := range sites {
			if site.Zone.ID == zone.ID {
				hosts = append(hosts, site.Host)
			}
		}
		return retrying(ctx, e, "records", func(ctx context.Context) ([]Object, error) {
			return e.Provider.Records(ctx, zone, hosts)
		})
	})
}
