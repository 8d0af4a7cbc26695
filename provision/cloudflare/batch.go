package cloudflare

import (
	"context"

	"github.com/cloudflare/cloudflare-go/v7/dns"

	"github.com/cfproxy/cfproxy/provision/plan"
)

type batchAnswer struct {
	Posts []created `json:"posts"`
	Puts  []created `json:"puts"`
}

// ApplyBatch carries out steps on records of one zone in one call, all or none of them. The API takes deletions first, then
// whole records, then new ones, each in the order given, and answers in that order.
// https://developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes/
func (c *Client) ApplyBatch(ctx context.Context, zone string, steps []plan.Step) ([]string, error) {
	var params dns.RecordBatchParams
	params.ZoneID.Value, params.ZoneID.Present = zone, true
	for _, step := range steps {
		switch step.Action {
		case plan.ActionDelete:
			var gone dns.RecordBatchParamsDelete
			gone.ID.Value, gone.ID.Present = step.ID, true
			params.Deletes.Value, params.Deletes.Present = append(params.Deletes.Value, gone), true
		case plan.ActionUpdate:
			params.Puts.Value, params.Puts.Present = append(params.Puts.Value, wholeRecord(step)), true
		default:
			params.Posts.Value, params.Posts.Present = append(params.Posts.Value, dns.RecordBatchParamsPostUnion(aRecord(step))), true
		}
	}
	var made answer[batchAnswer]
	if _, err := c.records.Batch(ctx, params, into(&made)); err != nil {
		return nil, failure(err)
	}
	return idsOf(steps, made.Result.Posts), nil
}

// idsOf gives every step the id of what stands there now. An answer that leaves out what was made is no failure, since all of it
// was done; the ids are merely not known then.
func idsOf(steps []plan.Step, posts []created) []string {
	var ids []string
	for _, step := range steps {
		if step.Action != plan.ActionCreate {
			ids = append(ids, step.ID)
			continue
		}
		id := ""
		if len(posts) > 0 {
			id, posts = posts[0].ID, posts[1:]
		}
		ids = append(ids, id)
	}
	return ids
}
