package main

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/sandbox"
)

// account is an open Cloudflare account: the API behind the engine, and the way to what it serves.
type account struct {
	engine *provision.Engine
	// sandbox is the emulated account; nil for the real one.
	sandbox *sandbox.Store
}

// openAccount opens the account that the token leads to, or the sandbox. It makes no call.
func (p *program) openAccount(c *cli.Context, token string) (*account, error) {
	file, err := sandboxFile(c)
	if err != nil {
		return nil, err
	}
	if file != "" {
		return p.openSandbox(c, file)
	}
	if err := cloudflare.CheckToken(token); err != nil {
		return nil, err
	}
	base, err := p.baseURL()
	if err != nil {
		return nil, err
	}
	engine := &provision.Engine{Rate: provision.APIRate}
	engine.API = cloudflare.New(cloudflare.Options{
		Token: token, BaseURL: base, UserAgent: "cfproxy/" + version(), Trace: p.trace(c), Quota: engine.ObserveQuota,
	})
	return &account{engine: engine}, nil
}

func (p *program) openSandbox(c *cli.Context, file string) (*account, error) {
	store, err := sandbox.Open(file)
	if err != nil {
		return nil, problem.Wrap("sandbox-unreadable", err, "file", file)
	}
	return &account{sandbox: store, engine: p.sandboxEngine(c, store)}, nil
}

func (p *program) sandboxEngine(c *cli.Context, store *sandbox.Store) *provision.Engine {
	return &provision.Engine{API: cloudflare.New(cloudflare.Options{
		Token: store.Token(), UserAgent: "cfproxy/" + version(), Trace: p.trace(c),
		Transport: sandbox.Transport(sandbox.Handler(store)),
	})}
}

// baseURL reads CLOUDFLARE_BASE_URL as cloudflare-go does, and says that it is in force: whoever set it gets the token. So
// plain HTTP is for this machine alone.
func (p *program) baseURL() (string, error) {
	base := p.getenv("CLOUDFLARE_BASE_URL")
	if base == "" {
		return cloudflare.DefaultBaseURL, nil
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil {
		return "", problem.Usage("base-url-invalid", "value", redactURL(base))
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return "", problem.Usage("base-url-insecure", "value", redactURL(base))
	}
	if !p.noticed {
		p.note("notice.base-url", "url", redactURL(base))
		p.noticed = true
	}
	return strings.TrimSuffix(base, "/") + "/", nil
}

func redactURL(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "…"
	}
	u.RawQuery = ""
	return u.Redacted()
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// trace prints every call for --debug: method, path, status, ray id and time, and neither bodies nor headers, nor what was asked
// for by a query.
func (p *program) trace(c *cli.Context) func(cloudflare.Call) {
	if !debugging(c) {
		return nil
	}
	return func(call cloudflare.Call) {
		status := http.StatusText(call.Status)
		if call.Err != nil {
			status = string(errcode.Of(call.Err))
		}
		p.note("debug.call", "method", call.Method, "path", call.Path, "code", itoa(call.Status), "status", status,
			"ray", orDash(call.Ray), "ms", itoa(int(call.Took.Milliseconds())))
	}
}

func debugging(c *cli.Context) bool {
	for _, level := range c.Lineage() {
		if level.Bool("debug") {
			return true
		}
	}
	return false
}
