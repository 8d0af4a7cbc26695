package plan

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/worker"
)

// DefaultOrigin is the content of the proxied record unless another address is configured. It is a placeholder:
// Cloudflare sends nothing there while the route exists, because the Worker responds instead.
const DefaultOrigin = "2.2.2.2"

// Config describes one relay as its owner wants it.
type Config struct {
	// Domains are the hostnames of the relay, at least one, in any form that hostname.Parse accepts. They may be in
	// several zones and accounts. The relay has one Worker in each account.
	Domains []string
	// Worker is the name of the script: at most 63 lower-case letters, digits and dashes, without a dash at either end.
	// If it is empty, AssignWorkerNames chooses it.
	Worker string
	// Account is the id of the account, 32 hex digits. If it is empty, it is the account that has the zone.
	Account string
	// Providers are the upstreams. The first one serves the root path.
	Providers []worker.Provider
	// Origin is the content of the proxied record, a public IPv4 address. Cloudflare does not proxy records with other
	// addresses. If it is empty, it is DefaultOrigin.
	Origin string
	// Region is where the Worker runs, such as "aws:us-east-1". If it is empty, the Worker runs near the caller.
	// https://developers.cloudflare.com/workers/configuration/placement/
	Region string
	// Settings are the settings that do not depend on the provider. Origins may have any form that hostname.ParseOrigin
	// accepts.
	Settings worker.Settings
	// Tokens are those that a managed relay accepts. If they are nil, the deployed ones stay.
	Tokens []worker.Token
	// Keys are the provider keys of a managed relay, by the provider's id. A key that is not listed stays as it is
	// deployed.
	Keys map[string]binding.Secret
	// ProgramVersion is the version of cfproxy, which the Worker reports in its health response.
	ProgramVersion string
}

var (
	accountPattern = lazyRegexp(`^[0-9a-f]{32}$`)
	workerPattern  = lazyRegexp(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	regionPattern  = lazyRegexp(`^(aws|gcp|azure):[a-z0-9-]{2,40}$`)
)

// Normalize returns the config with hostnames in ASCII, duplicates removed, tokens sorted and defaults filled in. If a
// setting is invalid, it returns an *errcode.Error for the first one. Providers may be empty, because destroy and
// status do not need them.
func (c Config) Normalize() (Config, error) {
	hosts, err := parseHosts(c.Domains)
	if err != nil {
		return Config{}, err
	}
	c.Domains = hosts
	if c.Origin == "" {
		c.Origin = DefaultOrigin
	}
	c.Account = strings.ToLower(c.Account)
	if c.Settings.Origins, err = hostname.ParseOrigins(c.Settings.Origins); err != nil {
		return Config{}, err
	}
	c.Tokens = binding.SortTokens(c.Tokens)
	if err := c.check(); err != nil {
		return Config{}, err
	}
	return c, nil
}

func parseHosts(domains []string) ([]string, error) {
	if len(domains) == 0 {
		return nil, errcode.New(errcode.HostMissing)
	}
	var hosts []string
	for _, domain := range domains {
		host, err := hostname.Parse(domain)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts, nil
}

func (c Config) check() error {
	if c.Account != "" && !accountPattern().MatchString(c.Account) {
		return errcode.New(errcode.AccountInvalid, "value", c.Account)
	}
	// The API cannot route requests for a Worker named "accounts": https://github.com/cloudflare/workers-sdk/issues/4660
	if c.Worker != "" && (!workerPattern().MatchString(c.Worker) || c.Worker == "accounts") {
		return errcode.New(errcode.WorkerInvalid, "value", c.Worker)
	}
	if c.Region != "" && !regionPattern().MatchString(c.Region) {
		return errcode.New(errcode.RegionInvalid, "value", c.Region)
	}
	if addr, err := netip.ParseAddr(c.Origin); err != nil || !addr.Is4() || !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return errcode.New(errcode.OriginInvalid, "value", c.Origin)
	}
	if err := c.checkSizes(); err != nil {
		return err
	}
	return c.checkUpstreamHosts(func(host string) bool { return slices.Contains(c.Domains, host) })
}

// Limits of environment variables on the free plan. https://developers.cloudflare.com/workers/platform/limits/
const (
	maxVariableSize   = 5 << 10 // bytes of one variable
	maxVariables      = 64
	reservedVariables = 6 // variables that do not belong to a provider

	// maxLimits is our own limit. Each distinct rate limit takes a binding.
	maxLimits = 20
)

// checkSizes returns an error for settings that the API would not accept. Without it, a deploy would fail half-way.
func (c Config) checkSizes() error {
	providers, _ := json.Marshal(c.Providers) // plain strings and booleans: cannot fail
	settings, _ := json.Marshal(c.Settings)
	kilobytes := func(b []byte) string { return strconv.FormatFloat(float64(len(b))/1024, 'f', 1, 64) }
	switch {
	case c.Settings.Managed && len(c.Providers)+reservedVariables > maxVariables:
		return errcode.New(errcode.TooManyKeys, "count", strconv.Itoa(len(c.Providers)), "most", strconv.Itoa(maxVariables-reservedVariables))
	case c.Settings.Managed && len(binding.Rates(c.Tokens)) > maxLimits:
		return errcode.New(errcode.TooManyLimits, "count", strconv.Itoa(len(binding.Rates(c.Tokens))), "most", strconv.Itoa(maxLimits))
	case len(providers) > maxVariableSize:
		return errcode.New(errcode.ProvidersTooLarge, "count", strconv.Itoa(len(c.Providers)), "size", kilobytes(providers))
	case len(settings) > maxVariableSize:
		return errcode.New(errcode.OriginsTooLarge, "count", strconv.Itoa(len(c.Settings.Origins)), "size", kilobytes(settings))
	}
	return nil
}

// CheckUpstreams returns an *errcode.Error with code errcode.UpstreamLoop if a relay would call itself: if a provider
// is on a host with a route to the same Worker, whether the route is ours or not. It is needed before a deploy, not
// before a destroy.
func (o Observed) CheckUpstreams() error {
	for _, relay := range o.Relays {
		err := relay.Config.checkUpstreamHosts(func(host string) bool {
			return slices.Contains(relay.Hosts(), host) ||
				slices.ContainsFunc(relay.Dependents, func(pattern string) bool { return matchesHost(patternHost(pattern), host) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// checkUpstreamHosts returns an error if isOwn returns true for the host of a provider. Ports do not matter, because a
// route matches every port.
func (c Config) checkUpstreamHosts(isOwn func(host string) bool) error {
	for _, provider := range c.Providers {
		origin, err := url.Parse(provider.Origin)
		if err == nil && isOwn(origin.Hostname()) {
			return errcode.New(errcode.UpstreamLoop, "host", origin.Hostname(), "provider", provider.ID)
		}
	}
	return nil
}
