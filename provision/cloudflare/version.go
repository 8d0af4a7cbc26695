package cloudflare

import (
	"context"
	"encoding/json"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/workers"

	"github.com/cfproxy/cfproxy/provision/plan"
)

type versionList struct {
	Items []struct {
		ID       string `json:"id"`
		Number   int    `json:"number"`
		Metadata struct {
			CreatedOn time.Time `json:"created_on"`
		} `json:"metadata"`
		Annotations map[string]string `json:"annotations"`
	} `json:"items"`
}

type deploymentList struct {
	Deployments []struct {
		Versions []struct {
			ID         string  `json:"version_id"`
			Percentage float64 `json:"percentage"`
		} `json:"versions"`
	} `json:"deployments"`
}

// Versions asks for the versions that can be deployed and, at the same time, for the deployments, of which the first is in force.
// https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/versions/methods/list/
// https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/deployments/methods/list/
func (c *Client) Versions(ctx context.Context, account, name string) ([]plan.Version, error) {
	type answered struct {
		history
		err error
	}
	deployed := make(chan answered, 1)
	go func() {
		served, err := c.served(ctx, account, name)
		deployed <- answered{served, err}
	}()
	var params workers.ScriptVersionListParams
	params.AccountID.Value, params.AccountID.Present = account, true
	params.Deployable.Value, params.Deployable.Present = true, true
	var list answer[versionList]
	_, err := c.versions.List(ctx, name, params, into(&list))
	served := <-deployed
	if err == nil {
		err = served.err
	}
	if err != nil {
		return nil, failure(err)
	}
	var found []plan.Version
	for _, item := range list.Result.Items {
		v := plan.Version{ID: item.ID, Number: item.Number, Created: item.Metadata.CreatedOn, Share: served.share[item.ID], DeploymentsAgo: plan.NeverServed}
		if ago, known := served.ago[item.ID]; known {
			v.DeploymentsAgo = ago
		}
		v.Build, v.Program = plan.ReadAnnotations(item.Annotations)
		found = append(found, v)
	}
	return found, nil
}

// history is what the deployments say of versions: how much of the traffic each serves, and how many deployments ago it did.
type history struct {
	share map[string]float64
	ago   map[string]int
}

func (c *Client) served(ctx context.Context, account, name string) (history, error) {
	var params workers.ScriptDeploymentListParams
	params.AccountID.Value, params.AccountID.Present = account, true
	var list answer[deploymentList]
	if _, err := c.deploys.List(ctx, name, params, into(&list)); err != nil {
		return history{}, failure(err)
	}
	h := history{share: map[string]float64{}, ago: map[string]int{}}
	for ago, deployment := range list.Result.Deployments {
		for _, v := range deployment.Versions {
			if _, known := h.ago[v.ID]; !known {
				h.ago[v.ID] = ago
			}
			if ago == 0 {
				h.share[v.ID] = v.Percentage
			}
		}
	}
	return h, nil
}

// DeployVersion makes one version serve everything.
// https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/deployments/methods/create/
func (c *Client) DeployVersion(ctx context.Context, account, name, version string, force bool) error {
	var params workers.ScriptDeploymentNewParams
	params.AccountID.Value, params.AccountID.Present = account, true
	if force {
		params.Force.Value, params.Force.Present = true, true
	}
	params.Deployment.Strategy.Value, params.Deployment.Strategy.Present = workers.DeploymentStrategyPercentage, true
	var whole workers.DeploymentVersionParam
	whole.VersionID.Value, whole.VersionID.Present = version, true
	whole.Percentage.Value, whole.Percentage.Present = 100, true
	params.Deployment.Versions.Value, params.Deployment.Versions.Present = []workers.DeploymentVersionParam{whole}, true
	var made answer[json.RawMessage]
	_, err := c.deploys.New(ctx, name, params, into(&made), option.WithHeader("Content-Type", "application/json"))
	return failure(err)
}
