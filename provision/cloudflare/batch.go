package cloudflare

import (
	"context"

	"github.com/cloudflare/cloudflare-go/v7/dns"

	"github.com/cfproxy/cfproxy/provision/plan"
)

type batchResult struct {
	Posts []createdID `json:"posts"`
}

// ApplyBatch applies steps on records of one zone in one call, all or none of them. It returns the id of the record of
// each step, "" if the response does not contain it. The API applies deletions first, then updates, then creations,
// each in the given order.
// https://developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes/
func (c *Client) ApplyBatch(ctx context.Context, zone string, steps []plan.Step) ([]string, error) {
	var params dns.RecordBatchParams
	params.ZoneID.Value, params.ZoneID.Present = zone, true
	for _, step := range steps {
		switch step.Action {
		case plan.ActionDelete:
			var deletion dns.RecordBatchParamsDelete
			deletion.ID.Value, deletion.ID.Present = step.ID, true
			params.Deletes.Value, params.Deletes.Present = append(params.Deletes.Value, deletion), true
		case plan.ActionUpdate:
			params.Puts.Value, params.Puts.Present = append(params.Puts.Value, putRecord(step)), true
		default:
			params.Posts.Value, params.Posts.Present = append(params.Posts.Value, dns.RecordBatchParamsPostUnion(recordBody(step))), true
		}
	}
	var res response[batchResult]
	if _, err := dns.NewRecordService(c.options...).Batch(ctx, params, decodeInto(&res)); err != nil {
		return nil, codedError(err)
	}
	return stepIDs(steps, res.Result.Posts), nil
}

// stepIDs returns the id of each step's record. Posts holds the created records in the order of the steps. If it is
// incomplete, that is not an error: everything was applied, and only the ids are unknown.
func stepIDs(steps []plan.Step, posts []createdID) []string {
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
