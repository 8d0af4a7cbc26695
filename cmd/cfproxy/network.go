package main

import (
	"context"
	"crypto/x509"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/dial"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/sandbox"
	"github.com/cfproxy/cfproxy/provision/sandbox/edge"
	"github.com/cfproxy/cfproxy/provision/verify"
)

// verifyNet is how the verifier reaches relays: over the network of this machine, or at the edge of the sandbox.
type verifyNet struct {
	*dial.Network
	edge *edge.Edge // nil for the real network
}

// openNetwork opens the network of an account. It must be closed.
func (p *program) openNetwork(c *cli.Context, account *account) (*verifyNet, error) {
	if account.sandbox != nil {
		return p.sandboxNetwork(c.Context, account.sandbox)
	}
	n, err := dial.New(c.StringSlice("connect-to"), c.String("cacert"))
	if err != nil {
		return nil, err
	}
	return &verifyNet{Network: n}, nil
}

// sandboxNetwork opens the edge of a sandboxed account. The edge ends with the command, so reports show the curl command for
// the real network.
func (p *program) sandboxNetwork(ctx context.Context, store *sandbox.Store) (*verifyNet, error) {
	edge, err := p.openEdge(ctx, store, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return edgeNetwork(edge), nil
}

// edgeNetwork returns the network that ends at a sandbox's edge.
func edgeNetwork(edge *edge.Edge) *verifyNet {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(edge.CAPEM())
	return &verifyNet{
		Network: &dial.Network{Net: verify.Net{Lookup: edge.LookupHost, Dial: edge.Dial, RootCAs: pool}},
		edge:    edge,
	}
}

// prepareFor makes lookups ask the nameservers of the site's zone first, as the host may be new.
func (n *verifyNet) prepareFor(site plan.Site) {
	if n.edge == nil {
		n.LookupFirstAt(site.Zone.NameServers)
	}
}

// canBecomeReady reports whether it is worth waiting for a host: its zone is active, Universal SSL covers it, and the sandbox
// has a runtime.
func (n *verifyNet) canBecomeReady(site plan.Site) bool {
	return site.Zone.Active() && site.SubdomainLevel() <= 1 && (n.edge == nil || n.edge.RunsWorkers())
}

// Close closes the sandbox's edge, if there is one. n may be nil.
func (n *verifyNet) Close() {
	if n != nil && n.edge != nil {
		n.edge.Close()
	}
}
