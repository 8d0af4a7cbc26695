package worker_test

import (
	"context"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/worker"
	"github.com/cfproxy/cfproxy/worker/workerd"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

// browserPatience bounds the tests of one file: a browser takes its time to start.
const browserPatience = 4 * time.Minute

// envBrowser switches on the tests that need Chromium and a package of npm.
const envBrowser = "CFPROXY_BROWSER"

func TestInABrowser(t *testing.T) {
	if os.Getenv(envBrowser) != "1" {
		t.Skip("NOT TESTED: needs Chromium; run `npm ci` in worker/browser and set " + envBrowser + "=1")
	}
	bin := workerdtest.Binary(t)
	eachFile(t, "browser", func(t *testing.T, file string) { inBrowser(t, bin, file) })
}

// inBrowser gives one file of tests relays of its own. The sockets on which the
// upstream and the app of another origin listen are opened here, since relays
// know both by address, and handed over.
func inBrowser(t *testing.T, bin, file string) {
	ctx, cancel := context.WithTimeout(t.Context(), browserPatience)
	defer cancel()
	_, all := every(t)
	upstream, app := listen(t), listen(t)
	allowed := worker.Settings{Page: true, Origins: []string{"http://" + app.Addr().String()}}
	relays := []workerd.Worker{
		relay("open", pageBindings(t, pageProviders, worker.Settings{Page: true})),
		relay("full", pageBindings(t, all, worker.Settings{Page: true})),
		relay("allowing", pageBindings(t, pageProviders, allowed)),
		relay("managed", pageBindings(t, pageProviders, worker.Settings{Page: true, Managed: true})),
	}
	server, err := workerd.Start(ctx, bin, workerd.Config{Outbound: upstream.Addr().String(), Workers: relays})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	places := map[string]string{}
	for _, w := range relays {
		places[w.Name] = overTLS(t, server.Addr(w.Name))
	}
	runNode(ctx, t, server, file, places, nil, socketOf(t, upstream), socketOf(t, app))
}

// overTLS stands before a relay as Cloudflare does: the page speaks of https only.
func overTLS(t *testing.T, addr string) string {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: addr})
			r.Out.Host = r.In.Host
		},
		FlushInterval: -1,
		Transport:     client(t).Transport,
	}
	front := httptest.NewTLSServer(proxy)
	t.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
	})
	return front.URL
}
