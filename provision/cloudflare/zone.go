package cloudflare

import (
	"context"
	"encoding/json"

	"github.com/cloudflare/cloudflare-go/v7/zones"

	"github.com/cfproxy/cfproxy/provision"
)

// zonesPerPage is the most that the API's schema allows.
const zonesPerPage = 50

// Zones lists the zones that the token sees. A token without the permission sees none, which is no error of the API's.
// https://developers.cloudflare.com/api/resources/zones/methods/list/
func (c *Client) Zones(ctx context.Context, account string) ([]provision.Zone, error) {
	var found []provision.Zone
	for page := 1; ; page++ {
		var query zones.ZoneListParams
		query.Page.Value, query.Page.Present = float64(page), true
		query.PerPage.Value, query.PerPage.Present = zonesPerPage, true
		if account != "" {
			query.Account.Value.ID.Value, query.Account.Value.ID.Present = account, true
			query.Account.Present = true
		}
		list, err := c.zones.List(ctx, query)
		if err != nil {
			return nil, failure(err)
		}
		for _, zone := range list.Result {
			found = append(found, zoneFrom(zone))
		}
		if isLastPage(list.ResultInfo.JSON.RawJSON(), page, len(list.Result), zonesPerPage) {
			return found, nil
		}
	}
}

func zoneFrom(zone zones.Zone) provision.Zone {
	return provision.Zone{
		ID:          zone.ID,
		Name:        zone.Name,
		Status:      string(zone.Status),
		Account:     zone.Account.ID,
		AccountName: zone.Account.Name,
		NameServers: zone.NameServers,
	}
}

// isLastPage trusts the number of pages where the API gives it, and else goes on until a page is not full. The SDK's own
// paging asks for one page more than there are and cannot be cancelled.
func isLastPage(resultInfo string, page, got, perPage int) bool {
	var info struct {
		PerPage    int  `json:"per_page"`
		TotalPages *int `json:"total_pages"`
	}
	if json.Unmarshal([]byte(resultInfo), &info) == nil && info.TotalPages != nil {
		return page >= *info.TotalPages
	}
	if info.PerPage > 0 {
		perPage = info.PerPage
	}
	return got < perPage
}
