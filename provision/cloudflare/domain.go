package cloudflare

import (
	"context"
	"encoding/json"

	"github.com/cloudflare/cloudflare-go/v7/workers"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
)

type apiDomain struct {
	ID       string `json:"id"`
	Hostname string `json:"hostname"`
	Service  string `json:"service"`
}

// Domains returns the custom domains of an account. The API returns all of them in one page.
// https://developers.cloudflare.com/api/resources/workers/subresources/domains/methods/list/
func (c *Client) Domains(ctx context.Context, account string) ([]plan.Object, error) {
	var params workers.DomainListParams
	params.AccountID.Value, params.AccountID.Present = account, true
	var list response[[]apiDomain]
	if _, err := workers.NewDomainService(c.options...).List(ctx, params, decodeInto(&list)); err != nil {
		return nil, codedError(err)
	}
	var found []plan.Object
	for _, domain := range list.Result {
		found = append(found, plan.Object{
			Address: plan.Address{Kind: plan.KindDomain, Parent: account, Name: hostname.ToASCII(domain.Hostname)},
			ID:      domain.ID,
			Attrs:   binding.Attrs{binding.AttrScript: domain.Service},
		})
	}
	return found, nil
}

// deleteDomain deletes a custom domain. We never create or change one.
func (c *Client) deleteDomain(ctx context.Context, step plan.Step) (string, error) {
	var params workers.DomainDeleteParams
	params.AccountID.Value, params.AccountID.Present = step.Address.Parent, true
	var res response[json.RawMessage]
	_, err := workers.NewDomainService(c.options...).Delete(ctx, step.ID, params, decodeInto(&res))
	return step.ID, err
}
