package main

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/templates"
)

// clientsOf returns the client settings of every host that was deployed, with comments in the language of text.
func clientsOf(relays config.Relays, receipt provision.Receipt, text *i18n.Catalog) ([]relayClient, error) {
	failed := receipt.FailedHosts()
	var clients []relayClient
	for _, site := range receipt.Plan.Sites {
		if slices.ContainsFunc(failed, func(x plan.HostError) bool { return x.Host == site.Host }) {
			continue
		}
		client, err := clientOf(relays.ForHost(site.Host), site.Host, text)
		if err != nil {
			return nil, err
		}
		clients = append(clients, client)
	}
	return clients, nil
}

// clientOf returns the client settings of a host: those of the first provider at the root, and of the others under
// their IDs.
func clientOf(r config.Relay, host string, text *i18n.Catalog) (relayClient, error) {
	keyNote := func(p templates.Provider) string {
		if r.Settings.Managed {
			return text.T("client.token")
		}
		return text.T("client.key", "provider", p.Name)
	}
	snippets, err := templates.Snippets(r.ProviderInfo[0], "https://"+host, keyNote(r.ProviderInfo[0]))
	client := relayClient{Host: host, Snippets: snippets}
	for _, provider := range r.ProviderInfo[1:] {
		root := "https://" + host + "/" + provider.ID
		snippets, wrong := templates.Snippets(provider, root, keyNote(provider))
		if wrong != nil {
			return client, wrong
		}
		client.Others = append(client.Others, otherClient{Name: provider.Name, BaseURL: root + provider.Base, Snippets: snippets})
	}
	return client, err
}

// printClients prints the client settings of each host, or of the first one if there are more than maxListed.
func (c *console) printClients(relays config.Relays, clients []relayClient, verified bool) {
	for i, client := range clients {
		if i > 0 && len(clients) > maxListed {
			fmt.Fprintln(c.stdout)
			c.outf("client.more", "count", strconv.Itoa(len(clients)-1))
			break
		}
		c.printClient(client, verified)
		if r := relays.ForHost(client.Host); r.Settings.Managed && (i == len(clients)-1 || len(clients) > maxListed) {
			c.outf("client.managed")
		}
	}
}

// printClient prints the client settings of a host, ready to be copied.
func (c *console) printClient(client relayClient, verified bool) {
	fmt.Fprintln(c.stdout)
	if verified {
		c.outf("client.works", "host", hostname.Display(client.Host))
	} else {
		c.outf("client.deployed", "host", hostname.Display(client.Host))
	}
	for _, snippet := range client.Snippets {
		fmt.Fprintf(c.stdout, "\n# %s\n%s\n", c.text.T("client."+snippet.Kind), snippet.Text)
	}
	for _, other := range client.Others {
		fmt.Fprintln(c.stdout)
		c.outf("client.other", "name", other.Name, "url", other.BaseURL)
	}
}
