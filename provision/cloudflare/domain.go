package cloudflare

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/cloudflare/cloudflare-go/v7/workers"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/plan"
)

type domainAnswer struct {
	ID       string `json:"id"`
	Hostname string `json:"hostname"`
	Service  string `json:"service"`
}

// Domains lists custom domains; the API gives all of them at once.
// https://developers.cloudflare.com/api/resources/workers/subresources/domains/methods/list/
func (c *Client) Domains(ctx context.Context, account string) ([]plan.Object, error) {
	var params workers.DomainListParams
	params.AccountID.Value, params.AccountID.Present = account, true
	var list answer[[]domainAnswer]
	if _, err := c.domains.List(ctx, params, into(&list)); err != nil {
		return nil, failure(err)
	}
	var found []plan.Object
	for _, domain := range list.Result {
		found = append(found, plan.Object{
			Address: plan.Address{Kind: plan.KindDomain, Parent: account, Name: strings.ToLower(domain.Hostname)},
			ID:      domain.ID,
			Attrs:   binding.Attrs{binding.AttrScript: domain.Service},
		})
	}
	return found, nil
}

// doDomain removes one; we never make any. The API may answer that without a body.
func (c *Client) doDomain(ctx context.Context, step plan.Step) (string, error) {
	var params workers.DomainDeleteParams
	params.AccountID.Value, params.AccountID.Present = step.Address.Parent, true
	var made answer[json.RawMessage]
	_, err := c.domains.Delete(ctx, step.ID, params, into(&made))
	return step.ID, err
}
