package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// These benchmarks measure a thousand hosts, in one zone and in two hundred, in memory and in a file.

// largeState returns an account with zones of a paid plan and a script of about 60 KB.
func largeState(zones int) []byte {
	a := &account{Name: "Acme", Scripts: []*script{{
		Name:    "relay",
		version: version{Modules: []*module{{Name: "index.js", Text: text(strings.Repeat("// sixty bytes of a comment, as many as a relay's own text..\n", 1000))}}},
	}}}
	for i := range zones {
		a.Zones = append(a.Zones, &zone{Name: fmt.Sprintf("z%d.example.com", i), Plan: "business"})
	}
	data, err := json.Marshal(&state{Accounts: []*account{a}})
	if err != nil {
		panic(err) // the state has no maps or functions
	}
	return data
}

// bench makes calls without a network and requires success.
type bench struct {
	b     *testing.B
	store *Store
	token string
	http  http.Client
}

func newBench(b *testing.B, state []byte, inFile bool) *bench {
	s, err := Parse(state)
	if err == nil && inFile {
		path := filepath.Join(b.TempDir(), "account.json")
		if err = os.WriteFile(path, state, 0o600); err == nil {
			s, err = Open(path)
		}
	}
	if err != nil {
		b.Fatal(err)
	}
	return &bench{b: b, store: s, token: s.Token(), http: http.Client{Transport: Transport(Handler(s))}}
}

func (c *bench) call(method, path string, body []byte) []byte {
	r, err := http.NewRequest(method, "https://api.cloudflare.com"+prefix+path, bytes.NewReader(body))
	if err != nil {
		c.b.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(r)
	if err != nil {
		c.b.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		c.b.Fatalf("%s %s: %d %s %v", method, path, res.StatusCode, data, err)
	}
	return data
}

// zones returns the IDs by name.
func (c *bench) zones() map[string]string {
	st, err := c.store.state()
	if err != nil {
		c.b.Fatal(err)
	}
	out := map[string]string{}
	for _, z := range st.Accounts[0].Zones {
		out[z.Name] = z.ID
	}
	return out
}

func routeBody(host string) []byte {
	return fmt.Appendf(nil, `{"pattern":"%s/*","script":"relay"}`, host)
}

// recordsBody returns a batch with the records of hosts h0 to hN of a zone.
func recordsBody(zone string, n int) []byte {
	var posts []string
	for i := range n {
		posts = append(posts, fmt.Sprintf(`{"type":"A","name":"h%d.%s","content":"2.2.2.2","proxied":true,"comment":"managed by a benchmark"}`, i, zone))
	}
	return []byte(`{"posts":[` + strings.Join(posts, ",") + `]}`)
}

func BenchmarkThousandHosts(b *testing.B) {
	for _, zones := range []int{1, 200} {
		for where, inFile := range map[string]bool{"memory": false, "file": true} {
			b.Run(fmt.Sprintf("zones=%d/%s", zones, where), func(b *testing.B) {
				state, hosts := largeState(zones), 1000/zones
				for b.Loop() {
					b.StopTimer()
					c := newBench(b, state, inFile)
					b.StartTimer()
					for name, id := range c.zones() {
						for i := range hosts {
							c.call("POST", "/zones/"+id+"/workers/routes", routeBody(fmt.Sprintf("h%d.%s", i, name)))
						}
						c.call("POST", "/zones/"+id+"/dns_records/batch", recordsBody(name, hosts))
					}
				}
			})
		}
	}
}

// BenchmarkReads lists the resources of a thousand hosts.
func BenchmarkReads(b *testing.B) {
	c := newBench(b, largeState(1), false)
	for name, id := range c.zones() {
		for i := range 1000 {
			c.call("POST", "/zones/"+id+"/workers/routes", routeBody(fmt.Sprintf("h%d.%s", i, name)))
		}
		c.call("POST", "/zones/"+id+"/dns_records/batch", recordsBody(name, 1000))
		for _, path := range []string{"/workers/routes", "/dns_records?per_page=5000", "/dns_records?name=h7." + name} {
			b.Run(path, func(b *testing.B) {
				for b.Loop() {
					c.call("GET", "/zones/"+id+path, nil)
				}
			})
		}
	}
}
