// Command cfproxy puts a relay for LLM APIs on one's own domain, in one's own Cloudflare account, and proves that it works.
//
// The package is flat: one file a command, each of which reads from top to bottom. setting.go holds the one table of
// settings that flags, environment, file and wizard all fill; config.go makes of it what the engine wants; account.go opens
// the account, real or sandboxed.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

func main() {
	os.Exit(run(context.Background(), os.Args, systemEnvironment()))
}

// run is the whole program. The first interrupt ends the context, which lets the call in flight finish; the second one has
// its ordinary effect. A reader of our output that leaves early, such as head, must not end a deploy half-way.
func run(ctx context.Context, args []string, env environment) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	signal.Ignore(syscall.SIGPIPE)
	context.AfterFunc(ctx, stop)
	p, err := newProgram(args, env)
	if err == nil {
		err = p.guarded(ctx, args)
	}
	return p.exit(err)
}

// guarded runs a command. A mistake of ours or of a library ends in an error like any other: a stack trace helps nobody
// who has a relay to mend.
func (p *program) guarded(ctx context.Context, args []string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = problem.Wrap("crashed", fmt.Errorf("%v", r))
		}
	}()
	app := p.app()
	return app.RunContext(ctx, flagsFirst(app, args))
}
