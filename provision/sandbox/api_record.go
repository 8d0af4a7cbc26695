package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
)

type recordView struct {
	ID                string          `json:"id"`
	Name              string          `json:"name"`
	Type              string          `json:"type"`
	Content           string          `json:"content"`
	Priority          *int            `json:"priority,omitempty"`
	Data              json.RawMessage `json:"data,omitempty"`
	Proxiable         bool            `json:"proxiable"`
	Proxied           bool            `json:"proxied"`
	TTL               int             `json:"ttl"`
	Settings          json.RawMessage `json:"settings"`
	Meta              json.RawMessage `json:"meta"`
	Locked            bool            `json:"locked,omitempty"`
	Comment           *string         `json:"comment"`
	Tags              []string        `json:"tags"`
	CreatedOn         string          `json:"created_on"`
	ModifiedOn        string          `json:"modified_on"`
	CommentModifiedOn string          `json:"comment_modified_on,omitempty"`
	TagsModifiedOn    string          `json:"tags_modified_on,omitempty"`
}

// recordMeta has the field that clients read in records of other products. Other fields of it (origin_worker_id was
// observed) are not verified.
type recordMeta struct {
	ReadOnly bool `json:"read_only,omitempty"`
}

// meta returns the meta field of a record: that of its custom domain, or what the state has.
func (r *record) meta() json.RawMessage {
	switch {
	case r.Meta != nil:
		return r.Meta
	case r.ReadOnly:
		return json.RawMessage(`{"read_only":true}`)
	}
	return json.RawMessage("{}")
}

// fixed reports whether the API refuses to change or delete the record.
func (r *record) fixed() bool {
	var meta recordMeta
	_ = json.Unmarshal(r.meta(), &meta) // anything else than an object has no such field
	return meta.ReadOnly || r.ReadOnly || r.Locked
}

func (r *record) view() recordView {
	v := recordView{
		ID: r.ID, Name: toUnicode(r.Name), Type: r.Type, Content: r.Content, Priority: r.Priority, Data: r.Data,
		Proxiable: proxiable(r), Proxied: r.Proxied, TTL: r.TTL, Settings: r.Settings, Tags: r.Tags,
		CreatedOn: r.CreatedOn, ModifiedOn: r.ModifiedOn,
		CommentModifiedOn: r.CommentModifiedOn, TagsModifiedOn: r.TagsModifiedOn, Meta: r.meta(), Locked: r.Locked,
	}
	if r.Proxied {
		v.TTL = 1 // regardless of the request
	}
	if r.Comment != "" {
		v.Comment = &r.Comment
	}
	if v.Settings == nil {
		v.Settings = json.RawMessage("{}")
	}
	if v.Tags == nil {
		v.Tags = []string{}
	}
	return v
}

// proxiable reports whether the record can be proxied: only addresses and CNAMEs can, and only with public targets.
func proxiable(r *record) bool {
	return r.Type == "CNAME" || (r.Type == "A" || r.Type == "AAAA") && publicTarget(r.Content)
}

// resolves reports whether the record is an address or CNAME.
func (r *record) resolves() bool { return r.Type == "A" || r.Type == "AAAA" || r.Type == "CNAME" }

func listRecords(c *call) (*apiResponse, error) {
	q := c.query
	for _, bad := range []*apiError{
		oneOf(q, "type", recordTypes()...),
		oneOf(q, "order", "type", "name", "content", "ttl", "proxied"),
		oneOf(q, "direction", "asc", "desc"),
		oneOf(q, "match", "any", "all"),
		oneOf(q, "tag_match", "any", "all"),
		oneOf(q, "proxied", "true", "false"),
	} {
		if bad != nil {
			return nil, bad
		}
	}
	views := make([]recordView, len(c.zone.Records))
	for i, r := range c.zone.Records {
		views[i] = r.view()
	}
	views = applyFilters(views, tagFilters(c), q.Get("tag_match"))
	views = applyFilters(views, recordFilters(c), q.Get("match"))
	views = shuffled(views, func(v recordView) string { return v.ID })
	if order := q.Get("order"); order != "" {
		views = sorted(views, func(v recordView) string { return v.field(order) }, q.Get("direction"))
	}
	part, info, err := page(q, views, 100, 1, 5000)
	if err != nil {
		return nil, err
	}
	return &apiResponse{result: part, info: info}, nil
}

func (v recordView) field(name string) string {
	switch name {
	case "name":
		return v.Name
	case "content":
		return v.Content
	case "ttl":
		return strconv.Itoa(1e9 + v.TTL) // all of the same length, so that strings compare as numbers
	case "proxied":
		return strconv.FormatBool(v.Proxied)
	case "comment":
		if v.Comment != nil {
			return *v.Comment
		}
		return ""
	}
	return v.Type
}

func recordFilters(c *call) []filter[recordView] {
	q := c.query
	var out []filter[recordView]
	for _, key := range []string{"name", "content", "comment"} {
		out = append(out, textFilters(q, key, func(v recordView) string { return v.field(key) })...)
	}
	if q.Has("type") {
		out = append(out, func(v recordView) bool { return v.Type == q.Get("type") })
	}
	if q.Has("proxied") {
		out = append(out, func(v recordView) bool { return strconv.FormatBool(v.Proxied) == q.Get("proxied") })
	}
	if q.Has("comment.present") {
		out = append(out, func(v recordView) bool { return v.Comment != nil })
	}
	if q.Has("comment.absent") {
		out = append(out, func(v recordView) bool { return v.Comment == nil })
	}
	if q.Has("search") {
		out = append(out, func(v recordView) bool {
			hit := textFilters(map[string][]string{"x.contains": {q.Get("search")}}, "x", func(s string) string { return s })
			return slices.ContainsFunc([]string{v.Name, v.Content, v.field("comment")}, hit[0])
		})
	}
	return out
}

// tagFilters returns the filters for ?tag=name:value and ?tag.present=name. Free zones have no tags.
func tagFilters(c *call) []filter[recordView] {
	var out []filter[recordView]
	if want := c.query.Get("tag"); want != "" {
		out = append(out, func(v recordView) bool { return slices.Contains(v.Tags, want) })
	}
	if want := c.query.Get("tag.present"); want != "" {
		out = append(out, func(v recordView) bool { return hasTag(v.Tags, want) })
	}
	if want := c.query.Get("tag.absent"); want != "" {
		out = append(out, func(v recordView) bool { return !hasTag(v.Tags, want) })
	}
	return out
}

func getRecord(c *call) (*apiResponse, error) {
	r := c.zone.record(c.params["record"])
	if r == nil {
		return nil, recordNotFound()
	}
	return &apiResponse{result: r.view()}, nil
}

func postRecord(c *call) (*apiResponse, error) {
	var in recordInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	r, err := c.createRecord(&in)
	if err != nil {
		return nil, err
	}
	return &apiResponse{result: r.view()}, nil
}

func putRecord(c *call) (*apiResponse, error)   { return c.putOrPatchRecord(false) }
func patchRecord(c *call) (*apiResponse, error) { return c.putOrPatchRecord(true) }

func (c *call) putOrPatchRecord(partial bool) (*apiResponse, error) {
	var in recordInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	r, err := c.updateRecord(c.params["record"], &in, partial)
	if err != nil {
		return nil, err
	}
	return &apiResponse{result: r.view()}, nil
}

func deleteRecord(c *call) (*apiResponse, error) {
	r, err := c.removeRecord(c.params["record"])
	if err != nil {
		return nil, err
	}
	return &apiResponse{result: map[string]string{"id": r.ID}}, nil
}

func recordNotFound() *apiError {
	return newError(http.StatusNotFound, 81044, "Record does not exist.")
}

// recordReadOnly returns the error for a record that Cloudflare manages, as reported by users. That it is also the error for
// the record of a custom domain is not verified.
func recordReadOnly() *apiError {
	return newError(http.StatusBadRequest, 1043, "DNS record is read only")
}

func (z *zone) record(id string) *record {
	for _, r := range z.Records {
		if r.ID == id {
			return r
		}
	}
	return nil
}
