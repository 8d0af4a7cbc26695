// Package provision makes a Cloudflare account match what its owner asked for, and nothing more.
//
// One way through: a Config is normalised, the account is observed, Desired is worked out from both, Diff gives a Plan,
// and Engine.Apply carries it out and returns a Receipt.
//
//	Config ─ Normalize ─▶ Engine.Observe ─▶ NewDesired ─▶ Diff ─▶ Plan ─▶ Engine.Apply ─▶ Receipt
//
// No state is kept on disk: what exists is asked of the account every time, and what is ours is marked where it lives
// (a tag on the script, a comment on the record; a route is ours if it points at our script).
//
// The package speaks codes, never sentences, and knows neither the SDK nor a terminal: a Provider does the calls, and an
// Observer is told of every Event.
package provision
