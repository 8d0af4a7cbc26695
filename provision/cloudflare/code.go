package cloudflare

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/cloudflare/cloudflare-go/v7/workers"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/worker"
)

// scriptCode is what we need of a Worker's modules.
type scriptCode struct {
	digest string // "" if the modules could not be read
	tokens []worker.Token
}

// readCode reads a Worker's modules. Failures are ignored, because the API does not return the code of every kind of
// Worker to every kind of token. Attributes that were not read are not compared.
// https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/content/methods/get/
func (c *Client) readCode(ctx context.Context, account, name string) scriptCode {
	var params workers.ScriptContentGetParams
	params.AccountID.Value, params.AccountID.Present = account, true
	res, err := workers.NewScriptContentService(c.options...).Get(ctx, name, params)
	if err != nil {
		return scriptCode{}
	}
	defer res.Body.Close()
	modules, err := readModules(res)
	if err != nil || len(modules) == 0 {
		return scriptCode{}
	}
	read := scriptCode{digest: binding.CodeDigest(modules)}
	for _, m := range modules {
		if m.Name == worker.TokensModule {
			read.tokens = binding.ParseTokensModule(m.Source)
		}
	}
	return read
}

// readModules returns the modules in a response. They are the parts of a multipart form.
func readModules(res *http.Response) ([]worker.Module, error) {
	_, params, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	form := multipart.NewReader(io.LimitReader(res.Body, maxResponse), params["boundary"])
	var modules []worker.Module
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return modules, nil
		}
		if err != nil {
			return nil, err
		}
		source, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		modules = append(modules, worker.Module{Name: part.FormName(), Type: part.Header.Get("Content-Type"), Source: source})
	}
}

// isMultipart reports whether a response holds modules. It is the only kind of successful response without an envelope.
func isMultipart(res *http.Response) bool {
	mediaType, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return res.StatusCode == http.StatusOK && mediaType == "multipart/form-data"
}
