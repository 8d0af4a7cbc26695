// Command cfproxy puts a relay for LLM APIs on the user's own domain, in the user's own Cloudflare account, and verifies that it
// works.
//
// The package is flat: one file per command, with its options and its run function. Read deploy.go first. A command gets a
// session, which opens the account, and prints through a console. Package config turns flags, environment and cfproxy.toml into
// relays; package provision plans and applies; package verify checks the result from outside.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	os.Exit(run(context.Background(), os.Args, systemEnvironment()))
}

// run runs the program and returns its exit status. The first interrupt cancels the context, which lets the API call in flight
// finish; the second one kills the process. SIGPIPE is ignored, so that a reader that closes our output, such as head, does not
// end a deploy half-way.
func run(ctx context.Context, args []string, env environment) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	signal.Ignore(syscall.SIGPIPE)
	context.AfterFunc(ctx, stop)
	p, err := newProgram(args, env)
	if err == nil {
		err = p.execute(ctx, args)
	}
	return p.console.exit(err)
}
