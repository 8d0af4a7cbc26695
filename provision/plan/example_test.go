package plan_test

import (
	"fmt"

	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

// The first deploy of a relay to an account that has nothing at its addresses.
func ExampleDiff() {
	config, err := plan.Config{
		Domains:   []string{"gptapi.example.com"},
		Providers: []worker.Provider{{ID: "openai", Origin: "https://api.openai.com"}},
	}.Normalize()
	if err != nil {
		fmt.Println(err)
		return
	}

	// The engine reads these from the account.
	zones := []plan.Zone{{ID: "023e105f4ecef8ad9ca31a8372d0c353", Name: "example.com", Account: "01a7362d577a6c3019a474fd6f485823"}}
	snapshot := plan.NewSnapshot(zones)

	relays, skipped, err := plan.GroupRelays([]plan.Config{config}, zones)
	if err != nil {
		fmt.Println(err)
		return
	}
	plan.AssignWorkerNames(relays, snapshot)
	observed := plan.NewObserved(relays, skipped, snapshot)

	planned, err := plan.Diff(plan.NewDesired(observed, worker.Load()), observed, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, step := range planned.Steps {
		fmt.Println(step.Action, step.Address.Kind, step.Address.Name)
	}
	// Output:
	// create script cfproxy-gptapi-example-com
	// create route gptapi.example.com/*
	// create record gptapi.example.com
}
