package sandbox

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/http"
)

type zoneView struct {
	ID                  string         `json:"id"`
	Name                string         `json:"name"`
	Status              string         `json:"status"`
	Paused              bool           `json:"paused"`
	Type                string         `json:"type"`
	DevelopmentMode     int            `json:"development_mode"`
	NameServers         []string       `json:"name_servers"`
	OriginalNameServers []string       `json:"original_name_servers"`
	OriginalRegistrar   *string        `json:"original_registrar"`
	OriginalDNSHost     *string        `json:"original_dnshost"`
	ModifiedOn          string         `json:"modified_on"`
	CreatedOn           string         `json:"created_on"`
	ActivatedOn         *string        `json:"activated_on"`
	Meta                zoneMeta       `json:"meta"`
	Owner               zoneOwner      `json:"owner"`
	Account             zoneAccount    `json:"account"`
	Tenant              map[string]any `json:"tenant"`
	TenantUnit          map[string]any `json:"tenant_unit"`
	Permissions         []string       `json:"permissions"`
	Plan                zonePlan       `json:"plan"`
	VerificationKey     string         `json:"verification_key,omitempty"`
}

type zoneMeta struct {
	Step             int  `json:"step"`
	CustomQuota      int  `json:"custom_certificate_quota"`
	PageRuleQuota    int  `json:"page_rule_quota"`
	PhishingDetected bool `json:"phishing_detected"`
	FoundationDNS    bool `json:"foundation_dns"`
}

type zoneOwner struct {
	ID    *string `json:"id"`
	Type  string  `json:"type"`
	Email *string `json:"email"`
}

type zoneAccount struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type zonePlan struct {
	ID                string `json:"id"`
	Name              string `json:"name"`
	Price             int    `json:"price"`
	Currency          string `json:"currency"`
	Frequency         string `json:"frequency"`
	IsSubscribed      bool   `json:"is_subscribed"`
	CanSubscribe      bool   `json:"can_subscribe"`
	LegacyID          string `json:"legacy_id"`
	LegacyDiscount    bool   `json:"legacy_discount"`
	ExternallyManaged bool   `json:"externally_managed"`
}

func (z *zone) view(a *account) zoneView {
	v := zoneView{
		ID: z.ID, Name: toUnicode(z.Name), Status: z.Status, Paused: z.Paused, Type: cmp.Or(z.Type, "full"), NameServers: z.NameServers,
		OriginalNameServers: []string{"ns1.registrar.example", "ns2.registrar.example"},
		CreatedOn:           epoch, ModifiedOn: epoch,
		Meta:    zoneMeta{Step: 2, PageRuleQuota: 3},
		Owner:   zoneOwner{Type: "user"},
		Account: zoneAccount{ID: a.ID, Name: a.Name},
		Tenant:  map[string]any{}, TenantUnit: map[string]any{},
		Permissions: []string{"#dns_records:edit", "#dns_records:read", "#worker:edit", "#worker:read", "#zone:read"},
		Plan:        zonePlan{ID: derivedID("plan", z.Plan), Name: "Free Website", Currency: "USD", LegacyID: z.Plan},
	}
	if z.Type == zonePartial {
		v.NameServers, v.VerificationKey = []string{}, z.verificationKey()
	}
	if !z.free() {
		v.Plan.Name, v.Plan.IsSubscribed = z.Plan, true
	}
	if z.Status == statusActive {
		at := epoch
		v.ActivatedOn = &at
	}
	return v
}

// verificationKey returns the content of the TXT record that verifies a partial zone. Real ones are pairs of numbers.
func (z *zone) verificationKey() string {
	sum := []byte(digest("verification", z.ID))
	return fmt.Sprintf("%d-%d", binary.BigEndian.Uint32(sum), binary.BigEndian.Uint32(sum[4:]))
}

func (z *zone) free() bool { return z.Plan == planFree }

// maxAccountsListed is how many accounts a token may see to list the zones of all of them. The error has no known number.
// https://github.com/cloudflare/workers-sdk/issues/4944
const maxAccountsListed = 500

// listZones omits the zones that the token may not read; it returns no error for them.
func listZones(c *call) (*apiResponse, error) {
	q := c.query
	for _, bad := range []*apiError{
		oneOf(q, "status", "initializing", statusPending, statusActive, "moved"),
		oneOf(q, "order", "name", "status", "account.id", "account.name", "plan.id"),
		oneOf(q, "direction", "asc", "desc"),
		oneOf(q, "match", "any", "all"),
	} {
		if bad != nil {
			return nil, bad
		}
	}
	var views []zoneView
	accounts := 0
	for _, a := range c.state.Accounts {
		if c.token.canAccess(a) {
			accounts++
		}
		for _, z := range a.Zones {
			if c.token.canAccessZone(a, z) && c.token.hasPermission([]string{zoneRead, "Zone Write"}) {
				views = append(views, z.view(a))
			}
		}
	}
	if accounts > maxAccountsListed && q.Get("account.id") == "" {
		return nil, newError(http.StatusBadRequest, 0, fmt.Sprintf("Listing zones across more than %d accounts is currently not "+
			"allowed, please apply the 'account.id' filter", maxAccountsListed))
	}
	keys := map[string]func(zoneView) string{
		"name":         func(v zoneView) string { return v.Name },
		"status":       func(v zoneView) string { return v.Status },
		"account.id":   func(v zoneView) string { return v.Account.ID },
		"account.name": func(v zoneView) string { return v.Account.Name },
		"plan.id":      func(v zoneView) string { return v.Plan.ID },
	}
	var filters []filter[zoneView]
	for _, name := range []string{"name", "status", "account.id", "account.name"} {
		if want := q.Get(name); want != "" {
			filters = append(filters, func(v zoneView) bool { return matchesOperator(toASCII(want), toASCII(keys[name](v))) })
		}
	}
	views = shuffled(applyFilters(views, filters, q.Get("match")), func(v zoneView) string { return v.ID })
	if order := q.Get("order"); order != "" {
		views = sorted(views, keys[order], q.Get("direction"))
	}
	part, info, err := page(q, views, 20, 5, 50)
	if err != nil {
		return nil, err
	}
	return &apiResponse{result: part, info: info}, nil
}

func getZone(c *call) (*apiResponse, error) {
	return &apiResponse{result: c.zone.view(c.account)}, nil
}
