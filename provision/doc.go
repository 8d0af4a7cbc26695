// Package provision makes Cloudflare accounts match what their owner asked for, and nothing more.
//
// One way through: Configs, one a relay, are normalised, the accounts are observed, Desired is worked out from that, Diff gives a
// Plan, and Engine.Apply carries it out and returns a Receipt.
//
//	Configs ─ Normalize ─▶ Engine.Observe ─▶ NewDesired ─▶ Diff ─▶ Plan ─▶ Engine.Apply ─▶ Receipt
//
// Hosts of one account whose settings are the same share a Worker: Observe makes a Relay of them. A host that cannot be served, or
// that fails on the way, is refused and named, and stops no other. Engine.Undo plans to take back what a failed run has made where
// nothing stood before, Engine.Settle looks for what another run may have done at the same time, and Engine.Rollback makes an
// earlier upload of a Worker serve again.
//
// No state is kept on disk: what exists is asked of the accounts every time, and what is ours is marked where it lives
// (a tag on the script, a comment on the record; a route is ours if it points at our script).
//
// The package speaks codes, never sentences, and knows neither the SDK nor a terminal: a Provider does the calls, and an
// Observer is told of every Event.
package provision
