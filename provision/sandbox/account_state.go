package sandbox

import "encoding/json"

// state is the content of the file. doc.go documents its JSON form and must be kept in sync.
type state struct {
	Accounts    []*account      `json:"accounts"`
	Tokens      []*token        `json:"tokens,omitempty"`
	Clock       string          `json:"clock,omitempty"`
	Propagation int             `json:"propagation,omitempty"`
	Lag         int             `json:"lag,omitempty"`
	RateLimit   *callLimit      `json:"rate_limit,omitempty"`
	Provider    *providerSwitch `json:"provider,omitempty"`
	Faults      []*Fault        `json:"faults,omitempty"`
	Edge        *authority      `json:"edge,omitempty"`

	base    *state       // the state that a draft was made from
	mutable map[any]bool // in a draft, the accounts, zones and scripts that may be changed
}

type account struct {
	ID              string    `json:"id,omitempty"`
	Name            string    `json:"name"`
	EmailUnverified bool      `json:"email_unverified,omitempty"`
	Subdomain       *string   `json:"subdomain,omitempty"` // "" = none yet; missing = the default one
	Zones           []*zone   `json:"zones,omitempty"`
	Scripts         []*script `json:"scripts,omitempty"`
	Domains         []*domain `json:"domains,omitempty"`
}

type zone struct {
	ID          string    `json:"id,omitempty"`
	Name        string    `json:"name"`
	Status      string    `json:"status,omitempty"`
	Paused      bool      `json:"paused,omitempty"`
	Type        string    `json:"type,omitempty"` // "" = full
	Plan        string    `json:"plan,omitempty"`
	NameServers []string  `json:"name_servers,omitempty"`
	Records     []*record `json:"records,omitempty"`
	Routes      []*route  `json:"routes,omitempty"`
}

type record struct {
	ID                string          `json:"id,omitempty"`
	Type              string          `json:"type"`
	Name              string          `json:"name"`
	Content           string          `json:"content"`
	Priority          *int            `json:"priority,omitempty"`
	Data              json.RawMessage `json:"data,omitempty"`
	Proxied           bool            `json:"proxied,omitempty"`
	TTL               int             `json:"ttl,omitempty"`
	Comment           string          `json:"comment,omitempty"`
	Tags              []string        `json:"tags,omitempty"`
	Settings          json.RawMessage `json:"settings,omitempty"`
	CreatedOn         string          `json:"created_on,omitempty"`
	ModifiedOn        string          `json:"modified_on,omitempty"`
	CommentModifiedOn string          `json:"comment_modified_on,omitempty"`
	TagsModifiedOn    string          `json:"tags_modified_on,omitempty"`
	ReadOnly          bool            `json:"read_only,omitempty"` // belongs to the custom domain of the same name
	Locked            bool            `json:"locked,omitempty"`    // like read_only in Meta
	Meta              json.RawMessage `json:"meta,omitempty"`      // such as that of a record of R2
}

type route struct {
	ID       string `json:"id,omitempty"`
	Pattern  string `json:"pattern"`
	Script   string `json:"script,omitempty"` // "" disables Workers for the pattern
	FailOpen bool   `json:"request_limit_fail_open,omitempty"`

	parsed pattern // the parsed Pattern
	valid  bool    // whether Pattern is valid
}

// domain is a custom domain of a Worker.
type domain struct {
	ID       string `json:"id,omitempty"`
	Hostname string `json:"hostname"`
	Service  string `json:"service"`
	Zone     string `json:"zone"`
}

// script is a Worker: what all its versions have in common, the deployed version, and other versions.
type script struct {
	Name          string          `json:"name"`
	Tag           string          `json:"tag,omitempty"`
	Tags          []string        `json:"tags,omitempty"`
	CreatedOn     string          `json:"created_on,omitempty"`
	ModifiedOn    string          `json:"modified_on,omitempty"`
	WorkersDev    *workersDev     `json:"workers_dev,omitempty"`
	Unseen        int             `json:"unseen,omitempty"` // how many more calls for routes to it fail with 10019
	Logpush       bool            `json:"logpush,omitempty"`
	Observability json.RawMessage `json:"observability,omitempty"`
	TailConsumers json.RawMessage `json:"tail_consumers,omitempty"`
	version                       // the deployed one, so that a hand-written file needs no list
	Versions      []*version      `json:"versions,omitempty"`    // the others, newest first
	Deployments   []*deployment   `json:"deployments,omitempty"` // newest first; the first is the current one
}

type workersDev struct {
	Enabled         bool `json:"enabled"`
	PreviewsEnabled bool `json:"previews_enabled"`
}

// module is one part of an upload. Content that is not UTF-8 is stored as Base64.
type module struct {
	Name   string `json:"name"`
	Type   string `json:"type,omitempty"`
	Text   text   `json:"text,omitempty"`
	Base64 []byte `json:"base64,omitempty"`
	Like   string `json:"like,omitempty"` // only in the file: the version with the same module
}

// binding is stored as it was sent, since each type has different fields. A map has its keys sorted in the file.
type binding map[string]json.RawMessage

type token struct {
	ID          string   `json:"id,omitempty"`
	Name        string   `json:"name,omitempty"`
	Value       string   `json:"value"`
	Status      string   `json:"status,omitempty"`
	ExpiresOn   string   `json:"expires_on,omitempty"`
	Account     string   `json:"account,omitempty"`  // if set, the token is owned by this account and not by a user
	Permissions []string `json:"permissions"`        // null = what a deploy needs, [] = none
	Accounts    []string `json:"accounts,omitempty"` // ids or names; missing = all
	Zones       []string `json:"zones,omitempty"`    // ids or names; missing = all
}

// authority is the certificate authority of the edge, PEM.
type authority struct {
	Certificate text `json:"certificate"`
	Key         text `json:"key"`
}

type providerSwitch struct {
	RegionBlocked bool `json:"region_blocked,omitempty"`
}

func (b binding) string(key string) (string, bool) {
	var s string
	raw, ok := b[key]
	if !ok || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

func (b binding) name() string { s, _ := b.string("name"); return s }
func (b binding) kind() string { s, _ := b.string("type"); return s }

func (m *module) source() []byte {
	if len(m.Base64) > 0 {
		return m.Base64
	}
	return []byte(m.Text)
}

func (s *state) account(id string) *account {
	for _, a := range s.Accounts {
		if a.ID == id {
			return a
		}
	}
	return nil
}

func (s *state) zone(id string) (*account, *zone) {
	for _, a := range s.Accounts {
		for _, z := range a.Zones {
			if z.ID == id {
				return a, z
			}
		}
	}
	return nil, nil
}

// zoneOf returns the zone that a hostname belongs to. If several match, it is the one with the longest name.
func (s *state) zoneOf(host string) (*account, *zone) {
	var owner *account
	var best *zone
	for _, a := range s.Accounts {
		for _, z := range a.Zones {
			if within(host, z.Name) && (best == nil || len(z.Name) > len(best.Name)) {
				owner, best = a, z
			}
		}
	}
	return owner, best
}

func (a *account) script(name string) *script {
	for _, s := range a.Scripts {
		if s.Name == name {
			return s
		}
	}
	return nil
}
