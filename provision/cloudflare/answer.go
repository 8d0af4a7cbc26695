package cloudflare

import "github.com/cloudflare/cloudflare-go/v7/option"

// answer is the envelope of a success, with as much of the result as we read. The SDK's own types are not used for
// answers: they know the schema better than the API keeps to it, and one of them panics on "placement": {}, which is what
// the API says of a Worker without a placement.
type answer[T any] struct {
	Result T        `json:"result"`
	Info   pageInfo `json:"result_info"`
}

func into[T any](a *answer[T]) option.RequestOption { return option.WithResponseBodyInto(a) }

// created is the answer to whatever makes or changes something.
type created struct {
	ID string `json:"id"`
}

type pageInfo struct {
	PerPage    int  `json:"per_page"`
	TotalPages *int `json:"total_pages"`
}

// isLast trusts the number of pages where the API gives it, and else goes on until a page is not full. The SDK's own paging
// asks for one page more than there are and cannot be cancelled.
func (p pageInfo) isLast(page, got, asked int) bool {
	if p.TotalPages != nil {
		return page >= *p.TotalPages
	}
	if p.PerPage > 0 {
		asked = p.PerPage
	}
	return got < asked
}
