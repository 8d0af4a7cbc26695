// Command baseline links the libraries that cfproxy is built on and nothing else: the least that start-up and size can cost.
package main

import (
	"fmt"
	"os"

	"github.com/charmbracelet/huh"
	"github.com/cloudflare/cloudflare-go/v7/dns"
	"github.com/cloudflare/cloudflare-go/v7/workers"
	"github.com/cloudflare/cloudflare-go/v7/zones"
	"github.com/pelletier/go-toml/v2"
	"github.com/urfave/cli/v2"
)

func main() {
	app := &cli.App{Name: "baseline", Version: "0", Action: func(c *cli.Context) error {
		if c.NArg() == 0 {
			return nil
		}
		var v map[string]any
		services := []any{zones.NewZoneService(), dns.NewRecordService(), workers.NewScriptService(), workers.NewRouteService()}
		_, err := services[0].(*zones.ZoneService).List(c.Context, zones.ZoneListParams{})
		fmt.Println(services, err, toml.Unmarshal([]byte(c.Args().First()), &v), huh.NewForm(huh.NewGroup(huh.NewInput())).Run())
		return err
	}}
	if err := app.Run(os.Args); err != nil {
		os.Exit(1)
	}
}
