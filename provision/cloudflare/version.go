package cloudflare

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/workers"

	"github.com/cfproxy/cfproxy/provision/errcode"
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

// Versions returns the versions of a Worker that can be deployed, in the order of the API. It reads versions and
// deployments in parallel. The first deployment is the current one.
// https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/versions/methods/list/
// https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/deployments/methods/list/
func (c *Client) Versions(ctx context.Context, account, name string) ([]plan.Version, error) {
	type result struct {
		history deploymentHistory
		err     error
	}
	deployments := make(chan result, 1)
	go func() {
		history, err := c.readDeployments(ctx, account, name)
		deployments <- result{history, err}
	}()
	var params workers.ScriptVersionListParams
	params.AccountID.Value, params.AccountID.Present = account, true
	params.Deployable.Value, params.Deployable.Present = true, true
	var list response[versionList]
	_, err := workers.NewScriptVersionService(c.options...).List(ctx, name, params, decodeInto(&list))
	deployed := <-deployments
	if err == nil {
		err = deployed.err
	}
	if err != nil {
		return nil, codedError(err)
	}
	var found []plan.Version
	for _, item := range list.Result.Items {
		v := plan.Version{ID: item.ID, Number: item.Number, Created: item.Metadata.CreatedOn, Share: deployed.history.share[item.ID], DeploymentsAgo: plan.NeverServed}
		if ago, known := deployed.history.ago[item.ID]; known {
			v.DeploymentsAgo = ago
		}
		v.Build, v.ProgramVersion = plan.ReadAnnotations(item.Annotations)
		found = append(found, v)
	}
	return found, nil
}

// deploymentHistory holds what the deployments show about versions, by their ids.
type deploymentHistory struct {
	share map[string]float64 // share of the current traffic in percent
	ago   map[string]int     // deployments since the version served
}

// readDeployments reads the deployments of a Worker, the newest first.
func (c *Client) readDeployments(ctx context.Context, account, name string) (deploymentHistory, error) {
	var params workers.ScriptDeploymentListParams
	params.AccountID.Value, params.AccountID.Present = account, true
	var list response[deploymentList]
	if _, err := workers.NewScriptDeploymentService(c.options...).List(ctx, name, params, decodeInto(&list)); err != nil {
		return deploymentHistory{}, codedError(err)
	}
	h := deploymentHistory{share: map[string]float64{}, ago: map[string]int{}}
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

// DeployVersion makes a version serve all traffic. With force, also if secrets have changed since the upload; the
// version then uses the secrets of that time.
// https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/deployments/methods/create/
func (c *Client) DeployVersion(ctx context.Context, account, name, version string, force bool) error {
	var params workers.ScriptDeploymentNewParams
	params.AccountID.Value, params.AccountID.Present = account, true
	if force {
		params.Force.Value, params.Force.Present = true, true
	}
	params.Deployment.Strategy.Value, params.Deployment.Strategy.Present = workers.DeploymentStrategyPercentage, true
	var all workers.DeploymentVersionParam
	all.VersionID.Value, all.VersionID.Present = version, true
	all.Percentage.Value, all.Percentage.Present = 100, true
	params.Deployment.Versions.Value, params.Deployment.Versions.Present = []workers.DeploymentVersionParam{all}, true
	var res response[json.RawMessage]
	_, err := workers.NewScriptDeploymentService(c.options...).New(ctx, name, params, decodeInto(&res), option.WithHeader("Content-Type", "application/json"))
	if e := (*errcode.Error)(nil); errors.As(err, &e) && e.Code == errcode.VersionUnknown {
		e.Details["worker"], e.Details["value"] = name, version
	}
	return codedError(err)
}
