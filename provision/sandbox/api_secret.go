package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

type secretView struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

func isSecret(b binding) bool { return b.kind() == "secret_text" || b.kind() == "secret_key" }

func listSecrets(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
	if err != nil {
		return nil, err
	}
	views := []secretView{}
	for _, b := range shuffled(w.Bindings, binding.name) {
		if isSecret(b) {
			views = append(views, secretView{b.name(), b.kind()})
		}
	}
	return &apiResponse{result: views}, nil
}

// putSecret sets a secret and deploys a version with it.
func putSecret(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
	if err != nil {
		return nil, err
	}
	var in binding
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in == nil || in["type"] == nil {
		in = in.renamed(in.name())
		in["type"] = json.RawMessage(`"secret_text"`)
	}
	if !isSecret(in) {
		return nil, malformedJSON(true)
	}
	if err := checkBindings([]binding{in}); err != nil {
		return nil, err
	}
	if apiErr := w.archiveIfNewest(); apiErr != nil {
		return nil, apiErr
	}
	at := slices.IndexFunc(w.Bindings, func(b binding) bool { return b.name() == in.name() })
	switch {
	case at < 0:
		w.Bindings = append(w.Bindings, in)
	case !isSecret(w.Bindings[at]):
		return nil, nameInUse(in.name())
	default:
		w.Bindings[at] = in
	}
	c.deployNew(w, triggerSecret, nil)
	return &apiResponse{result: secretView{in.name(), in.kind()}}, nil
}

func (c *call) findSecret() (*script, int, error) {
	w, err := c.scriptInPath()
	if err != nil {
		return nil, 0, err
	}
	name := c.params["secret"]
	at := slices.IndexFunc(w.Bindings, func(b binding) bool { return isSecret(b) && b.name() == name })
	if at < 0 {
		return nil, 0, newError(http.StatusNotFound, 10056,
			fmt.Sprintf("Binding '%s' not found. Please use a different name and try again.", name))
	}
	return w, at, nil
}

func getSecret(c *call) (*apiResponse, error) {
	w, at, err := c.findSecret()
	if err != nil {
		return nil, err
	}
	return &apiResponse{result: secretView{w.Bindings[at].name(), w.Bindings[at].kind()}}, nil
}

func deleteSecret(c *call) (*apiResponse, error) {
	w, at, err := c.findSecret()
	if err != nil {
		return nil, err
	}
	if apiErr := w.archiveIfNewest(); apiErr != nil {
		return nil, apiErr
	}
	w.Bindings = slices.Delete(w.Bindings, at, at+1)
	c.deployNew(w, triggerSecret, nil)
	return &apiResponse{}, nil
}
