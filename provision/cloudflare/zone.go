package cloudflare

import (
	"context"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/zones"

	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// zonesPerPage is the maximum that the schema allows.
const zonesPerPage = 50

type apiZone struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"`
	Paused bool   `json:"paused"`
	Type   string `json:"type"`
	// VerificationKey is only in partial zones.
	VerificationKey string    `json:"verification_key"`
	NameServers     []string  `json:"name_servers"`
	CreatedOn       time.Time `json:"created_on"`
	Plan            struct {
		LegacyID string `json:"legacy_id"`
	} `json:"plan"`
	Account struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"account"`
}

// Zones returns the zones that the token sees, of one account or of all (""). A token without the permission sees none;
// the API does not return an error.
// https://developers.cloudflare.com/api/resources/zones/methods/list/
func (c *Client) Zones(ctx context.Context, account string) ([]plan.Zone, error) {
	var found []plan.Zone
	for page := 1; ; page++ {
		var list response[[]apiZone]
		if _, err := zones.NewZoneService(c.options...).List(ctx, zoneQuery(account, page), decodeInto(&list)); err != nil {
			return nil, codedError(err)
		}
		for _, zone := range list.Result {
			found = append(found, plan.Zone{
				ID: zone.ID, Name: hostname.ToASCII(zone.Name), Status: zone.Status, Paused: zone.Paused, Type: zone.Type,
				NameServers: zone.NameServers, VerificationKey: zone.VerificationKey,
				Account: zone.Account.ID, AccountName: zone.Account.Name, Plan: zone.Plan.LegacyID, Created: zone.CreatedOn,
			})
		}
		if list.Info.isLast(page, len(list.Result), zonesPerPage) {
			return found, nil
		}
	}
}

func zoneQuery(account string, page int) zones.ZoneListParams {
	var query zones.ZoneListParams
	query.Page.Value, query.Page.Present = float64(page), true
	query.PerPage.Value, query.PerPage.Present = zonesPerPage, true
	if account != "" {
		query.Account.Value.ID.Value, query.Account.Value.ID.Present = account, true
		query.Account.Present = true
	}
	return query
}
