package provision

import (
	"context"
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// checkRegions does what checkRegion does for each relay; scripts are their Workers as they stand.
func (s *session) checkRegions(ctx context.Context, relays []plan.Relay, scripts []*plan.Object) error {
	for i := range relays {
		var err error
		relays[i].RegionUnchecked, err = s.checkRegion(ctx, relays[i].Account, relays[i].Config.Region, scripts[i])
		if err != nil {
			return err
		}
	}
	return nil
}

// checkRegion looks a chosen region up among those of the account, but only where it is not what stands already: so an
// unchanged deploy makes no call more. The endpoint is documented by its path alone; nobody has shown us an answer of it. Whatever
// goes wrong with it therefore says nothing about the region, and the deploy goes on with a warning.
// https://developers.cloudflare.com/workers/configuration/placement/
func (s *session) checkRegion(ctx context.Context, account, region string, standing *plan.Object) (unchecked bool, err error) {
	if region == "" || standing != nil && standing.Attrs[binding.AttrRegion] == region {
		return false, nil
	}
	regions, err := callOnce(ctx, s, 1, func(ctx context.Context) ([]string, error) { return s.API.Regions(ctx, account) })
	if ctx.Err() != nil {
		return false, interrupted(ctx, err)
	}
	if err != nil || len(regions) == 0 {
		return true, nil
	}
	if slices.Contains(regions, region) {
		return false, nil
	}
	return false, errcode.New(errcode.RegionUnknown, "value", region, "suggestion", errcode.Suggest(region, regions), "known", ofCloud(region, regions))
}

// ofCloud lists the regions of the cloud that was meant, or the clouds where there is none of that name.
func ofCloud(region string, regions []string) string {
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
