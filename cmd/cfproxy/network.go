package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/sandbox/edge"
	"github.com/cfproxy/cfproxy/provision/verify"
)

// network is the verifier's way to a relay: the real one, one bent by --connect-to and --cacert, or the sandbox's edge.
type network struct {
	verify.Net
	detours []detour
	edge    *edge.Edge
}

// expect prepares for a name that may be new.
func (n *network) expect(site plan.Site) {
	if n.edge == nil {
		n.Lookup = zoneFirst(site.Zone.NameServers, "53", resolve)
	}
}

// settles tells whether it is worth waiting for a host: not in a zone that is not active yet, nor for a certificate that
// nobody will issue, nor without a runtime.
func (n *network) settles(site plan.Site) bool {
	return site.Zone.Active() && site.SubdomainLevel() <= 1 && (n.edge == nil || n.edge.RunsWorkers())
}

// to is the way to one host. Where a detour gives the address, DNS is not asked.
func (n *network) to(host string) verify.Net {
	way := n.Net
	way.Direct = slices.ContainsFunc(n.detours, func(d detour) bool { return d.fits(host, "443") })
	return way
}

// Close ends the sandbox's edge, if there is one. A nil network has none.
func (n *network) Close() {
	if n != nil && n.edge != nil {
		n.edge.Close()
	}
}

func (p *program) network(c *cli.Context, account *account) (*network, error) {
	if account.sandbox != nil {
		return p.sandboxNetwork(c.Context, account.sandbox)
	}
	n := &network{}
	n.Net = verify.Net{Lookup: resolve, Dial: n.dial}
	for _, mapping := range c.StringSlice("connect-to") {
		detour, err := parseConnectTo(mapping)
		if err != nil {
			return nil, err
		}
		n.detours = append(n.detours, detour)
		n.CurlArgs = append(n.CurlArgs, "--connect-to", mapping)
	}
	if file := c.String("cacert"); file != "" {
		pool, err := readRoots(file)
		if err != nil {
			return nil, err
		}
		n.RootCAs = pool
		n.CurlArgs = append(n.CurlArgs, "--cacert", file)
	}
	return n, nil
}

func tlsConfig(n *network) *tls.Config { return &tls.Config{RootCAs: n.RootCAs} }

func readRoots(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, problem.Wrap("cacert-unreadable", err, "file", file)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, problem.Usage("cacert-empty", "file", file)
	}
	return pool, nil
}

// detour is curl's --connect-to HOST1:PORT1:HOST2:PORT2: who would connect to the first connects to the second. An empty
// HOST1 or PORT1 stands for any, an empty HOST2 or PORT2 for the same. https://curl.se/docs/manpage.html#--connect-to
type detour struct{ fromHost, fromPort, toHost, toPort string }

func parseConnectTo(s string) (detour, error) {
	parts := splitColons(s)
	if len(parts) != 4 {
		return detour{}, problem.Usage("connect-to-invalid", "value", s)
	}
	return detour{parts[0], parts[1], parts[2], parts[3]}, nil
}

// splitColons splits at colons outside of brackets, which hold IPv6 addresses.
func splitColons(s string) []string {
	depth := 0
	parts := []string{""}
	for _, c := range s {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == ':' && depth == 0:
			parts = append(parts, "")
		default:
			parts[len(parts)-1] += string(c)
		}
	}
	return parts
}

func (d detour) fits(host, port string) bool {
	return (d.fromHost == "" || strings.EqualFold(d.fromHost, host)) && (d.fromPort == "" || d.fromPort == port)
}

// dial connects to an address, or to where the first detour that fits leads.
func (n *network) dial(ctx context.Context, protocol, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	for _, d := range n.detours {
		if d.fits(host, port) {
			host, port = cmp.Or(d.toHost, host), cmp.Or(d.toPort, port)
			break
		}
	}
	return (&net.Dialer{}).DialContext(ctx, protocol, net.JoinHostPort(host, port))
}
