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

// dns asks for the host's addresses and judges them. Which addresses are Cloudflare's is not checked: the list changes,
// and what answers there is the other probes' question.
func (p *pass) dns(ctx context.Context, _ Upstream) verdict {
	if field := p.target.flaw(); field != "" {
		return verdict{CodeTargetInvalid, map[string]string{"field": field}}
	}
	if p.net.Direct {
		return verdict{code: CodeDNSDirect}
	}
	addresses, err := p.net.Lookup(ctx, p.target.Host)
	var failure *net.DNSError
	switch {
	case errors.As(err, &failure) && failure.IsNotFound, err == nil && len(addresses) == 0:
		return verdict{code: CodeDNSNotFound}
	case err != nil:
		return verdict{CodeDNSResolverFailed, map[string]string{"error": err.Error()}}
	}
	return judgeAddresses(addresses, p.target.Origin)
}

// judgeAddresses looks for one address that spoils the answer: a client may take any of them.
func judgeAddresses(addresses []netip.Addr, origin string) verdict {
	addresses = slices.Clone(addresses)
	for i, a := range addresses {
		addresses[i] = a.Unmap()
	}
	slices.SortFunc(addresses, netip.Addr.Compare)
	placeholder, _ := netip.ParseAddr(origin)
	details := map[string]string{"addresses": joinAddresses(addresses)}
	switch {
	case placeholder.IsValid() && slices.Contains(addresses, placeholder.Unmap()):
		details["origin"] = placeholder.String()
		return verdict{CodeDNSNotProxied, details}
	case slices.ContainsFunc(addresses, isPrivate):
		return verdict{CodeDNSPrivateAddress, details}
	case slices.ContainsFunc(addresses, isFake):
		return verdict{CodeDNSLocalProxy, details}
	}
	return verdict{CodeDNSResolved, details}
}

// isPrivate covers what no public name should resolve to. https://www.rfc-editor.org/rfc/rfc6890
func isPrivate(a netip.Addr) bool {
	return !a.IsValid() || a.IsPrivate() || a.IsLoopback() || a.IsUnspecified() || a.IsLinkLocalUnicast() || a.IsMulticast() ||
		netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10).Contains(a)
}

// isFake covers the range that proxies on the user's own machine hand out as stand-ins for names, and translate back when
// it is connected to. It is reserved for benchmarks (RFC 2544), so nothing else is found there.
func isFake(a netip.Addr) bool {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18}), 15).Contains(a)
}

func joinAddresses(addresses []netip.Addr) string {
	var texts []string
	for _, a := range addresses[:min(len(addresses), maxListed)] {
		texts = append(texts, a.String())
	}
	return strings.Join(texts, ", ")
}
