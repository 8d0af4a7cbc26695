package plan

import (
	"strconv"
	"time"

	"github.com/cfproxy/cfproxy/provision/errcode"
)

// Limits of zones. https://developers.cloudflare.com/dns/manage-dns-records/
// https://developers.cloudflare.com/workers/platform/limits/
const (
	maxRecordsFree    = 200  // zones on the free plan created since freeLimitLowered
	maxRecordsOldFree = 1000 // older zones on the free plan
	maxRecordsPaid    = 3500
	maxRoutes         = 1000
)

// freeLimitLowered is when Cloudflare lowered the limit of records for new zones on the free plan.
var freeLimitLowered = time.Date(2024, 9, 1, 0, 0, 0, 0, time.UTC)

// maxRecords returns how many records the zone can have, or 0 if that is not known or, for enterprise zones,
// individually agreed.
func (z Zone) maxRecords() int {
	switch {
	case z.Plan == "free" && !z.Created.IsZero() && z.Created.Before(freeLimitLowered):
		return maxRecordsOldFree
	case z.Plan == "free":
		return maxRecordsFree
	case z.Plan == "" || z.Plan == "enterprise":
		return 0
	}
	return maxRecordsPaid
}

// MaxBatch returns how many changes of records one call can make.
// https://developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes/
func (z Zone) MaxBatch() int {
	if z.Plan == "free" || z.Plan == "" {
		return maxRecordsFree
	}
	return maxRecordsPaid
}

// checkQuotas returns an error if a zone cannot hold the plan's new records and routes. Without it, a deploy would fail
// half-way.
func checkQuotas(plan Plan, o Observed) error {
	type growth struct{ records, routes int }
	byZone := map[string]growth{}
	for _, step := range plan.Steps {
		g := byZone[step.Address.Parent]
		change := map[Action]int{ActionCreate: 1, ActionDelete: -1}[step.Action]
		switch step.Address.Kind {
		case KindRecord:
			g.records += change
		case KindRoute:
			g.routes += change
		}
		byZone[step.Address.Parent] = g
	}
	for _, zone := range ZonesOf(plan.Sites) {
		load, g := o.Zones[zone.ID], byZone[zone.ID]
		if most := zone.maxRecords(); most > 0 && load.Records >= 0 && exceeds(load.Records, g.records, most) {
			return zoneFullError(zone, KindRecord, load.Records, g.records, most)
		}
		if exceeds(load.Routes, g.routes, maxRoutes) {
			return zoneFullError(zone, KindRoute, load.Routes, g.routes, maxRoutes)
		}
	}
	return nil
}

// exceeds reports whether adding more to have exceeds most. If have exceeds it already, the limit is not what we think
// it is.
func exceeds(have, more, most int) bool { return more > 0 && have <= most && have+more > most }

func zoneFullError(zone Zone, kind Kind, have, more, most int) *errcode.Error {
	return errcode.New(errcode.ZoneFull, "zone", zone.Name, "plan", zone.Plan, "kind", kind.String(),
		"have", strconv.Itoa(have), "more", strconv.Itoa(more), "most", strconv.Itoa(most))
}
