package verify

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
)

const maxListed = 8 // addresses or names in one detail

// dns resolves the host and classifies its addresses. It does not compare them with Cloudflare's address ranges: these
// change, and the later probes check who responds there.
func (a *attempt) dns(ctx context.Context, _ Upstream) Result {
	if field := a.target.invalidField(); field != "" {
		return Result{Code: CodeTargetInvalid, Details: map[string]string{"field": field}}
	}
	if a.net.Direct {
		return Result{Code: CodeDNSDirect}
	}
	addresses, err := a.net.Lookup(ctx, a.target.Host)
	var dnsErr *net.DNSError
	switch {
	case errors.As(err, &dnsErr) && dnsErr.IsNotFound, err == nil && len(addresses) == 0:
		return Result{Code: CodeDNSNotFound}
	case err != nil:
		return Result{Code: CodeDNSResolverFailed, Details: map[string]string{"error": err.Error()}}
	}
	result := classifyAddresses(addresses, a.target.Origin)
	if result.Code == CodeDNSNotProxied && a.target.Paused {
		result.Code = CodeDNSZonePaused
	}
	return result
}

// classifyAddresses fails if a single address is wrong, because a client may use any of them.
func classifyAddresses(addresses []netip.Addr, origin string) Result {
	addresses = slices.Clone(addresses)
	for i, addr := range addresses {
		addresses[i] = addr.Unmap()
	}
	slices.SortFunc(addresses, netip.Addr.Compare)
	placeholder, _ := netip.ParseAddr(origin)
	details := map[string]string{"addresses": joinAddresses(addresses)}
	switch {
	case placeholder.IsValid() && slices.Contains(addresses, placeholder.Unmap()):
		details["origin"] = placeholder.String()
		return Result{Code: CodeDNSNotProxied, Details: details}
	case slices.ContainsFunc(addresses, isPrivate):
		return Result{Code: CodeDNSPrivateAddress, Details: details}
	case slices.ContainsFunc(addresses, isFakeIP):
		return Result{Code: CodeDNSLocalProxy, Details: details}
	}
	return Result{Code: CodeDNSResolved, Details: details}
}

// isPrivate reports whether a public name should not resolve to the address. https://www.rfc-editor.org/rfc/rfc6890
func isPrivate(a netip.Addr) bool {
	return !a.IsValid() || a.IsPrivate() || a.IsLoopback() || a.IsUnspecified() || a.IsLinkLocalUnicast() || a.IsMulticast() ||
		netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10).Contains(a)
}

// isFakeIP reports whether the address is in 198.18.0.0/15. Proxies on the user's own machine return such addresses for
// names and translate them back when a connection is made ("fake-ip" mode). The range is reserved for benchmarks (RFC
// 2544), so nothing else uses it.
func isFakeIP(a netip.Addr) bool {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18}), 15).Contains(a)
}

func joinAddresses(addresses []netip.Addr) string {
	var texts []string
	for _, a := range addresses[:min(len(addresses), maxListed)] {
		texts = append(texts, a.String())
	}
	return strings.Join(texts, ", ")
}
