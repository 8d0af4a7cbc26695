package config

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"

	"github.com/pelletier/go-toml/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/hostname"
)

// relayBlock is what cfproxy.toml says of one relay. A pointer may be absent, which an empty text is not.
type relayBlock struct {
	Domains      []string `toml:"domains"`
	Providers    []string `toml:"providers"`
	Worker       *string  `toml:"worker"`
	Account      *string  `toml:"account"`
	Region       *string  `toml:"region"`
	Origin       *string  `toml:"origin"`
	Access       *string  `toml:"access"`
	Page         *bool    `toml:"page"`
	AllowOrigins []string `toml:"allow_origins"`
}

// file is a whole cfproxy.toml: one relay, or several that share what comes before the first [[relays]]. Tokens are valid at all
// of them.
type file struct {
	relayBlock
	Tokens []tokenBlock `toml:"tokens"`
	Relays []relayBlock `toml:"relays"`
}

// values returns the values of a key as they are written, blank ones included.
func (b relayBlock) values(key string) []string {
	switch key {
	case KeyDomains:
		return b.Domains
	case KeyProviders:
		return b.Providers
	case KeyAllowOrigins:
		return b.AllowOrigins
	case KeyPage:
		if b.Page == nil {
			return nil
		}
		return []string{strconv.FormatBool(*b.Page)}
	}
	value := map[string]*string{
		KeyWorker: b.Worker, KeyAccount: b.Account, KeyRegion: b.Region, KeyOrigin: b.Origin, KeyAccess: b.Access,
	}[key]
	if value == nil {
		return nil
	}
	return []string{*value}
}

func (b relayBlock) settings() Settings {
	var s Settings
	for _, setting := range Table() {
		if values := b.values(setting.Key); len(values) > 0 {
			setting.set(&s, values)
		}
	}
	return s
}

// relays returns the settings of every relay of the file. What comes before the first block applies to all of them, except the
// hosts and the Worker's name, which are a relay's own.
func (f file) relays() []Settings {
	shared := f.settings()
	if len(f.Relays) == 0 {
		return []Settings{shared}
	}
	var all []Settings
	if len(f.Domains) > 0 {
		all = append(all, shared)
	}
	for _, block := range f.Relays {
		s := shared
		s.Domains, s.Worker = nil, ""
		all = append(all, s.merge(block.settings()))
	}
	return all
}

// ReadFile reads the file at path, or cfproxy.toml of this folder if path is "", and returns the settings of its relays; none
// where there is no file. With domains it returns only the relays that have some of them, with those domains alone. A domain that
// the file does not list is an error if the file was named; else the file is about another relay and is ignored.
func ReadFile(path string, domains []string) ([]Settings, error) {
	isNamed := path != ""
	if !isNamed {
		path = FileName
	}
	text, err := readRegular(path)
	if errors.Is(err, fs.ErrNotExist) && !isNamed {
		return nil, nil
	}
	if err != nil {
		return nil, problem.Wrap("config-unreadable", err, "file", path)
	}
	relays, err := parse(path, withoutBOM(text))
	if err != nil || len(domains) == 0 {
		return relays, err
	}
	selected, missing := selectRelays(relays, domains)
	switch {
	case missing != "" && isNamed:
		return nil, problem.Usage("config-not-about", "file", path, "host", missing)
	case missing != "":
		return nil, nil
	}
	return selected, nil
}

// readRegular reads a regular file. Opening a pipe without a writer would block for ever.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("no regular file")
	}
	return os.ReadFile(path)
}

// withoutBOM drops the byte order mark that Windows editors write.
func withoutBOM(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\ufeff")) }

// selectRelays returns the relays that have some of the domains, with those alone, or the first domain that no relay lists.
func selectRelays(relays []Settings, domains []string) (selected []Settings, missing string) {
	wanted := map[string]bool{}
	for _, domain := range domains {
		wanted[normalHost(domain)] = true
	}
	for _, relay := range relays {
		var hosts []string
		for _, host := range relay.Domains {
			if wanted[normalHost(host)] {
				hosts = append(hosts, host)
				delete(wanted, normalHost(host))
			}
		}
		if len(hosts) > 0 {
			relay.Domains = hosts
			selected = append(selected, relay)
		}
	}
	if i := slices.IndexFunc(domains, func(domain string) bool { return wanted[normalHost(domain)] }); i >= 0 {
		return nil, domains[i]
	}
	return selected, ""
}

// normalHost returns a hostname in the one spelling that can be compared, or the text as it is if it is no hostname.
func normalHost(domain string) string {
	if host, err := hostname.Parse(domain); err == nil {
		return host
	}
	return domain
}

func parse(path string, text []byte) ([]Settings, error) {
	if err := checkEncoding(path, text); err != nil {
		return nil, err
	}
	var f file
	decoder := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return nil, decodeError(path, text, err)
	}
	if err := f.check(path, text); err != nil {
		return nil, err
	}
	tokens, err := parseTokens(path, text, f.Tokens)
	if err != nil {
		return nil, err
	}
	relays := f.relays()
	for i := range relays {
		relays[i].Tokens = tokens
	}
	return relays, nil
}
