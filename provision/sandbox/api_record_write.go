package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
)

// recordInput is a record in a request. Fields that were left out, or are null, are nil.
type recordInput struct {
	ID       string          `json:"id"` // only in a batch
	Type     *string         `json:"type"`
	Name     *string         `json:"name"`
	Content  *string         `json:"content"`
	Priority *int            `json:"priority"`
	Data     json.RawMessage `json:"data"`
	Proxied  *bool           `json:"proxied"`
	TTL      *float64        `json:"ttl"`
	Comment  optionalString  `json:"comment"`
	Tags     *[]string       `json:"tags"`
	Settings json.RawMessage `json:"settings"`
}

// optionalString distinguishes null, which deletes a comment, from a missing field.
type optionalString struct {
	set   bool
	value string
}

// UnmarshalJSON implements [json.Unmarshaler].
func (o *optionalString) UnmarshalJSON(data []byte) error {
	o.set, o.value = true, ""
	return json.Unmarshal(data, &o.value)
}

func (c *call) createRecord(in *recordInput) (*record, *apiError) {
	if len(c.zone.Records) >= c.zone.recordQuota() {
		return nil, newError(http.StatusBadRequest, 81045, "The record quota has been exceeded.")
	}
	r := new(record)
	now := c.state.stamp()
	in.apply(r, c.zone)
	if err := c.zone.checkRecord(r); err != nil {
		return nil, err
	}
	r.ID = c.state.newID("record", c.zone.ID, r.Type, r.Name, r.Content)
	r.CreatedOn, r.ModifiedOn = now, now
	if r.Comment != "" {
		r.CommentModifiedOn = now
	}
	if len(r.Tags) > 0 {
		r.TagsModifiedOn = now
	}
	c.zone.Records = insertSorted(c.zone.Records, r, (*record).compare)
	return r, nil
}

// updateRecord replaces a record (PUT) or changes the fields that were sent (PATCH).
func (c *call) updateRecord(id string, in *recordInput, partial bool) (*record, *apiError) {
	old := c.zone.record(id)
	if old == nil {
		return nil, recordNotFound()
	}
	if old.fixed() {
		return nil, recordReadOnly()
	}
	next := &record{ID: old.ID, CreatedOn: old.CreatedOn}
	if partial {
		*next = *old
	}
	in.apply(next, c.zone)
	if err := c.zone.checkRecord(next); err != nil {
		return nil, err
	}
	now := c.state.stamp()
	next.ModifiedOn = now
	next.CommentModifiedOn, next.TagsModifiedOn = old.CommentModifiedOn, old.TagsModifiedOn
	if next.Comment != old.Comment {
		next.CommentModifiedOn = now
	}
	if !slices.Equal(next.Tags, old.Tags) {
		next.TagsModifiedOn = now
	}
	replaceItem(c.zone.Records, old, next)
	return next, nil
}

func (c *call) removeRecord(id string) (*record, *apiError) {
	r := c.zone.record(id)
	if r == nil {
		return nil, recordNotFound()
	}
	if r.fixed() {
		return nil, recordReadOnly()
	}
	c.zone.Records = slices.DeleteFunc(c.zone.Records, func(o *record) bool { return o == r })
	return r, nil
}

// apply sets the fields of a record that were sent. It makes names absolute and normalizes contents.
func (in *recordInput) apply(r *record, z *zone) {
	setIfPresent(&r.Type, in.Type)
	setIfPresent(&r.Content, in.Content)
	setIfPresent(&r.Proxied, in.Proxied)
	setIfPresent(&r.Tags, in.Tags)
	if in.Name != nil {
		r.Name = absolute(*in.Name, z.Name)
		if *in.Name == "" {
			r.Name = ""
		}
	}
	if in.Priority != nil {
		r.Priority = in.Priority
	}
	if in.Data != nil {
		r.Data = in.Data
	}
	if in.Settings != nil {
		r.Settings = in.Settings
	}
	if in.Comment.set {
		r.Comment = in.Comment.value
	}
	if in.TTL != nil {
		r.TTL = int(*in.TTL)
	}
	if r.Proxied || r.TTL == 0 && in.TTL == nil {
		r.TTL = 1 // regardless of the request
	}
	if len(r.Tags) == 0 {
		r.Tags = nil
	}
	r.Content = normalizeContent(r.Type, r.Content, z.Name)
}

func setIfPresent[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// recordQuota returns the number of records that a zone may have,
// https://developers.cloudflare.com/dns/manage-dns-records/#record-quota, which is also the limit of changes in a batch.
// For Free it is that of zones created since September 2024.
func (z *zone) recordQuota() int {
	if z.free() {
		return 200
	}
	return 3500
}
