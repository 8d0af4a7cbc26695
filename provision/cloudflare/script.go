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

// scriptSettings is what we read of a Worker. Without a placement, the API returns {}. With one, it has a region or a
// list of targets.
type scriptSettings struct {
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

// Script returns a Worker, or nil if it does not exist. It reads settings and code in parallel.
// https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/script_and_version_settings/
func (c *Client) Script(ctx context.Context, account, name string) (*plan.Object, error) {
	codes := make(chan scriptCode, 1)
	go func() { codes <- c.readCode(ctx, account, name) }()
	s, err := c.readSettings(ctx, account, name)
	code := <-codes
	if err != nil || s == nil {
		return nil, err
	}
	object := &plan.Object{
		Address: plan.Address{Kind: plan.KindScript, Parent: account, Name: name},
		ID:      name,
		Owned:   slices.Contains(s.Tags, plan.OwnerTag),
		Attrs:   s.attrs(),
	}
	if code.digest != "" {
		object.Attrs[binding.AttrCode] = code.digest
		object.Attrs[binding.AttrTokens] = binding.FormatTokens(code.tokens)
		object.Tokens = code.tokens
	}
	return object, nil
}

// attrs returns the attributes of the Worker that its settings show.
func (s scriptSettings) attrs() binding.Attrs {
	attrs := binding.SettingsFromBinding(s.binding(worker.BindingSettings).JSON)
	attrs[binding.AttrBuild] = s.binding(worker.BindingBuild).Text
	attrs[binding.AttrProviders] = binding.ProvidersFromBinding(s.binding(worker.BindingProviders).JSON)
	attrs[binding.AttrKeys] = binding.KeysFromBindings(s.binding(worker.BindingKeys).Text, s.bindingNames("secret_text"))
	attrs[binding.AttrLimits] = binding.LimitsFromBindings(s.bindingNames("ratelimit"))
	attrs[binding.AttrRegion] = s.region()
	attrs[binding.AttrZones] = s.binding(worker.BindingZones).Text
	return attrs
}

// bindingNames returns the names of the bindings of a type.
func (s scriptSettings) bindingNames(kind string) []string {
	var names []string
	for _, b := range s.Bindings {
		if b.Type == kind {
			names = append(names, b.Name)
		}
	}
	return names
}

// readSettings reads a Worker's settings. It returns nil if the Worker does not exist.
func (c *Client) readSettings(ctx context.Context, account, name string) (*scriptSettings, error) {
	var params workers.ScriptScriptAndVersionSettingGetParams
	params.AccountID.Value, params.AccountID.Present = account, true
	var found response[scriptSettings]
	_, err := workers.NewScriptScriptAndVersionSettingService(c.options...).Get(ctx, name, params, decodeInto(&found))
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, codedError(err)
	}
	return &found.Result, nil
}

// binding returns the binding with a name, or an empty one.
func (s scriptSettings) binding(name string) workerBinding {
	for _, b := range s.Bindings {
		if b.Name == name {
			return b
		}
	}
	return workerBinding{}
}

// region returns the region in which the Worker runs, or "".
func (s scriptSettings) region() string {
	if len(s.Placement.Target) > 0 {
		return s.Placement.Target[0].Region
	}
	return s.Placement.Region
}

// applyScript applies a step on a script. The id of a script is its name.
func (c *Client) applyScript(ctx context.Context, step plan.Step) (string, error) {
	account, name := step.Address.Parent, step.Address.Name
	var res response[json.RawMessage]
	if step.Action == plan.ActionDelete {
		// Without force, the API does not delete a Worker that something else depends on.
		var params workers.ScriptDeleteParams
		params.AccountID.Value, params.AccountID.Present = account, true
		_, err := workers.NewScriptService(c.options...).Delete(ctx, name, params, decodeInto(&res))
		return name, err
	}
	contentType, body, err := uploadForm(step.Upload)
	if err != nil {
		return "", err
	}
	var params workers.ScriptUpdateParams
	params.AccountID.Value, params.AccountID.Present = account, true
	// The body replaces the one that the SDK generates from params; see uploadForm. With bindings_inherit=strict it is
	// an error if a key to inherit was deleted in the meantime. Otherwise the API would deploy the Worker without it.
	_, err = workers.NewScriptService(c.options...).Update(ctx, name, params, option.WithRequestBody(contentType, body), decodeInto(&res),
		option.WithQuery("bindings_inherit", "strict"))
	return name, err
}

// RegisterSubdomain registers the account's workers.dev name. It is not an error if the account has a name already.
// https://developers.cloudflare.com/api/resources/workers/subresources/subdomains/methods/update/
func (c *Client) RegisterSubdomain(ctx context.Context, account, name string) error {
	var params workers.SubdomainUpdateParams
	params.AccountID.Value, params.AccountID.Present = account, true
	params.Subdomain.Value, params.Subdomain.Present = name, true
	var res response[json.RawMessage]
	_, err := workers.NewSubdomainService(c.options...).Update(ctx, params, decodeInto(&res))
	if hasNumber(err, 10036) {
		return nil
	}
	return codedError(err)
}
