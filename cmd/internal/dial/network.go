// Package dial connects the verifier to relays: how a hostname is resolved, where a connection goes, and which certificate
// authorities are trusted.
package dial

import (
	"cmp"
	"context"
	"crypto/x509"
	"net"
	"os"
	"slices"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/verify"
)

// Network is how the verifier reaches relays. Net is for any host; see [Network.For].
type Network struct {
	verify.Net
	connectTo []connectTo
}

// New returns the network of this machine, as the flags change it: connectTo has the values of --connect-to, and caCert is the
// PEM file of --cacert, "" for the authorities that the system trusts.
func New(connectTo []string, caCert string) (*Network, error) {
	n := &Network{}
	n.Net = verify.Net{Lookup: lookupSystem, Dial: n.dial}
	for _, value := range connectTo {
		rule, err := parseConnectTo(value)
		if err != nil {
			return nil, err
		}
		n.connectTo = append(n.connectTo, rule)
		n.CurlArgs = append(n.CurlArgs, "--connect-to", value)
	}
	if caCert != "" {
		pool, err := readCertPool(caCert)
		if err != nil {
			return nil, err
		}
		n.RootCAs = pool
		n.CurlArgs = append(n.CurlArgs, "--cacert", caCert)
	}
	return n, nil
}

// For returns the network for one host. DNS is not checked if a --connect-to sets the address of the host.
func (n *Network) For(host string) verify.Net {
	net := n.Net
	net.Direct = slices.ContainsFunc(n.connectTo, func(c connectTo) bool { return c.matches(host, "443") })
	return net
}

// ForNew returns the network for a host that may have been created a moment ago. Lookups ask the nameservers of its zone first.
func (n *Network) ForNew(host string, nameservers []string) verify.Net {
	net := n.For(host)
	net.Lookup = lookupFirstAt(nameservers, "53", lookupSystem)
	return net
}

// dial connects to an address, or to the address that the first matching --connect-to replaces it with.
func (n *Network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	for _, c := range n.connectTo {
		if c.matches(host, port) {
			host, port = cmp.Or(c.toHost, host), cmp.Or(c.toPort, port)
			break
		}
	}
	return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(host, port))
}

func readCertPool(file string) (*x509.CertPool, error) {
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
