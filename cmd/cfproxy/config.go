package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/templates"
	"github.com/cfproxy/cfproxy/worker"
)

// configName is the file that is read where none is named, and that init writes.
const configName = "cfproxy.toml"

// configFile is cfproxy.toml as it is written. Its keys are those of the settings; what is a pointer may be absent, which an
// empty text is not.
type configFile struct {
	Domains   []string `toml:"domains"`
	Providers []string `toml:"providers"`
	Worker    *string  `toml:"worker"`
	Account   *string  `toml:"account"`
	Region    *string  `toml:"region"`
	Origin    *string  `toml:"origin"`

	Access       *string     `toml:"access"`
	Page         *bool       `toml:"page"`
	AllowOrigins []string    `toml:"allow_origins"`
	Tokens       []fileToken `toml:"tokens"`
}

// settings gives what the file says, but for its tokens.
func (f configFile) settings() settings {
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

func listOf(value *string) []string {
	if value == nil {
		return nil
	}
	return []string{*value}
}

// configFile reads the file that was named, or cfproxy.toml of this folder if there is one. A file that does not list the
// domains given by flag is about another relay: it is passed over, or an error if it was named.
func (p *program) configFile(path string, domains []string) (settings, error) {
	named := path != ""
	if !named {
		path = configName
	}
	text, err := readRegular(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return nil, nil
	}
	if err != nil {
		return nil, wrap("config-unreadable", err, "file", path)
	}
	file, err := parseConfig(path, withoutMark(text))
	if err != nil {
		return nil, err
	}
	if other := firstMissing(domains, file[keyDomains]); other != "" {
		if named {
			return nil, usage("config-not-about", "file", path, "host", other)
		}
		return nil, nil
	}
	return file, nil
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

// firstMissing gives the first of domains that is not listed, whatever its spelling, or "".
func firstMissing(domains, listed []string) string {
	for _, domain := range domains {
		same := func(other string) bool {
			a, errA := provision.ParseHostname(domain)
			b, errB := provision.ParseHostname(other)
			return errA == nil && errB == nil && a == b
		}
		if !slices.ContainsFunc(listed, same) {
			return domain
		}
	}
	return ""
}

func parseConfig(path string, text []byte) (settings, error) {
	var file configFile
	decoder := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, configError(path, text, err)
	}
	s := file.settings()
	if err := checkValues(path, text, s); err != nil {
		return nil, err
	}
	tokens, err := checkTokens(path, text, file.Tokens)
	if err != nil {
		return nil, err
	}
	// A file that lists no tokens says that there are none.
	s[keyTokens] = encodeTokens(tokens)
	return s, nil
}

// relay is what one run is about: what the engine is to make, and what is known of the providers behind it.
type relay struct {
	provision.Config
	providers []templates.Provider
	chosen    settings
	// asListed says that the order of the providers is not known, so that the Worker is asked.
	asListed bool
}

// relay makes a normalised relay of the settings.
func (p *program) relay(s settings) (relay, error) {
	providers, err := chooseProviders(s[keyProviders])
	if err != nil {
		return relay{}, err
	}
	r, err := relayTo(providers, s)
	p.hosts = r.Domains
	return r, err
}

func relayTo(providers []templates.Provider, s settings) (relay, error) {
	choices, err := choicesOf(s)
	if err != nil {
		return relay{}, err
	}
	tokens, err := decodeTokens(s)
	if err != nil {
		return relay{}, err
	}
	config, err := provision.Config{
		Domains:   s[keyDomains],
		Worker:    s.one(keyWorker),
		Account:   s.one(keyAccount),
		Providers: upstreamsOf(providers),
		Origin:    s.one(keyOrigin),
		Region:    s.one(keyRegion),
		Settings:  choices,
		Tokens:    tokens,
		Version:   version(),
	}.Normalize()
	return relay{Config: config, providers: providers, chosen: s}, err
}

// choicesOf reads the settings that are not about a single provider.
func choicesOf(s settings) (worker.Settings, error) {
	access := strings.ToLower(strings.TrimSpace(s.one(keyAccess)))
	if _, given := s[keyAccess]; given && access != provision.AccessManaged && access != provision.AccessOpen {
		return worker.Settings{}, usage("access-unknown", "value", s.one(keyAccess),
			"known", provision.AccessOpen+", "+provision.AccessManaged)
	}
	return worker.Settings{
		Managed: access == provision.AccessManaged, Page: s.one(keyPage) != "false", Origins: s[keyAllowOrigins],
	}, nil
}

// writeConfig writes the relay as cfproxy.toml, unless there is one: what somebody wrote is not overwritten.
func (p *program) writeConfig(r relay, name string) (path string, written bool, err error) {
	comments := map[string]string{}
	for _, key := range append([]string{"head"}, settingsOf("init")...) {
		comments[key] = p.text.T("comment." + key)
	}
	file := templates.File{
		Domains: r.Domains, Providers: specsOf(r.providers), Worker: name, Region: r.Region, Account: r.Account, Comments: comments,
	}
	if r.Origin != provision.DefaultOrigin {
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
		return path, false, wrap("config-unwritable", err, "file", path)
	}
	_, err = f.WriteString(text)
	return path, err == nil, errors.Join(err, f.Close())
}
