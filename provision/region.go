package provision

import (
	"context"
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// checkRegions checks the region of every relay. scripts are their deployed Workers, nil for none.
func (op *operation) checkRegions(ctx context.Context, relays []plan.Relay, scripts []*plan.Object) error {
	for i := range relays {
		var err error
		relays[i].RegionUnchecked, err = op.checkRegion(ctx, relays[i].Account, relays[i].Config.Region, scripts[i])
		if err != nil {
			return err
		}
	}
	return nil
}

// checkRegion checks that a region is one of the account's. If the Worker is deployed there already it makes no call.
// The endpoint's response is not documented, so a failed call or an empty list does not fail the deploy: the region is
// unchecked. https://developers.cloudflare.com/workers/configuration/placement/
func (op *operation) checkRegion(ctx context.Context, account, region string, deployed *plan.Object) (unchecked bool, err error) {
	if region == "" || deployed != nil && deployed.Attrs[binding.AttrRegion] == region {
		return false, nil
	}
	regions, err := callOnce(ctx, op, 1, func(ctx context.Context) ([]string, error) { return op.API.Regions(ctx, account) })
	if ctx.Err() != nil {
		return false, interrupted(ctx, err)
	}
	if err != nil || len(regions) == 0 {
		return true, nil //nolint:nilerr // that the region is unchecked is all that follows, see above
	}
	if slices.Contains(regions, region) {
		return false, nil
	}
	return false, errcode.New(errcode.RegionUnknown, "value", region, "suggestion", errcode.Suggest(region, regions), "known", similarRegions(region, regions))
}

// similarRegions lists the regions of the same cloud, or all clouds if there is none of that name.
func similarRegions(region string, regions []string) string {
	cloud, _, _ := strings.Cut(region, ":")
	var same, clouds []string
	for _, other := range regions {
		name, _, _ := strings.Cut(other, ":")
		clouds = append(clouds, name+":…")
		if name == cloud {
			same = append(same, other)
		}
	}
	if len(same) == 0 {
		same = clouds
	}
	slices.Sort(same)
	return strings.Join(slices.Compact(same), ", ")
}
