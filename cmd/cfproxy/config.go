package main

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/templates"
	"github.com/cfproxy/cfproxy/worker"
)

// configName is the file that is read where none is named, and that init writes.
const configName = "cfproxy.toml"

// configRelay is what cfproxy.toml says of one relay, as it is written. Its keys are those of the settings; what is a pointer
// may be absent, which an empty text is not.
type configRelay struct {
	Domains   []string `toml:"domains"`
	Providers []string `toml:"providers"`
	Worker    *string  `toml:"worker"`
	Account   *string  `toml:"account"`
	Region    *string  `toml:"region"`
	Origin    *string  `toml:"origin"`

	Access       *string  `toml:"access"`
	Page         *bool    `toml:"page"`
	AllowOrigins []string `toml:"allow_origins"`
}

// configFile is the whole file: one relay, or many that share what stands before the first [[relays]]. Tokens are good at all of
// them.
type configFile struct {
	configRelay
	Tokens []fileToken   `toml:"tokens"`
	Relays []configRelay `toml:"relays"`
}

// settings gives what is said of one relay.
func (f configRelay) settings() settings {
	s := settings{}
	for key, values := range map[string][]string{
		keyDomains: f.Domains, keyProviders: f.Providers, keyWorker: listOf(f.Worker), keyAccount: listOf(f.Account),
		keyRegion: listOf(f.Region), keyOrigin: listOf(f.Origin), keyAccess: listOf(f.Access), keyAllowOrigins: f.AllowOrigins,
	} {
		if len(values) > 0 {
			s[key] = values
		}
	}
	if f.Page != nil {
		s[keyPage] = []string{strconv.FormatBool(*f.Page)}
	}
	return s
}

// relays gives the settings of every relay of the file. What is said before the first block is said of all of them, but for the
// hosts and the Worker's name, which are a relay's own.
func (f configFile) relays() []settings {
	shared := f.settings()
	if len(f.Relays) == 0 {
		return []settings{shared}
	}
	var all []settings
	if len(f.Domains) > 0 {
		all = append(all, shared)
	}
	for _, relay := range f.Relays {
		s := maps.Clone(shared)
		delete(s, keyDomains)
		delete(s, keyWorker)
		maps.Copy(s, relay.settings())
		all = append(all, s)
	}
	return all
}

func listOf(value *string) []string {
	if value == nil {
		return nil
	}
	return []string{*value}
}

// configFile reads the file that was named, or cfproxy.toml of this folder if there is one, and gives its relays; none where
// there is no file. Of the domains given by flag the file must list each: then only those are meant. One that it does not list is
// about another relay: the file is passed over, or it is an error if it was named.
func (p *program) configFile(path string, domains []string) ([]settings, error) {
	named := path != ""
	if !named {
		path = configName
	}
	text, err := readRegular(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return nil, nil
	}
	if err != nil {
		return nil, problem.Wrap("config-unreadable", err, "file", path)
	}
	relays, err := parseConfig(path, withoutMark(text))
	if err != nil || len(domains) == 0 {
		return relays, err
	}
	chosen, other := choose(relays, domains)
	switch {
	case other != "" && named:
		return nil, problem.Usage("config-not-about", "file", path, "host", other)
	case other != "":
		return nil, nil
	}
	return chosen, nil
}

// readRegular reads a file, and not a pipe that nobody writes to.
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

// withoutMark drops the byte order mark that Notepad begins with.
func withoutMark(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\ufeff")) }

// choose gives the relays of a file that have some of the domains, with those alone, or the first domain that no relay lists.
func choose(relays []settings, domains []string) (chosen []settings, missing string) {
	wanted := map[string]string{} // as it is looked up, and as it was written
	for _, domain := range domains {
		wanted[lookedUp(domain)] = domain
	}
	for _, relay := range relays {
		var hosts []string
		for _, host := range relay[keyDomains] {
			if _, isWanted := wanted[lookedUp(host)]; isWanted {
				hosts = append(hosts, host)
				delete(wanted, lookedUp(host))
			}
		}
		if len(hosts) > 0 {
			relay = maps.Clone(relay)
			relay[keyDomains] = hosts
			chosen = append(chosen, relay)
		}
	}
	for _, domain := range domains {
		if _, left := wanted[lookedUp(domain)]; left {
			return nil, domain
		}
	}
	return chosen, ""
}

// lookedUp is a hostname in the one spelling that is compared; as it is where it is none.
func lookedUp(domain string) string {
	if host, err := hostname.Parse(domain); err == nil {
		return host
	}
	return domain
}

func parseConfig(path string, text []byte) ([]settings, error) {
	var file configFile
	decoder := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, configError(path, text, err)
	}
	if err := checkFile(path, text, file); err != nil {
		return nil, err
	}
	tokens, err := checkTokens(path, text, file.Tokens)
	if err != nil {
		return nil, err
	}
	relays := file.relays()
	for _, relay := range relays {
		// A file that lists no tokens says that there are none.
		relay[keyTokens] = encodeTokens(tokens)
	}
	return relays, nil
}

// choicesOf reads the settings that are not about a single provider.
func choicesOf(s settings) (worker.Settings, error) {
	access := strings.ToLower(strings.TrimSpace(s.one(keyAccess)))
	if _, given := s[keyAccess]; given && access != binding.AccessManaged && access != binding.AccessPassThrough {
		return worker.Settings{}, problem.Usage("access-unknown", "value", s.one(keyAccess),
			"known", binding.AccessPassThrough+", "+binding.AccessManaged)
	}
	return worker.Settings{
		Managed: access == binding.AccessManaged, Page: s.one(keyPage) != "false", Origins: s[keyAllowOrigins],
	}, nil
}

// writeConfig writes the relay as cfproxy.toml, unless there is one: what somebody wrote is not overwritten.
func (p *program) writeConfig(r relay, name string) (path string, written bool, err error) {
	comments := map[string]string{}
	for _, key := range append([]string{"head"}, settingsOf("init")...) {
		comments[key] = p.text.T("comment." + key)
	}
	file := templates.Config{
		Domains: r.Domains, Providers: specsOf(r.providers), Worker: name, Region: r.Region, Account: r.Account, Comments: comments,
	}
	if r.Origin != plan.DefaultOrigin {
		file.Origin = r.Origin
	}
	file.Managed, file.NoPage, file.AllowOrigins = r.Settings.Managed, !r.Settings.Page, r.Settings.Origins
	text, err := templates.ConfigFile(file)
	if err != nil {
		return "", false, err
	}
	for _, token := range r.Tokens {
		text = string(withToken([]byte(text), token))
	}
	path = filepath.Clean(configName)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return path, false, nil
	}
	if err != nil {
		return path, false, problem.Wrap("config-unwritable", err, "file", path)
	}
	_, err = f.WriteString(text)
	return path, err == nil, errors.Join(err, f.Close())
}
