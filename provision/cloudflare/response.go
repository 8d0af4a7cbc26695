package cloudflare

import "github.com/cloudflare/cloudflare-go/v7/option"

// response is the envelope of a successful response, with the part of the result that we read. The SDK's own response
// types are not used: they are stricter than the API. One of them panics on "placement": {}, which the API returns for
// a Worker without a placement.
type response[T any] struct {
	Result T        `json:"result"`
	Info   pageInfo `json:"result_info"`
}

// decodeInto returns the option that decodes the response into r.
func decodeInto[T any](r *response[T]) option.RequestOption { return option.WithResponseBodyInto(r) }

// createdID is the result of calls that create or change an object.
type createdID struct {
	ID string `json:"id"`
}

type pageInfo struct {
	PerPage    int  `json:"per_page"`
	TotalPages *int `json:"total_pages"`
}

// isLast reports whether page is the last one. It trusts the number of pages if the API returns it, and otherwise stops
// at a page that is not full. The SDK's own paging requests one page too many and cannot be cancelled.
func (p pageInfo) isLast(page, got, perPage int) bool {
	if p.TotalPages != nil {
		return page >= *p.TotalPages
	}
	if p.PerPage > 0 {
		perPage = p.PerPage
	}
	return got < perPage
}
