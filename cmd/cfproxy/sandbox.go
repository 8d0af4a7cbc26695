package main

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/sandbox"
	"github.com/cfproxy/cfproxy/provision/sandbox/edge"
	"github.com/cfproxy/cfproxy/provision/sandbox/standin"
	"github.com/cfproxy/cfproxy/worker/workerd"
)

func (p *program) sandboxCommand() *cli.Command {
	return &cli.Command{Name: "sandbox", Action: p.serveSandbox, Flags: []cli.Flag{
		&cli.StringFlag{Name: "listen", Usage: p.text.T("flag.listen"), Value: "127.0.0.1:8787"},
		&cli.StringFlag{Name: "edge", Usage: p.text.T("flag.edge"), Value: "127.0.0.1:8443"},
		&cli.StringFlag{Name: "state", Usage: p.text.T("flag.state"), TakesFile: true},
	}}
}

// serveSandbox serves the emulated API and edge on loopback until it is interrupted.
func (p *program) serveSandbox(c *cli.Context) error {
	file, err := sandboxFile(c)
	if err != nil {
		return err
	}
	store, err := sandbox.Open(cmp.Or(c.String("state"), file))
	if err != nil {
		return problem.Wrap("sandbox-unreadable", err, "file", c.String("state"))
	}
	if err := checkLoopback(c.String("edge")); err != nil {
		return err
	}
	edge, err := p.openEdge(c.Context, store, c.String("edge"))
	if err != nil {
		return err
	}
	defer edge.Close()
	return p.serve(c.Context, store, edge, c.String("listen"), "sandbox.serving")
}

// serve serves the API beside an open edge and says how to use both, with the edge's authority in a file that curl can
// read. It ends with the context, which is no failure.
func (p *program) serve(ctx context.Context, store *sandbox.Store, edge *edge.Edge, listen, words string) error {
	api, err := listenLoopback(listen)
	if err != nil {
		return err
	}
	defer api.Close()
	folder, err := os.MkdirTemp("", "cfproxy-sandbox-")
	if err != nil {
		return problem.Wrap("ca-unwritable", err)
	}
	defer os.RemoveAll(folder)
	ca := filepath.Join(folder, "ca.pem")
	if err := os.WriteFile(ca, edge.CAPEM(), 0o644); err != nil {
		return problem.Wrap("ca-unwritable", err)
	}
	p.answer(words, "url", "http://"+api.Addr().String()+"/client/v4", "token", store.Token(), "host", demoHost,
		"edge", edge.Addr(), "ca", ca, "key", standin.Key)
	return serveUntil(ctx, api, sandbox.Handler(store))
}

func serveUntil(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return problem.Wrap("listen-failed", err, "address", listener.Addr().String())
	}
	return nil
}

func listenLoopback(address string) (net.Listener, error) {
	if err := checkLoopback(address); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, problem.Wrap("listen-failed", err, "address", address)
	}
	return listener, nil
}

// checkLoopback keeps the emulated account, whose token is no secret, on this machine.
func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !isLoopback(host) {
		return problem.Usage("listen-not-loopback", "value", address)
	}
	return nil
}

// openEdge opens the sandbox's edge with the real runtime behind it, which it installs on first use. Where that
// fails the edge still answers, up to the Worker.
func (p *program) openEdge(ctx context.Context, store *sandbox.Store, listen string) (*edge.Edge, error) {
	binary, err := p.runtime(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, workerd.ErrNoNPM):
		p.note("notice.no-npm")
	case err != nil:
		code, details, _ := p.classify(err)
		p.show(err, code, details)
	}
	edge, err := edge.Open(ctx, edge.Config{Store: store, Workerd: binary, Listen: listen})
	if err != nil {
		return nil, problem.Wrap("edge-failed", err, "address", listen)
	}
	return edge, nil
}

// runtime finds workerd, or installs it into the user's cache.
func (p *program) runtime(ctx context.Context) (string, error) {
	cache, err := workerd.CacheDir()
	if err != nil {
		return "", problem.Wrap("workerd-failed", err)
	}
	binary, err := workerd.Find(p.getenv, cache)
	if err == nil || !errors.Is(err, workerd.ErrNotFound) {
		return binary, err
	}
	progress := p.progress()
	defer progress.Close()
	said := false
	binary, err = workerd.Install(ctx, cache, func(string) {
		if !said {
			progress.Line(p.text.T("workerd.install", "version", workerd.Version))
			progress.Spinner(p.text.T("workerd.installing"))
		}
		said = true
	})
	switch {
	case errors.Is(err, workerd.ErrNoNPM), errors.Is(err, context.Canceled):
		return "", err
	case err != nil:
		return "", problem.Wrap("workerd-failed", err)
	}
	progress.Line(p.text.T("workerd.installed") + "\n")
	return binary, nil
}

// sandboxOnly opens the sandbox for a command that asks nothing of the real account.
func (p *program) sandboxOnly(c *cli.Context) (*account, error) {
	file, err := sandboxFile(c)
	if err != nil || file == "" {
		return &account{}, err
	}
	return p.openSandbox(c, file)
}
