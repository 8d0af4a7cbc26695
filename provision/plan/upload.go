package plan

import (
	"encoding/json"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/worker"
)

// Upload is what is uploaded of a Worker: the bundle, and the settings that become bindings.
type Upload struct {
	Bundle         worker.Bundle // includes the tokens module
	Providers      []worker.Provider
	Settings       worker.Settings
	Tokens         []worker.Token // the tokens in Bundle
	Keys           []binding.Key
	Limits         []binding.RateLimit
	Region         string
	Build          string   // 16 lower-case hex digits that identify the behaviour, see digest
	ProgramVersion string   // version of cfproxy
	Zones          []string // ids of the zones that the Worker serves
}

// digest returns a digest of everything that decides how the Worker behaves: 16 lower-case hex digits. The Worker
// reports it, and the verifier waits for it after a deploy. Tokens are part of the bundle, keys are represented by
// their fingerprints. The version of cfproxy and the zones are left out, so that a new release alone does not cause an
// upload.
func (u *Upload) digest() string {
	// Plain structs of strings, numbers and bytes: cannot fail, and the fields keep their order.
	text, _ := json.Marshal(struct {
		Bundle    worker.Bundle
		Providers []worker.Provider
		Settings  worker.Settings
		Keys      string
		Limits    []binding.RateLimit
		Region    string
	}{u.Bundle, u.Providers, u.Settings, binding.FormatKeys(u.Keys), u.Limits, u.Region})
	return binding.Digest(text)[:16]
}
