package sandbox_test

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"strings"

	"github.com/cfproxy/cfproxy/provision/sandbox"
)

// A sandbox in memory answers calls of the API without a network.
func Example() {
	store, err := sandbox.Parse([]byte(`{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}]}`))
	if err != nil {
		log.Fatal(err)
	}
	client := http.Client{Transport: sandbox.Transport(sandbox.Handler(store))}

	request, err := http.NewRequest("GET", "https://api.cloudflare.com/client/v4/zones?name=example.com", nil)
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+store.Token())
	response, err := client.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()

	var body struct {
		Success bool
		Result  []struct{ Name, Status string }
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.Status, body.Success, body.Result)
	// Output: 200 OK true [{example.com active}]
}

// The state can have faults: here the first creation of a route fails, and the second succeeds.
func Example_fault() {
	store, err := sandbox.Parse([]byte(`{
		"accounts": [{"name": "Acme", "zones": [{"id": "0123456789abcdef0123456789abcdef", "name": "example.com"}]}],
		"faults": [{"method": "POST", "path": "/zones/*/workers/routes", "status": 503}]
	}`))
	if err != nil {
		log.Fatal(err)
	}
	client := http.Client{Transport: sandbox.Transport(sandbox.Handler(store))}
	for range 2 {
		request, err := http.NewRequest("POST",
			"https://api.cloudflare.com/client/v4/zones/0123456789abcdef0123456789abcdef/workers/routes",
			strings.NewReader(`{"pattern": "api.example.com/*"}`))
		if err != nil {
			log.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+store.Token())
		request.Header.Set("Content-Type", "application/json")
		response, err := client.Do(request)
		if err != nil {
			log.Fatal(err)
		}
		response.Body.Close()
		fmt.Println(response.Status)
	}
	// Output:
	// 503 Service Unavailable
	// 200 OK
}
