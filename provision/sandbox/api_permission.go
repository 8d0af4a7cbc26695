package sandbox

import (
	"slices"
	"strings"
)

// Permission groups by their display names, https://developers.cloudflare.com/fundamentals/api/reference/permissions/.
const (
	zoneRead       = "Zone Read"
	dnsRead        = "DNS Read"
	dnsWrite       = "DNS Write"
	routesRead     = "Workers Routes Read"
	routesWrite    = "Workers Routes Write"
	scriptsRead    = "Workers Scripts Read"
	scriptsWrite   = "Workers Scripts Write"
	tailRead       = "Workers Tail Read"
	settingsRead   = "Account Settings Read"
	settingsWrite  = "Account Settings Write"
	sslRead        = "SSL and Certificates Read"
	sslWrite       = "SSL and Certificates Write"
	tokensRead     = "API Tokens Read"
	tokensWrite    = "API Tokens Write"
	accTokensRead  = "Account API Tokens Read"
	accTokensWrite = "Account API Tokens Write"
)

const (
	scopeUser    = "com.cloudflare.api.user"
	scopeAccount = "com.cloudflare.api.account"
	scopeZone    = "com.cloudflare.api.account.zone"
)

type permissionGroup struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	Scopes []string `json:"scopes"`
}

// permissionGroups returns the known groups, with Cloudflare's IDs where these are known.
func permissionGroups() []permissionGroup {
	group := func(name, scope, id string) permissionGroup {
		if id == "" {
			id = derivedID("permission", name)
		}
		return permissionGroup{ID: id, Name: name, Scopes: []string{scope}}
	}
	return []permissionGroup{
		group(zoneRead, scopeZone, "c8fed203ed3043cba015a93ad1616f1f"),
		group("Zone Write", scopeZone, ""),
		group("Zone Settings Read", scopeZone, ""),
		group("Zone Settings Write", scopeZone, ""),
		group(dnsRead, scopeZone, "82e64a83756745bbbb1c9c2701bf816b"),
		group(dnsWrite, scopeZone, "4755a26eedb94da69e1066d98aa820be"),
		group(routesRead, scopeZone, ""),
		group(routesWrite, scopeZone, "28f4b596e7d643029c524985477ae49a"),
		group(sslRead, scopeZone, ""),
		group(sslWrite, scopeZone, ""),
		group(scriptsRead, scopeAccount, "1a71c399035b4950a1bd1466bbe4f420"),
		group(scriptsWrite, scopeAccount, "e086da7e2179491d91ee5f35b3ca210a"),
		group(tailRead, scopeAccount, ""),
		group("Workers KV Storage Read", scopeAccount, ""),
		group("Workers KV Storage Write", scopeAccount, ""),
		group("Workers R2 Storage Read", scopeAccount, ""),
		group("Workers R2 Storage Write", scopeAccount, ""),
		group(settingsRead, scopeAccount, ""),
		group(settingsWrite, scopeAccount, ""),
		group(accTokensRead, scopeAccount, ""),
		group(accTokensWrite, scopeAccount, ""),
		group(tokensRead, scopeUser, ""),
		group(tokensWrite, scopeUser, ""),
		group("User Details Read", scopeUser, ""),
		group("Memberships Read", scopeUser, ""),
	}
}

func groupNamed(name string) *permissionGroup {
	for _, g := range permissionGroups() {
		if g.Name == name {
			return &g
		}
	}
	return nil
}

// deployPermissions returns the permissions that a deploy needs, the five that the pre-filled token page asks for.
func deployPermissions() []string {
	return []string{scriptsWrite, routesWrite, dnsWrite, zoneRead, settingsRead}
}

// accountReaders returns the groups with which a token can read an account.
func accountReaders() []string {
	var names []string
	for _, g := range permissionGroups() {
		if g.Scopes[0] == scopeAccount && !strings.Contains(g.Name, "API Tokens") {
			names = append(names, g.Name)
		}
	}
	return names
}

// zoneReaders returns the groups with which a token can read a zone.
func zoneReaders() []string {
	return []string{zoneRead, "Zone Write", "Zone Settings Read", "Zone Settings Write", dnsRead, dnsWrite,
		scriptsRead, scriptsWrite, routesRead, routesWrite, sslRead, sslWrite}
}

// hasPermission reports whether the token has any of the groups. Without groups no permission is needed.
func (t *token) hasPermission(groups []string) bool {
	return len(groups) == 0 || slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(t.Permissions, g) })
}

// canAccess reports whether the account is among the token's resources.
func (t *token) canAccess(a *account) bool {
	if t.Account != "" && !a.matchesRef(t.Account) {
		return false
	}
	return t.Accounts == nil || slices.ContainsFunc(t.Accounts, a.matchesRef)
}

// canAccessZone reports whether the zone is among the token's resources.
func (t *token) canAccessZone(a *account, z *zone) bool {
	return t.canAccess(a) && (t.Zones == nil || slices.ContainsFunc(t.Zones, z.matchesRef))
}
