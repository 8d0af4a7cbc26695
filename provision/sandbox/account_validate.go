package sandbox

import (
	"fmt"
	"slices"
	"time"
)

// validate returns an error if the emulation cannot work with the state. It does not check all that the API checks.
func (s *state) validate() error {
	if len(s.Accounts) == 0 {
		return fmt.Errorf("accounts: at least one is required")
	}
	if s.Clock != "" {
		if _, err := time.Parse(time.RFC3339, s.Clock); err != nil {
			return fmt.Errorf("clock: %q is not an RFC 3339 time", s.Clock)
		}
	}
	if s.Propagation < 0 {
		return fmt.Errorf("propagation: negative count")
	}
	if s.Lag < 0 {
		return fmt.Errorf("lag: negative count")
	}
	if err := s.validateLimit(); err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, a := range s.Accounts {
		at := fmt.Sprintf("accounts[%d]", i)
		if a == nil || a.Name == "" {
			return fmt.Errorf("%s: an account needs a name", at)
		}
		if err := checkUniqueID(seen, at, a.ID); err != nil {
			return err
		}
		if err := a.validate(at, seen); err != nil {
			return err
		}
	}
	if err := s.validateTokens(); err != nil {
		return err
	}
	return s.validateFaults()
}

func checkUniqueID(seen map[string]bool, at, id string) error {
	if !idPattern().MatchString(id) {
		return fmt.Errorf("%s.id: %q is not 32 lower-case hexadecimal digits", at, id)
	}
	if seen[id] {
		return fmt.Errorf("%s.id: %s is used twice", at, id)
	}
	seen[id] = true
	return nil
}

func (a *account) validate(at string, seen map[string]bool) error {
	for i, z := range a.Zones {
		at := fmt.Sprintf("%s.zones[%d]", at, i)
		if z == nil || !isHostname(z.Name) {
			return fmt.Errorf("%s: a zone needs a domain as its name", at)
		}
		if err := checkUniqueID(seen, at, z.ID); err != nil {
			return err
		}
		if !slices.Contains([]string{"initializing", statusPending, statusActive, "moved"}, z.Status) {
			return fmt.Errorf("%s.status: %q is none of initializing, pending, active, moved", at, z.Status)
		}
		if !slices.Contains([]string{"", "full", zonePartial, "secondary", zoneInternal}, z.Type) {
			return fmt.Errorf("%s.type: %q is none of full, partial, secondary, internal", at, z.Type)
		}
		if err := z.validate(at, seen); err != nil {
			return err
		}
	}
	names := map[string]bool{}
	for i, w := range a.Scripts {
		at := fmt.Sprintf("%s.scripts[%d]", at, i)
		if w == nil || !scriptName().MatchString(w.Name) || names[w.Name] {
			return fmt.Errorf("%s: a script needs a valid and unique name", at)
		}
		names[w.Name] = true
		if err := w.validate(at); err != nil {
			return err
		}
	}
	hosts := map[string]bool{}
	for i, d := range a.Domains {
		at := fmt.Sprintf("%s.domains[%d]", at, i)
		if d == nil || d.zone(a) == nil || hosts[d.Hostname] {
			return fmt.Errorf("%s: a domain needs a unique hostname in a zone of the account", at)
		}
		hosts[d.Hostname] = true
		if err := checkUniqueID(seen, at, d.ID); err != nil {
			return err
		}
	}
	return nil
}

func (z *zone) validate(at string, seen map[string]bool) error {
	for i, r := range z.Records {
		at := fmt.Sprintf("%s.records[%d]", at, i)
		if r == nil || !slices.Contains(recordTypes(), r.Type) || !within(r.Name, z.Name) {
			return fmt.Errorf("%s: a record needs a type and a name in its zone", at)
		}
		if err := checkUniqueID(seen, at, r.ID); err != nil {
			return err
		}
	}
	for i, r := range z.Routes {
		at := fmt.Sprintf("%s.routes[%d]", at, i)
		if r == nil || r.Pattern == "" {
			return fmt.Errorf("%s: a route needs a pattern", at)
		}
		if err := checkUniqueID(seen, at, r.ID); err != nil {
			return err
		}
	}
	return nil
}

func (s *state) validateTokens() error {
	values := map[string]bool{}
	for i, t := range s.Tokens {
		at := fmt.Sprintf("tokens[%d]", i)
		if t == nil || t.Value == "" || values[t.Value] {
			return fmt.Errorf("%s: a token needs a unique value", at)
		}
		values[t.Value] = true
		if !slices.Contains([]string{statusActive, "disabled", "expired"}, t.Status) {
			return fmt.Errorf("%s.status: %q is none of active, disabled, expired", at, t.Status)
		}
		for _, p := range t.Permissions {
			if groupNamed(p) == nil {
				return fmt.Errorf("%s.permissions: %q is not a known permission group", at, p)
			}
		}
		if t.Account != "" && !s.refersToAccount(t.Account) {
			return fmt.Errorf("%s.account: there is no account %q", at, t.Account)
		}
		for _, ref := range t.Accounts {
			if !s.refersToAccount(ref) {
				return fmt.Errorf("%s.accounts: there is no account %q", at, ref)
			}
		}
		for _, ref := range t.Zones {
			if !s.refersToZone(ref) {
				return fmt.Errorf("%s.zones: there is no zone %q", at, ref)
			}
		}
	}
	return nil
}

func (s *state) refersToAccount(ref string) bool {
	return slices.ContainsFunc(s.Accounts, func(a *account) bool { return a.matchesRef(ref) })
}

func (s *state) refersToZone(ref string) bool {
	return slices.ContainsFunc(s.Accounts, func(a *account) bool {
		return slices.ContainsFunc(a.Zones, func(z *zone) bool { return z.matchesRef(ref) })
	})
}

func (a *account) matchesRef(ref string) bool { return ref == a.ID || ref == a.Name }
func (z *zone) matchesRef(ref string) bool    { return ref == z.ID || toASCII(ref) == z.Name }
