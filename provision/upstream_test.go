package provision_test

import (
	"testing"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/worker"
)

// An upstream that is a host of the same Worker, on any port, is an error before anything is written. Such a relay can
// be destroyed.
func TestUpstreamIsTheRelayItself(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}, {"name": "example.net"}]}]}`)
	other := f.config()
	other.Domains, other.Worker = []string{"other.example.com"}, "relay"
	f.mustDeploy(other)
	config := f.config()
	config.Worker = "relay"
	f.mustDeploy(config)
	f.calls = nil
	for origin, refused := range map[string]bool{
		"https://gptapi.example.com":      true,
		"https://gptapi.example.com:8443": true,
		"https://other.example.com":       true,
		"https://other.example.com:8443":  true,
		"https://third.example.com":       false,
		"https://other.example.net":       false,
		"https://llm.example.org":         false,
	} {
		config.Providers = []worker.Provider{{ID: "openai", Origin: "https://api.openai.com"}, {ID: "custom", Origin: origin}}
		_, err := config.Normalize()
		if err == nil {
			_, err = f.plan(config)
		}
		if is := errcode.Of(err) == errcode.UpstreamLoop; is != refused || is != (err != nil) {
			t.Errorf("%s: %v", origin, err)
		}
	}
	if writes := f.writes(); len(writes) > 0 {
		t.Errorf("written: %v", writes)
	}
	config.Providers = []worker.Provider{{ID: "custom", Origin: "https://other.example.com"}}
	if _, err := f.destroy(config); err != nil {
		t.Errorf("destroy: %v", err)
	}
}
