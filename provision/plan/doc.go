// Package plan decides what to change in Cloudflare accounts so that they match a configuration. It is pure: it makes
// no calls, and the same input returns the same plan.
//
//	Config.Normalize ─▶ (observe) ─▶ Observed ─▶ NewDesired ─▶ Diff ─▶ Plan ─▶ (apply)
//
// A [Config] describes one relay as its owner wants it. [Observed] is the part of the accounts that matters to the
// configured hosts; package provision reads it. [Desired] is what should exist there. [Diff] compares the two and
// returns a [Plan], which package provision applies step by step in the order of [Phases].
//
// A relay consists of one script (the Worker), and of a route and a proxied DNS record for each host. Nothing is stored
// locally: ownership is marked on the resources themselves, see [OwnerTag]. Resources that we do not own are never
// changed unless the user adopts them. Where they are in conflict with a deploy, Diff returns a [ConflictError]; see
// [Conflict] for the kinds.
package plan
