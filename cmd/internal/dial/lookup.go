package dial

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

type lookupFunc func(ctx context.Context, host string) ([]netip.Addr, error)

// lookupSystem asks the system's resolver, as the user's own programs do.
func lookupSystem(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// lookupFirstAt asks the zone's nameservers whether a host exists, and the system's resolver only if it does. A resolver that
// is asked too early caches the negative answer for half an hour, which is Cloudflare's negative TTL (RFC 2308), so the user
// could not reach a relay that works. If no nameserver answers, the system's resolver is asked.
func lookupFirstAt(nameservers []string, port string, system lookupFunc) lookupFunc {
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

// lookupAt asks one nameserver. Its timeout is short because many networks block port 53.
func lookupAt(ctx context.Context, server, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server)
	}}
	// The dot at the end prevents search domains.
	return resolver.LookupNetIP(ctx, "ip", host+".")
}

func isNotFound(err error) bool {
	var e *net.DNSError
	return errors.As(err, &e) && e.IsNotFound
}
