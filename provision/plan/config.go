package plan

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/worker"
)

// DefaultOrigin is the address of the proxied record unless the owner chose another. Nothing is ever sent there while
// the route stands, since the Worker answers in its place.
const DefaultOrigin = "2.2.2.2"

// Config is one relay as its owner wants it.
type Config struct {
	// Domains are the hostnames that the relay answers on, in any spelling that ParseHostname takes. At least one. They may be
	// of several zones and accounts: there is one Worker in each account.
	Domains []string
	// Worker is the script's name: lower-case letters, digits and dashes, at most 63 characters, no dash at the ends.
	// Empty: the name of our Worker that serves the first host already, else WorkerName of the first host.
	Worker string
	// Account is the account's id, 32 hex digits. Empty: the account that holds the zone.
	Account string
	// Providers are the upstreams; the first one answers at the root.
	Providers []worker.Provider
	// Origin is the IPv4 address of the proxied record, a public one: Cloudflare takes no other. Empty: DefaultOrigin.
	Origin string
	// Region is where the Worker runs, such as "aws:us-east-1". Empty: near the caller.
	// https://developers.cloudflare.com/workers/configuration/placement/
	Region string
	// Settings are the choices that are not about one provider. Origins may be in any spelling that ParseOrigin takes.
	Settings worker.Settings
	// Tokens let callers in where access is managed; nil: those that the Worker lets in already.
	Tokens []worker.Token
	// Keys are the owner's, by the id of the provider, where access is managed. One that is not here stays as it is in the
	// account.
	Keys map[string]binding.Secret
	// Version is the program's own version; it reaches the Worker's health answer.
	Version string
	// Adopt takes over what stands at our addresses and is not ours.
	Adopt bool
}

var (
	accountPattern = regexp.MustCompile(`^[0-9a-f]{32}$`)
	workerPattern  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	regionPattern  = regexp.MustCompile(`^(aws|gcp|azure):[a-z0-9-]{2,40}$`)
)

// Normalize gives the Config with hostnames in ASCII, duplicates dropped and defaults filled in, or the first *Error in
// it. Providers may be empty: destroy and status need none.
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
	if c.Account != "" && !accountPattern.MatchString(c.Account) {
		return errcode.New(errcode.AccountInvalid, "value", c.Account)
	}
	// A Worker named "accounts" breaks the API's own routing: https://github.com/cloudflare/workers-sdk/issues/4660
	if c.Worker != "" && (!workerPattern.MatchString(c.Worker) || c.Worker == "accounts") {
		return errcode.New(errcode.WorkerInvalid, "value", c.Worker)
	}
	if c.Region != "" && !regionPattern.MatchString(c.Region) {
		return errcode.New(errcode.RegionInvalid, "value", c.Region)
	}
	if addr, err := netip.ParseAddr(c.Origin); err != nil || !addr.Is4() || !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return errcode.New(errcode.OriginInvalid, "value", c.Origin)
	}
	if err := c.checkSizes(); err != nil {
		return err
	}
	return c.checkUpstreams()
}

// Limits of a Worker's variables on the free plan. https://developers.cloudflare.com/workers/platform/limits/
const (
	maxVariableSize   = 5 << 10 // bytes each
	maxVariables      = 64
	reservedVariables = 6 // those that are no provider's

	// maxLimits is ours: each limit is a binding, and nobody needs more kinds of them.
	maxLimits = 20
)

// checkSizes finds what Cloudflare would refuse in the middle of a deploy.
func (c Config) checkSizes() error {
	// Marshalling plain strings cannot fail.
	providers, _ := json.Marshal(c.Providers)
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

// checkUpstreams refuses a relay that would call itself.
func (c Config) checkUpstreams() error {
	return c.checkUpstreamHosts(func(host string) bool { return slices.Contains(c.Domains, host) })
}

// CheckUpstreams refuses a relay that would call itself by another of its names: a host whose route, made by whomever, leads
// to the same Worker. Who deploys asks this after Observe; who removes need not.
func (o Observed) CheckUpstreams() error {
	for _, relay := range o.Relays {
		err := relay.Config.checkUpstreamHosts(func(host string) bool {
			return slices.Contains(relay.Hosts(), host) ||
				slices.ContainsFunc(relay.Dependents, func(pattern string) bool { return patternCovers(patternHost(pattern), host) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// refuseUpstreams compares names alone, since a route answers on every port.
func (c Config) checkUpstreamHosts(isItself func(host string) bool) error {
	for _, provider := range c.Providers {
		origin, err := url.Parse(provider.Origin)
		if err == nil && isItself(origin.Hostname()) {
			return errcode.New(errcode.UpstreamLoop, "host", origin.Hostname(), "provider", provider.ID)
		}
	}
	return nil
}
