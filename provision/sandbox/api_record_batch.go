package sandbox

import (
	"fmt"
	"net/http"
)

type batchInput struct {
	Deletes []recordInput `json:"deletes"`
	Patches []recordInput `json:"patches"`
	Puts    []recordInput `json:"puts"`
	Posts   []recordInput `json:"posts"`
}

type batchResult struct {
	Deletes []recordView `json:"deletes"`
	Patches []recordView `json:"patches"`
	Puts    []recordView `json:"puts"`
	Posts   []recordView `json:"posts"`
}

// batchRecords applies all changes or none, in the order deletes, patches, puts, posts,
// https://developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes/. The call works on a draft of the
// state, so an error in the middle leaves it unchanged.
func batchRecords(c *call) (*apiResponse, error) {
	var in batchInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	// The limit is documented, the code is not.
	if n := len(in.Deletes) + len(in.Patches) + len(in.Puts) + len(in.Posts); n > c.zone.recordQuota() {
		return nil, newError(http.StatusBadRequest, 9400, fmt.Sprintf("The batch has %d changes, exceeding the limit of %d.", n, c.zone.recordQuota()))
	}
	out := batchResult{}
	for _, part := range []struct {
		name string
		in   []recordInput
		out  *[]recordView
		do   func(*recordInput) (*record, *apiError)
	}{
		{"deletes", in.Deletes, &out.Deletes, func(i *recordInput) (*record, *apiError) { return c.removeRecord(i.ID) }},
		{"patches", in.Patches, &out.Patches, func(i *recordInput) (*record, *apiError) { return c.updateRecord(i.ID, i, true) }},
		{"puts", in.Puts, &out.Puts, func(i *recordInput) (*record, *apiError) { return c.updateRecord(i.ID, i, false) }},
		{"posts", in.Posts, &out.Posts, c.createRecord},
	} {
		*part.out = []recordView{}
		for i := range part.in {
			r, err := part.do(&part.in[i])
			if err != nil {
				return nil, err.at(fmt.Sprintf("/%s/%d", part.name, i))
			}
			*part.out = append(*part.out, r.view())
		}
	}
	return &apiResponse{result: out}, nil
}
