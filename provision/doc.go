// Package provision is the engine: it makes Cloudflare accounts match what their owner configured, and changes nothing
// else.
//
// deploy.go has the whole workflow, which the commands and the tests share:
//
//	configs ─▶ Engine.Observe ─▶ PlanDeploy ─▶ plan.Plan ─▶ Engine.Deploy ─▶ Outcome
//	configs ─▶ Engine.PlanDestroy ───────────▶ plan.Plan ─▶ Engine.Destroy ─▶ Receipt
//
// Observe reads the accounts, with its calls in parallel. PlanDeploy decides what to change and makes no calls:
// plan.NewObserved finds resources that are not ours and in conflict, and plan.Diff decides what follows. Deploy
// applies the steps of the plan, undoes what a failed first deploy created, rolls back a failed update, and reconciles
// with runs of other programs at the same hosts. A host that fails does not stop the others.
//
// Steps run in phases, so that no failure leaves a proxied record of ours without its route: requests with callers'
// keys would go to the record's address. On creation the record comes last, on removal it goes first; see plan.Phase.
//
// A write without an answer may have taken effect. It is retried after a look at the resource, so that nothing is
// created twice (tryStep, dropApplied). If that fails too, the step is in Receipt.Unknown, and undo waits until lists
// have what it created (observeAll).
//
// Nothing is stored locally. What exists is read from the accounts in every run, and ownership is marked on the
// resources: by a tag on the script, by a comment on the record; a route is ours if it points to our script.
//
// Calls are made through an API, which package cloudflare implements. All retries and the rate limit are here. Errors
// have a code of package errcode and no sentences. Methods of Engine pass all progress, as Events, to the function that
// their caller gives, if any.
package provision
