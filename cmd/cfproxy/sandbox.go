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

// sandboxOptions are the flags of sandbox: the addresses of the API and of the edge, and the file of the account.
type sandboxOptions struct{ listen, edge, state string }

func (p *program) sandboxCommand() *cli.Command {
	return p.command("sandbox", func(c *cli.Context, s *session) error {
		return runSandbox(c.Context, s, sandboxOptions{c.String("listen"), c.String("edge"), c.String("state")})
	},
		&cli.StringFlag{Name: "listen", Usage: p.text.T("flag.listen"), Value: "127.0.0.1:8787"},
		&cli.StringFlag{Name: "edge", Usage: p.text.T("flag.edge"), Value: "127.0.0.1:8443"},
		&cli.StringFlag{Name: "state", Usage: p.text.T("flag.state"), TakesFile: true},
	)
}

// runSandbox serves the emulated API and edge on loopback until it is interrupted.
func runSandbox(ctx context.Context, s *session, o sandboxOptions) error {
	file, err := s.sandboxFile()
	if err != nil {
		return err
	}
	store, err := sandbox.Open(cmp.Or(o.state, file))
	if err != nil {
		return problem.Wrap("sandbox-unreadable", err, "file", o.state)
	}
	if err := checkLoopback(o.edge); err != nil {
		return err
	}
	edge, err := s.openEdge(ctx, store, o.edge)
	if err != nil {
		return err
	}
	defer edge.Close()
	return s.serveSandbox(ctx, store, edge, o.listen, "sandbox.serving")
}

// serveSandbox serves the API of a sandbox whose edge is open. It prints the text of key, which says how to use both, and writes the
// edge's certificate authority to a temporary file for it. It returns nil when ctx ends.
func (s *session) serveSandbox(ctx context.Context, store *sandbox.Store, edge *edge.Edge, listen, key string) error {
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
	s.outf(key, "url", "http://"+api.Addr().String()+"/client/v4", "token", store.Token(), "host", demoHost,
		"edge", edge.Addr(), "ca", ca, "key", standin.Key)
	return serveUntilDone(ctx, api, sandbox.Handler(store))
}

func serveUntilDone(ctx context.Context, listener net.Listener, handler http.Handler) error {
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

// checkLoopback keeps the emulated account on this machine, because its token is not secret.
func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !isLoopback(host) {
		return problem.Usage("listen-not-loopback", "value", address)
	}
	return nil
}

// openEdge opens the sandbox's edge with the real runtime behind it, which is installed on first use. If that fails, the edge answers
// everything but requests to the Worker.
func (s *session) openEdge(ctx context.Context, store *sandbox.Store, listen string) (*edge.Edge, error) {
	binary, err := s.findRuntime(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, workerd.ErrNoNPM):
		s.errf("notice.no-npm")
	case err != nil:
		s.printError(err)
	}
	edge, err := edge.Open(ctx, edge.Config{Store: store, Workerd: binary, Listen: listen})
	if err != nil {
		return nil, problem.Wrap("edge-failed", err, "address", listen)
	}
	return edge, nil
}

// findRuntime returns the path of workerd, and installs it into the user's cache if it is not there.
func (s *session) findRuntime(ctx context.Context) (string, error) {
	cache, err := workerd.CacheDir()
	if err != nil {
		return "", problem.Wrap("workerd-failed", err)
	}
	binary, err := workerd.Find(s.getenv, cache)
	if err == nil || !errors.Is(err, workerd.ErrNotFound) {
		return binary, err
	}
	progress := s.progress()
	defer progress.Close()
	isShown := false
	binary, err = workerd.Install(ctx, cache, func(string) {
		if !isShown {
			progress.Line(s.text.T("workerd.install", "version", workerd.Version))
			progress.Spinner(s.text.T("workerd.installing"))
		}
		isShown = true
	})
	switch {
	case errors.Is(err, workerd.ErrNoNPM), errors.Is(err, context.Canceled):
		return "", err
	case err != nil:
		return "", problem.Wrap("workerd-failed", err)
	}
	progress.Line(s.text.T("workerd.installed") + "\n")
	return binary, nil
}
