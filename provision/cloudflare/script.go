package cloudflare

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/workers"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

// settings is what we read of a Worker. A placement is {} for none, and may come as a list of targets.
type settings struct {
	Tags      []string        `json:"tags"`
	Bindings  []workerBinding `json:"bindings"`
	Placement struct {
		Region string `json:"region"`
		Target []struct {
			Region string `json:"region"`
		} `json:"target"`
	} `json:"placement"`
}

type workerBinding struct {
	Type      string          `json:"type"`
	Name      string          `json:"name"`
	Text      string          `json:"text,omitempty"`
	JSON      json.RawMessage `json:"json,omitempty"`
	Namespace string          `json:"namespace_id,omitempty"`
	Simple    *simpleLimit    `json:"simple,omitempty"`
}

type simpleLimit struct {
	Limit  int `json:"limit"`
	Period int `json:"period"`
}

// Script reads a Worker's settings and code at once, nil where there is no such Worker.
// https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/script_and_version_settings/
func (c *Client) Script(ctx context.Context, account, name string) (*plan.Object, error) {
	modules := make(chan code, 1)
	go func() { modules <- c.readCode(ctx, account, name) }()
	s, err := c.readSettings(ctx, account, name)
	read := <-modules
	if err != nil || s == nil {
		return nil, err
	}
	object := &plan.Object{
		Address: plan.Address{Kind: plan.KindScript, Parent: account, Name: name},
		ID:      name,
		Owned:   slices.Contains(s.Tags, plan.OwnerTag),
		Attrs:   s.attrs(),
	}
	if read.digest != "" {
		object.Attrs[binding.AttrCode] = read.digest
		object.Attrs[binding.AttrTokens] = binding.FormatTokens(read.tokens)
		object.Tokens = read.tokens
	}
	return object, nil
}

func (s settings) attrs() binding.Attrs {
	attrs := binding.SettingsFromBinding(s.binding(worker.BindingSettings).JSON)
	attrs[binding.AttrBuild] = s.binding(worker.BindingBuild).Text
	attrs[binding.AttrProviders] = binding.ProvidersFromBinding(s.binding(worker.BindingProviders).JSON)
	attrs[binding.AttrKeys] = binding.KeysFromBindings(s.binding(worker.BindingKeys).Text, s.names("secret_text"))
	attrs[binding.AttrLimits] = binding.LimitsFromBindings(s.names("ratelimit"))
	attrs[binding.AttrRegion] = s.region()
	attrs[binding.AttrZones] = s.binding(worker.BindingZones).Text
	return attrs
}

// names lists the bindings of a type.
func (s settings) names(kind string) []string {
	var names []string
	for _, b := range s.Bindings {
		if b.Type == kind {
			names = append(names, b.Name)
		}
	}
	return names
}

func (c *Client) readSettings(ctx context.Context, account, name string) (*settings, error) {
	var params workers.ScriptScriptAndVersionSettingGetParams
	params.AccountID.Value, params.AccountID.Present = account, true
	var found answer[settings]
	_, err := c.settings.Get(ctx, name, params, into(&found))
	if isGone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, failure(err)
	}
	return &found.Result, nil
}

func (s settings) binding(name string) workerBinding {
	for _, b := range s.Bindings {
		if b.Name == name {
			return b
		}
	}
	return workerBinding{}
}

func (s settings) region() string {
	if len(s.Placement.Target) > 0 {
		return s.Placement.Target[0].Region
	}
	return s.Placement.Region
}

func (c *Client) doScript(ctx context.Context, step plan.Step) (string, error) {
	account, name := step.Address.Parent, step.Address.Name
	var made answer[json.RawMessage]
	if step.Action == plan.ActionDelete {
		// Without force: should anything else lean on this Worker, the API refuses rather than break it.
		var params workers.ScriptDeleteParams
		params.AccountID.Value, params.AccountID.Present = account, true
		_, err := c.scripts.Delete(ctx, name, params, into(&made))
		return name, err
	}
	contentType, body, err := uploadForm(step.Script)
	if err != nil {
		return "", err
	}
	var params workers.ScriptUpdateParams
	params.AccountID.Value, params.AccountID.Present = account, true
	// Strict: a key that has vanished since it was seen is an error, and not a Worker without it.
	_, err = c.scripts.Update(ctx, name, params, option.WithRequestBody(contentType, body), into(&made),
		option.WithQuery("bindings_inherit", "strict"))
	return name, err
}

// RegisterSubdomain names the account on workers.dev. A name that the account has already is no error.
// https://developers.cloudflare.com/api/resources/workers/subresources/subdomains/methods/update/
func (c *Client) RegisterSubdomain(ctx context.Context, account, name string) error {
	var params workers.SubdomainUpdateParams
	params.AccountID.Value, params.AccountID.Present = account, true
	params.Subdomain.Value, params.Subdomain.Present = name, true
	var made answer[json.RawMessage]
	_, err := c.subdomain.Update(ctx, params, into(&made))
	if hasCode(err, "10036") {
		return nil
	}
	return failure(err)
}
