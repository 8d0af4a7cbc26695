package plan

import (
	"strconv"
	"time"

	"github.com/cfproxy/cfproxy/provision/errcode"
)

// Limits of zones. https://developers.cloudflare.com/dns/manage-dns-records/ and
// https://developers.cloudflare.com/workers/platform/limits/
const (
	maxRecordsFree    = 200  // of zones on the free plan that came since newFree
	maxRecordsOldFree = 1000 // of older ones
	maxRecordsPaid    = 3500
	maxRoutes         = 1000
)

// newFree is the day from which free zones hold fewer records.
var freeLimitLowered = time.Date(2024, 9, 1, 0, 0, 0, 0, time.UTC)

// maxRecords is what a zone's plan holds; 0 where that is a matter of contract or not known.
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

// MaxBatch is how many changes of records the zone takes at once.
// https://developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes/
func (z Zone) MaxBatch() int {
	if z.Plan == "free" || z.Plan == "" {
		return maxRecordsFree
	}
	return maxRecordsPaid
}

// checkQuotas finds what a zone would refuse in the middle of a deploy.
func checkQuotas(plan Plan, o Observed) error {
	type need struct{ records, routes int }
	needs := map[string]*need{}
	for _, step := range plan.Steps {
		n := needs[step.Address.Parent]
		if n == nil {
			n = &need{}
			needs[step.Address.Parent] = n
		}
		more := map[Action]int{ActionCreate: 1, ActionDelete: -1}[step.Action]
		switch step.Address.Kind {
		case KindRecord:
			n.records += more
		case KindRoute:
			n.routes += more
		}
	}
	for _, zone := range ZonesOf(plan.Sites) {
		load, n := o.Zones[zone.ID], needs[zone.ID]
		if n == nil {
			continue
		}
		if most := zone.maxRecords(); most > 0 && n.records > 0 && load.Records >= 0 && load.Records <= most && load.Records+n.records > most {
			return zoneFullError(zone, KindRecord, load.Records, n.records, most)
		}
		if n.routes > 0 && load.Routes <= maxRoutes && load.Routes+n.routes > maxRoutes {
			return zoneFullError(zone, KindRoute, load.Routes, n.routes, maxRoutes)
		}
	}
	return nil
}

func zoneFullError(zone Zone, kind Kind, have, more, most int) *errcode.Error {
	return errcode.New(errcode.ZoneFull, "zone", zone.Name, "plan", zone.Plan, "kind", kind.String(),
		"have", strconv.Itoa(have), "more", strconv.Itoa(more), "most", strconv.Itoa(most))
}
