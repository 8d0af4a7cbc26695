package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

type lookup func(ctx context.Context, host string) ([]netip.Addr, error)

// resolve asks the system's resolver, which is what the user's own programs will ask.
func resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// zoneFirst asks the zone's own nameservers whether a new name is there yet, and the system's resolver only once it is. A
// resolver that is asked too early remembers for half an hour, Cloudflare's negative TTL (RFC 2308), that there is no such
// name, and would keep the user from a relay that works. Where the nameservers cannot be asked, the system is.
func zoneFirst(nameservers []string, port string, system lookup) lookup {
	return func(ctx context.Context, host string) ([]netip.Addr, error) {
		for _, server := range nameservers {
			_, err := lookupAt(ctx, net.JoinHostPort(server, port), host)
			if isNotFound(err) {
				return nil, err
			}
			if err == nil {
				break
			}
		}
		return system(ctx, host)
	}
}

// lookupAt asks one nameserver, and does not wait long: port 53 is closed in many networks.
func lookupAt(ctx context.Context, server, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server)
	}}
	// The dot at the end keeps search domains out.
	return resolver.LookupNetIP(ctx, "ip", host+".")
}

func isNotFound(err error) bool {
	var e *net.DNSError
	return errors.As(err, &e) && e.IsNotFound
}
