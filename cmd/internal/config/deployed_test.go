package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

// configOf returns the config of settings.
func configOf(t *testing.T, s Settings) plan.Config {
	t.Helper()
	if len(s.Domains) == 0 {
		s.Domains = []string{ExampleHost}
	}
	r, err := NewRelay(s, "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	return r.Config
}

// deployedSettings are those of a deployed relay on which every setting differs from the default.
func deployedSettings() Settings {
	off := false
	return Settings{
		Providers: []string{"groq", "azure=my-resource"}, Region: "aws:us-east-1", Access: "managed", Page: &off,
		AllowOrigins: []string{"https://app.example.com"},
	}
}

// FromDeployed returns settings that lead to the same config.
func TestFromDeployed(t *testing.T) {
	t.Parallel()
	for _, want := range []Settings{deployedSettings(), {}} {
		config := configOf(t, want)
		if diff := cmp.Diff(config, configOf(t, FromDeployed(config))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// What was chosen stays, everything else is as deployed. Tokens are those of the file if there is one.
func TestWithDeployedDefaults(t *testing.T) {
	t.Parallel()
	deployed := configOf(t, deployedSettings())
	deployed.Tokens = []worker.Token{{Name: "alice"}}
	got := Settings{}.WithDeployedDefaults(configOf(t, Settings{}), deployed)
	want := configOf(t, deployedSettings())
	want.Tokens = deployed.Tokens
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("nothing chosen (-want +got):\n%s", diff)
	}

	on := true
	chosen := Settings{
		Providers: []string{"openai"}, Region: "gcp:europe-west1", Access: "pass-through", Page: &on, AllowOrigins: []string{"https://b.example.com"},
	}.WithTokens(nil)
	config := configOf(t, chosen)
	if diff := cmp.Diff(config, chosen.WithDeployedDefaults(config, deployed)); diff != "" {
		t.Errorf("everything chosen (-want +got):\n%s", diff)
	}
}

// A relay that is not deployed has no providers, so the default one stays.
func TestWithDeployedDefaultsOfNothing(t *testing.T) {
	t.Parallel()
	config := configOf(t, Settings{})
	if got := (Settings{}).WithDeployedDefaults(config, plan.Config{}); len(got.Providers) != 1 || got.Providers[0].ID != DefaultProvider {
		t.Errorf("got %v", got.Providers)
	}
}

func TestFlagsFor(t *testing.T) {
	t.Parallel()
	const all = " --provider groq --provider azure=my-resource --region aws:us-east-1 --access managed --page=false" +
		" --allow-origin https://app.example.com"
	on := true
	for name, x := range map[string]struct {
		chosen   Settings
		deployed Settings
		want     string
	}{
		"nothing chosen": {Settings{}, deployedSettings(), all},
		"defaults":       {Settings{}, Settings{}, ""},
		"some chosen": {
			Settings{Region: "aws:us-east-1", Providers: []string{"groq"}}, deployedSettings(),
			" --access managed --page=false --allow-origin https://app.example.com",
		},
		"all chosen": {
			Settings{Providers: []string{"x"}, Region: "x", Access: "x", Page: &on, AllowOrigins: []string{"x"}}, deployedSettings(), "",
		},
	} {
		if got := x.chosen.FlagsFor(configOf(t, x.deployed)); got != x.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, x.want)
		}
	}
}

func TestNonDefault(t *testing.T) {
	t.Parallel()
	on := true
	for name, x := range map[string]struct{ settings, given, want Settings }{
		"all":      {deployedSettings(), Settings{}, deployedSettings()},
		"defaults": {Settings{Providers: []string{DefaultProvider}, Access: "pass-through", Page: &on}, Settings{}, Settings{}},
		"given": {
			Settings{Providers: []string{"groq"}, Region: "aws:us-east-1"}, Settings{Region: "gcp:europe-west1"},
			Settings{Providers: []string{"groq"}},
		},
		"default among others": {
			Settings{Providers: []string{DefaultProvider, "groq"}}, Settings{}, Settings{Providers: []string{DefaultProvider, "groq"}},
		},
	} {
		if diff := cmp.Diff(x.want, x.settings.NonDefault(x.given)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
