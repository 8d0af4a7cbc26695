package cloudflare

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cloudflare/cloudflare-go/v7/dns"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// recordsPerPage is a page size that other clients use, too. The schema allows more.
const recordsPerPage = 5000

type apiRecord struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	Content string `json:"content"`
	Proxied bool   `json:"proxied"`
	Comment string `json:"comment"` // null if there is none
	Locked  bool   `json:"locked"`  // not in the schema; like read_only in Meta
	// Meta is not described by the schema. See manager.
	Meta json.RawMessage `json:"meta"`
}

// Records returns the records of the hosts. For one host it uses a filter; for several it reads all records of the zone,
// and also returns the NS records of names above the hosts.
// https://developers.cloudflare.com/api/resources/dns/subresources/records/methods/list/
func (c *Client) Records(ctx context.Context, zone plan.Zone, hosts []string) (plan.RecordList, error) {
	isHost := map[string]bool{}
	for _, host := range hosts {
		isHost[host] = true
	}
	var found plan.RecordList
	for page := 1; ; page++ {
		var list response[[]apiRecord]
		if _, err := dns.NewRecordService(c.options...).List(ctx, recordQuery(zone, hosts, page), decodeInto(&list)); err != nil {
			return plan.RecordList{}, codedError(err)
		}
		for _, record := range list.Result {
			if name := hostname.ToASCII(record.Name); isHost[name] || record.Type == "NS" && isAbove(name, zone, hosts) {
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

// isAbove reports whether a name is between the zone and one of the hosts.
func isAbove(name string, zone plan.Zone, hosts []string) bool {
	return name != zone.Name && slices.ContainsFunc(hosts, func(host string) bool { return strings.HasSuffix(host, "."+name) })
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

func recordObject(zone plan.Zone, record apiRecord) plan.Object {
	return plan.Object{
		Address: plan.Address{Kind: plan.KindRecord, Parent: zone.ID, Name: hostname.ToASCII(record.Name)},
		ID:      record.ID,
		Owned:   plan.OwnsComment(record.Comment),
		Manager: record.manager(),
		Attrs: binding.Attrs{
			binding.AttrType:    record.Type,
			binding.AttrContent: record.Content,
			binding.AttrProxied: strconv.FormatBool(record.Proxied),
			binding.AttrComment: record.Comment,
		},
	}
}

// manager returns the product that manages a read-only record, or "" for any other record. Changes of a read-only record
// fail with error 1043. The keys of Meta are those that other clients know; of R2, only the content is known.
func (r apiRecord) manager() plan.Manager {
	var meta map[string]any
	_ = json.Unmarshal(r.Meta, &meta) // anything else than an object says nothing
	if meta["read_only"] != true && !r.Locked {
		return ""
	}
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		if value := meta[key]; value == nil || value == false || value == "" || key == "read_only" || key == "auto_added" {
			continue
		}
		for _, known := range []struct {
			word    string
			manager plan.Manager
		}{
			{"email", plan.ManagerEmailRouting}, {"r2", plan.ManagerR2}, {"worker", plan.ManagerWorkers},
			{"pages", plan.ManagerPages}, {"tunnel", plan.ManagerTunnel}, {"apps", plan.ManagerApps},
		} {
			text, _ := meta[key].(string)
			if strings.Contains(key, known.word) || key != "source" && strings.HasPrefix(strings.ToLower(text), known.word) {
				return known.manager
			}
		}
	}
	content := strings.ToLower(strings.TrimSuffix(r.Content, "."))
	switch {
	case strings.HasSuffix(content, ".r2.dev"), strings.HasSuffix(content, ".r2.cloudflarestorage.com"):
		return plan.ManagerR2
	case strings.HasSuffix(content, ".pages.dev"):
		return plan.ManagerPages
	case strings.HasSuffix(content, ".cfargotunnel.com"):
		return plan.ManagerTunnel
	case content == "100::":
		return plan.ManagerWorkers
	}
	return plan.ManagerUnknown
}

// applyRecord applies a step on a record. It writes whole records: PUT also overwrites changes that were made
// since the record was read.
func (c *Client) applyRecord(ctx context.Context, step plan.Step) (string, error) {
	zone := step.Address.Parent
	var res response[createdID]
	switch step.Action {
	case plan.ActionDelete:
		var params dns.RecordDeleteParams
		params.ZoneID.Value, params.ZoneID.Present = zone, true
		_, err := dns.NewRecordService(c.options...).Delete(ctx, step.ID, params, decodeInto(&res))
		return step.ID, err
	case plan.ActionUpdate:
		var params dns.RecordUpdateParams
		params.ZoneID.Value, params.ZoneID.Present = zone, true
		params.Body = recordBody(step)
		_, err := dns.NewRecordService(c.options...).Update(ctx, step.ID, params, decodeInto(&res))
		return step.ID, err
	}
	var params dns.RecordNewParams
	params.ZoneID.Value, params.ZoneID.Present = zone, true
	params.Body = recordBody(step)
	_, err := dns.NewRecordService(c.options...).New(ctx, params, decodeInto(&res))
	return res.Result.ID, err
}

// recordBody returns the A record that a step writes. TTL 1 means automatic; proxied records have no other.
func recordBody(step plan.Step) dns.ARecordParam {
	var record dns.ARecordParam
	record.Type.Value, record.Type.Present = dns.ARecordTypeA, true
	record.TTL.Value, record.TTL.Present = dns.TTL1, true
	record.Name.Value, record.Name.Present = step.Address.Name, true
	record.Content.Value, record.Content.Present = step.After[binding.AttrContent], true
	record.Proxied.Value, record.Proxied.Present = step.After[binding.AttrProxied] == "true", true
	record.Comment.Value, record.Comment.Present = step.After[binding.AttrComment], true
	return record
}

// putRecord returns the A record with which a batch replaces an existing one.
func putRecord(step plan.Step) dns.BatchPutARecordParam {
	record := dns.BatchPutARecordParam{ARecordParam: recordBody(step)}
	record.ID.Value, record.ID.Present = step.ID, true
	return record
}
