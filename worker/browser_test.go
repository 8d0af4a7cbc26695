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

// browserTimeout bounds the tests of one file. A browser starts slowly.
const browserTimeout = 4 * time.Minute

// envBrowser enables the tests that need Chromium and an npm package.
const envBrowser = "CFPROXY_BROWSER"

func TestInABrowser(t *testing.T) {
	if os.Getenv(envBrowser) != "1" {
		t.Skip("NOT TESTED: needs Chromium; run `npm ci` in worker/browser and set " + envBrowser + "=1")
	}
	bin := workerdtest.Binary(t)
	forEachTestFile(t, "browser", func(t *testing.T, file string) { runBrowserTests(t, bin, file) })
}

// runBrowserTests starts relays for one test file. The sockets of the upstream and of an app of another origin are
// opened here and passed on, because the relays need both addresses when they start.
func runBrowserTests(t *testing.T, bin, file string) {
	ctx, cancel := context.WithTimeout(t.Context(), browserTimeout)
	defer cancel()
	_, all := allProviders(t)
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
	addresses := map[string]string{}
	for _, w := range relays {
		addresses[w.Name] = serveTLS(t, server.Addr(w.Name))
	}
	runNode(ctx, t, server, file, addresses, nil, fileOf(t, upstream), fileOf(t, app))
}

// serveTLS terminates TLS in front of a relay, as Cloudflare does. The page uses https URLs only.
func serveTLS(t *testing.T, addr string) string {
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
