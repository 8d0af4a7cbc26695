package cloudflare

import (
	"context"
	"strconv"
	"strings"

	"github.com/cloudflare/cloudflare-go/v7/dns"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// recordsPerPage is what other clients ask for without trouble; the schema allows more.
const recordsPerPage = 5000

type recordAnswer struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	Content string `json:"content"`
	Proxied bool   `json:"proxied"`
	Comment string `json:"comment"` // null where there is none
}

// Records lists the records that bear one of the hosts' names: by a filter for one host, from the whole zone for more.
// https://developers.cloudflare.com/api/resources/dns/subresources/records/methods/list/
func (c *Client) Records(ctx context.Context, zone plan.Zone, hosts []string) (plan.RecordList, error) {
	wanted := map[string]bool{}
	for _, host := range hosts {
		wanted[host] = true
	}
	var found plan.RecordList
	for page := 1; ; page++ {
		var list answer[[]recordAnswer]
		if _, err := c.records.List(ctx, recordQuery(zone, hosts, page), into(&list)); err != nil {
			return plan.RecordList{}, failure(err)
		}
		for _, record := range list.Result {
			if wanted[strings.ToLower(record.Name)] {
				found.Found = append(found.Found, recordObject(zone, record))
			}
		}
		found.Total += len(list.Result)
		if list.Info.isLast(page, len(list.Result), recordsPerPage) {
			break
		}
	}
	if len(hosts) == 1 {
		found.Total = -1
	}
	return found, nil
}

func recordQuery(zone plan.Zone, hosts []string, page int) dns.RecordListParams {
	var query dns.RecordListParams
	query.ZoneID.Value, query.ZoneID.Present = zone.ID, true
	query.Page.Value, query.Page.Present = float64(page), true
	query.PerPage.Value, query.PerPage.Present = recordsPerPage, true
	if len(hosts) == 1 {
		query.Name.Value.Exact.Value, query.Name.Value.Exact.Present = hosts[0], true
		query.Name.Present = true
	}
	return query
}

func recordObject(zone plan.Zone, record recordAnswer) plan.Object {
	return plan.Object{
		Address: plan.Address{Kind: plan.KindRecord, Parent: zone.ID, Name: strings.ToLower(record.Name)},
		ID:      record.ID,
		Owned:   plan.OwnsComment(record.Comment),
		Attrs: binding.Attrs{
			binding.AttrType:    record.Type,
			binding.AttrContent: record.Content,
			binding.AttrProxied: strconv.FormatBool(record.Proxied),
			binding.AttrComment: record.Comment,
		},
	}
}

// doRecord writes whole records: a PUT says all that the record should be, whatever somebody changed meanwhile.
func (c *Client) doRecord(ctx context.Context, step plan.Step) (string, error) {
	zone := step.Address.Parent
	var made answer[created]
	switch step.Action {
	case plan.ActionDelete:
		var params dns.RecordDeleteParams
		params.ZoneID.Value, params.ZoneID.Present = zone, true
		_, err := c.records.Delete(ctx, step.ID, params, into(&made))
		return step.ID, err
	case plan.ActionUpdate:
		var params dns.RecordUpdateParams
		params.ZoneID.Value, params.ZoneID.Present = zone, true
		params.Body = aRecord(step)
		_, err := c.records.Update(ctx, step.ID, params, into(&made))
		return step.ID, err
	}
	var params dns.RecordNewParams
	params.ZoneID.Value, params.ZoneID.Present = zone, true
	params.Body = aRecord(step)
	_, err := c.records.New(ctx, params, into(&made))
	return made.Result.ID, err
}

// aRecord is the one kind of record that we write. TTL 1 means automatic, the only one that a proxied record has.
func aRecord(step plan.Step) dns.ARecordParam {
	var record dns.ARecordParam
	record.Type.Value, record.Type.Present = dns.ARecordTypeA, true
	record.TTL.Value, record.TTL.Present = dns.TTL1, true
	record.Name.Value, record.Name.Present = step.Address.Name, true
	record.Content.Value, record.Content.Present = step.After[binding.AttrContent], true
	record.Proxied.Value, record.Proxied.Present = step.After[binding.AttrProxied] == "true", true
	record.Comment.Value, record.Comment.Present = step.After[binding.AttrComment], true
	return record
}

// wholeRecord is the same for a record that is there.
func wholeRecord(step plan.Step) dns.BatchPutARecordParam {
	record := dns.BatchPutARecordParam{ARecordParam: aRecord(step)}
	record.ID.Value, record.ID.Present = step.ID, true
	return record
}
