package plan

import (
	"slices"

	"github.com/cfproxy/cfproxy/provision/binding"
)

// SubdomainName is the workers.dev name that RegisterSubdomain will ask for: the account's first zone of the plan and a digest
// of the account, since these names are shared with all the world.
func SubdomainName(p Plan, account string) string {
	at := slices.IndexFunc(p.Sites, func(s Site) bool { return s.Zone.Account == account })
	if at < 0 {
		return ""
	}
	name := []byte(p.Sites[at].Zone.Name)
	for i, c := range name {
		if c == '.' {
			name[i] = '-'
		}
	}
	return string(name[:min(len(name), 48)]) + "-" + binding.Digest([]byte(account))[:8]
}
