package config

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/input"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/worker"
)

// FileName is the file that is read where none is named, and that init writes.
const FileName = "cfproxy.toml"

// Settings are the choices for one relay. An empty value was not chosen.
type Settings struct {
	Domains []string
	// Providers are references: ID, or ID=VALUE where the origin has a placeholder.
	Providers []string
	Worker    string
	Account   string
	Region    string
	Origin    string
	Access    string
	Page      *bool
	// AllowOrigins are the web origins that may call the relay; empty for all.
	AllowOrigins []string
	// Tokens are those that the file lists; nil where no file was read, empty where the file lists none.
	Tokens []worker.Token
}

// HasFile reports whether a cfproxy.toml decides about the tokens.
func (s Settings) HasFile() bool { return s.Tokens != nil }

// WithTokens returns the settings with tokens, as if a file had listed them.
func (s Settings) WithTokens(tokens []worker.Token) Settings {
	s.Tokens = append([]worker.Token{}, tokens...) // never nil
	return s
}

// IsManaged reports whether access is managed.
func (s Settings) IsManaged() bool { return s.Access == binding.AccessManaged }

// The keys of settings, in cfproxy.toml and in the catalogues, and of the two blocks that cfproxy.toml may have.
const (
	KeyDomains      = "domains"
	KeyProviders    = "providers"
	KeyWorker       = "worker"
	KeyAccount      = "account"
	KeyRegion       = "region"
	KeyOrigin       = "origin"
	KeyAccess       = "access"
	KeyPage         = "page"
	KeyAllowOrigins = "allow_origins"

	tokensBlock = "tokens"
	relaysBlock = "relays"
)

// Setting describes one choice. Flags, environment and file are read by this one table, so that they cannot disagree.
type Setting struct {
	Key  string
	Flag string
	// Env is the environment variable; "" for none.
	Env string
	// IsList says that the flag can be repeated.
	IsList bool
	// IsToggle says that the flag is on unless it is switched off: --page=false.
	IsToggle bool

	field func(*Settings) any // *[]string, *string or **bool
}

// Table returns all settings, in the order in which they are shown and checked.
func Table() []Setting {
	return []Setting{
		{Key: KeyDomains, Flag: "domain", IsList: true, field: func(s *Settings) any { return &s.Domains }},
		{Key: KeyProviders, Flag: "provider", IsList: true, field: func(s *Settings) any { return &s.Providers }},
		{Key: KeyWorker, Flag: "worker", field: func(s *Settings) any { return &s.Worker }},
		{Key: KeyAccount, Flag: "account", Env: "CLOUDFLARE_ACCOUNT_ID", field: func(s *Settings) any { return &s.Account }},
		{Key: KeyRegion, Flag: "region", field: func(s *Settings) any { return &s.Region }},
		{Key: KeyOrigin, Flag: "origin", field: func(s *Settings) any { return &s.Origin }},
		{Key: KeyAccess, Flag: "access", field: func(s *Settings) any { return &s.Access }},
		{Key: KeyPage, Flag: "page", IsToggle: true, field: func(s *Settings) any { return &s.Page }},
		{Key: KeyAllowOrigins, Flag: "allow-origin", IsList: true, field: func(s *Settings) any { return &s.AllowOrigins }},
	}
}

// Values returns the values of a setting as they are written on a command line; none where it was not chosen.
func (x Setting) Values(s Settings) []string {
	switch field := x.field(&s).(type) {
	case *[]string:
		return *field
	case **bool:
		if *field != nil {
			return []string{strconv.FormatBool(**field)}
		}
	case *string:
		if *field != "" {
			return []string{*field}
		}
	}
	return nil
}

// set fills in a setting from the values of a flag or a variable.
func (x Setting) set(s *Settings, values []string) {
	switch field := x.field(s).(type) {
	case *[]string:
		*field = values
	case **bool:
		on := values[0] == strconv.FormatBool(true)
		*field = &on
	case *string:
		*field = values[0]
		if x.Key == KeyAccount {
			*field = cleanAccount(values[0])
		}
	}
}

// cleanAccount returns an account's ID without what was pasted around it. A text that is none stays as it is, for the error.
func cleanAccount(text string) string {
	if id, err := input.Clean(KeyAccount, text); err == nil && id != "" {
		return id
	}
	return text
}

// AsFlag returns a value as it is given on a command line.
func (x Setting) AsFlag(value string) string {
	if x.IsToggle {
		return "--" + x.Flag + "=" + value
	}
	return "--" + x.Flag + " " + value
}

// merge returns s with the choices of over in place of its own. Tokens stay those of s.
func (s Settings) merge(over Settings) Settings {
	for _, setting := range Table() {
		if values := setting.Values(over); len(values) > 0 {
			setting.set(&s, values)
		}
	}
	return s
}

// Flags are the flags of a command line, by name.
type Flags interface {
	// IsSet reports whether the flag was given.
	IsSet(name string) bool
	// Values returns the values that were given; of a flag that is no list the only one.
	Values(name string) []string
}

// GivenSettings returns the settings of the flags alone.
func GivenSettings(flags Flags) Settings {
	var s Settings
	for _, setting := range Table() {
		if flags.IsSet(setting.Flag) {
			setting.set(&s, flags.Values(setting.Flag))
		}
	}
	return s
}

// Source is where the settings of a run come from.
type Source struct {
	Flags Flags
	// File is the path of the cfproxy.toml that was named; "" for the one of this folder, if there is one.
	File    string
	Getenv  func(string) string
	Command string // for errors: the command that was run
}

// Load returns the settings of each relay that is meant: of all that the file lists, or of those whose domains were given by
// flag; without a file, of one. Flags win over the environment, the environment over the file. Defaults are not filled in, since
// status must distinguish a default from a choice.
func (s Source) Load() ([]Settings, error) {
	chosen := Settings{}.WithEnvironment(s.Getenv)
	for _, setting := range Table() {
		if !s.Flags.IsSet(setting.Flag) {
			continue
		}
		values := s.Flags.Values(setting.Flag)
		// A shell variable that was never set must not mean the default.
		if slices.ContainsFunc(values, isBlank) {
			return nil, problem.Usage("flag-empty", "flag", "--"+setting.Flag, "command", s.Command)
		}
		setting.set(&chosen, values)
	}
	relays, err := ReadFile(s.File, chosen.Domains)
	if err != nil || len(relays) == 0 {
		return []Settings{chosen}, err
	}
	chosen.Domains = nil // each relay of the file has its own
	for i, relay := range relays {
		relays[i] = relay.merge(chosen)
	}
	return relays, nil
}

// WithEnvironment returns the settings with those of the environment in place of their own.
func (s Settings) WithEnvironment(getenv func(string) string) Settings {
	for _, setting := range Table() {
		if setting.Env == "" {
			continue
		}
		value := getenv(setting.Env)
		if cleaned, err := input.Clean(setting.Key, value); cleaned != "" || err != nil {
			setting.set(&s, []string{value})
		}
	}
	return s
}

func isBlank(value string) bool { return strings.TrimSpace(value) == "" }
