package edge_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"net/http"

	"github.com/cfproxy/cfproxy/provision/sandbox"
	"github.com/cfproxy/cfproxy/provision/sandbox/edge"
)

// A client of the edge trusts its certificate authority and connects to it for every host. The host here has a proxied record
// but no route, so the request goes to the origin, which the sandbox does not have.
func Example() {
	store, err := sandbox.Parse([]byte(`{"accounts": [{"name": "Acme", "zones": [{"name": "example.com",
		"records": [{"type": "A", "name": "api", "content": "2.2.2.2", "proxied": true}]}]}]}`))
	if err != nil {
		log.Fatal(err)
	}
	network, err := edge.Open(context.Background(), edge.Config{Store: store})
	if err != nil {
		log.Fatal(err)
	}
	defer network.Close()

	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(network.CAPEM())
	client := http.Client{Transport: &http.Transport{
		DialContext: network.Dial, TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true,
	}}
	response, err := client.Get("https://api.example.com/")
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	fmt.Println(response.StatusCode, response.Header.Get("Server"))
	// Output: 522 cloudflare
}
