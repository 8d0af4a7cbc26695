package main

import (
	"context"
	"crypto/x509"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/dial"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/sandbox/edge"
	"github.com/cfproxy/cfproxy/provision/verify"
)

// network is how the verifier reaches relays: over the network of this machine, or at the edge of the sandbox.
type network struct {
	*dial.Network
	edge *edge.Edge // nil for the real network
}

// openNetwork opens the network of an account. It must be closed. The edge of a sandbox ends with the command, so reports show the curl
// command for the real network.
func (s *session) openNetwork(ctx context.Context, account *account, o networkOptions) (*network, error) {
	if account.sandbox != nil {
		edge, err := s.openEdge(ctx, account.sandbox, "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		return edgeNetwork(edge), nil
	}
	n, err := dial.New(o.connectTo, o.caCert)
	if err != nil {
		return nil, err
	}
	return &network{Network: n}, nil
}

// edgeNetwork returns the network that ends at a sandbox's edge.
func edgeNetwork(edge *edge.Edge) *network {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(edge.CAPEM())
	return &network{
		Network: &dial.Network{Net: verify.Net{Lookup: edge.LookupHost, Dial: edge.Dial, RootCAs: pool}},
		edge:    edge,
	}
}

// jobFor returns the verification of a host that was just deployed. It waits for what can become ready: not in a zone that is
// paused or not active, nor for a certificate that Universal SSL does not issue, nor without a runtime in the sandbox.
func (n *network) jobFor(site plan.Site, relay config.Relay, target verify.Target) verifyJob {
	target.Paused = site.Zone.Paused
	job := verifyJob{relay: relay, target: target, net: n.For(site.Host)}
	if n.edge == nil {
		job.net = n.ForNew(site.Host, site.Zone.NameServers)
	}
	job.wait = site.Zone.Proxies() && site.SubdomainLevel() <= 1 && (n.edge == nil || n.edge.RunsWorkers())
	return job
}

// Close closes the sandbox's edge, if there is one. n may be nil.
func (n *network) Close() {
	if n != nil && n.edge != nil {
		n.edge.Close()
	}
}
