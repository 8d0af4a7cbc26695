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

// code is what is known of a Worker's modules: their digest, "" where they could not be read, and the tokens among them.
type code struct {
	digest string
	tokens []worker.Token
}

// readCode reads a Worker's modules. They cannot always be had: some kinds of Worker and of token get no code. What is not
// read is not compared.
// https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/content/methods/get/
func (c *Client) readCode(ctx context.Context, account, name string) code {
	var params workers.ScriptContentGetParams
	params.AccountID.Value, params.AccountID.Present = account, true
	res, err := c.content.Get(ctx, name, params)
	if err != nil {
		return code{}
	}
	defer res.Body.Close()
	modules, err := readModules(res)
	if err != nil || len(modules) == 0 {
		return code{}
	}
	read := code{digest: binding.CodeDigest(modules)}
	for _, m := range modules {
		if m.Name == worker.TokensModule {
			read.tokens = binding.ParseTokensModule(m.Source)
		}
	}
	return read
}

// readModules reads the parts of a form, which is how the API gives the modules back.
func readModules(res *http.Response) ([]worker.Module, error) {
	_, params, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	form := multipart.NewReader(io.LimitReader(res.Body, maxAnswer), params["boundary"])
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

// isForm tells the one answer that comes without the usual envelope.
func isForm(res *http.Response) bool {
	mediaType, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return res.StatusCode == http.StatusOK && mediaType == "multipart/form-data"
}
