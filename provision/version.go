package provision

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cfproxy/cfproxy/worker"
)

// Version is one upload of a Worker that can be deployed again.
// https://developers.cloudflare.com/workers/configuration/versions-and-deployments/
type Version struct {
	// ID is a UUID; Number counts the Worker's uploads from 1.
	ID      string    `json:"id"`
	Number  int       `json:"number"`
	Created time.Time `json:"created"`
	// Build and Program are what we wrote at the upload: the digest of all that decides how the Worker behaves, and our own
	// version. Both are "" for an upload of somebody else's.
	Build   string `json:"build,omitempty"`
	Program string `json:"program,omitempty"`
	// Share is how much of the traffic it serves, in percent: 100 for the version that is deployed, 0 for the others.
	Share float64 `json:"share"`
	// Ago counts the deployments since it served: 0 while it does; NeverServed for one that has not, as far as is known.
	Ago int `json:"-"`
}

// NeverServed is the Ago of a version that no known deployment has.
const NeverServed = math.MaxInt

// annotationTag and annotationMessage are what an upload carries, and comes back in the list of versions.
// https://developers.cloudflare.com/workers/configuration/multipart-upload-metadata/
const (
	annotationTag     = "workers/tag"
	annotationMessage = "workers/message"
)

// Annotations are what goes with an upload, for those who look at the list of versions: here or in the dashboard.
func (s *Script) Annotations() map[string]string {
	return map[string]string{
		annotationTag:     s.Build,
		annotationMessage: messageStart + s.Version + messageBuild + s.Build,
	}
}

const (
	messageStart = "cfproxy "
	messageBuild = ", build "
)

// ReadAnnotations gives the build and the program's version of an upload of ours, "" for another's.
func ReadAnnotations(annotations map[string]string) (build, program string) {
	build = annotations[annotationTag]
	program, isOurs := strings.CutPrefix(annotations[annotationMessage], messageStart)
	program, found := strings.CutSuffix(program, messageBuild+build)
	if !isOurs || !found || build == "" {
		return "", ""
	}
	return build, program
}

// Versions lists what of a relay's Worker can be deployed, the newest first. Cloudflare keeps the last ten ready.
func (e *Engine) Versions(ctx context.Context, relay Relay) ([]Version, error) {
	if !relay.Stands() {
		return nil, newError(CodeNoWorker, "worker", relay.Worker)
	}
	// Two calls at once: the versions, and which of them is deployed.
	versions, err := retrying(ctx, e, "versions", 2, func(ctx context.Context) ([]Version, error) {
		return e.Provider.Versions(ctx, relay.Account, relay.Worker)
	})
	slices.SortStableFunc(versions, func(a, b Version) int { return b.Number - a.Number })
	return versions, err
}

// Previous picks the version to go back to: the one that is named by its number or by the beginning of its id, or else that of
// ours, among the uploads before the one that serves, which served last. So a version that was gone back from is not gone back
// to; nor is one that behaves the same, since an upload that was repeated makes it twice.
func Previous(versions []Version, named string) (Version, error) {
	if named != "" {
		return namedVersion(versions, named)
	}
	current := slices.IndexFunc(versions, func(v Version) bool { return v.Share > 0 })
	if current < 0 {
		return Version{}, newError(CodeNoVersion)
	}
	return servedLast(versions[current+1:], func(v Version) bool { return v.Build != "" && v.Build != versions[current].Build })
}

// servedLast picks, among those that are meant, the version that has served last.
func servedLast(versions []Version, isMeant func(Version) bool) (Version, error) {
	meant := slices.DeleteFunc(slices.Clone(versions), func(v Version) bool { return !isMeant(v) })
	if len(meant) == 0 {
		return Version{}, newError(CodeNoVersion)
	}
	return slices.MinFunc(meant, func(a, b Version) int { return cmp.Compare(a.Ago, b.Ago) }), nil
}

// shortestID is how much of an id must be given.
const shortestID = 4

func namedVersion(versions []Version, named string) (Version, error) {
	var found []Version
	for _, v := range versions {
		isIt := strconv.Itoa(v.Number) == named
		if isIt || len(named) >= shortestID && strings.HasPrefix(v.ID, strings.ToLower(named)) {
			found = append(found, v)
		}
	}
	if len(found) != 1 {
		return Version{}, newError(CodeVersionUnknown, "value", named)
	}
	return found[0], nil
}

// Rollback makes a version serve all traffic, by one call and without an upload: routes and records stay as they are. force says
// that secrets may be those of that time, should they have changed since.
func (e *Engine) Rollback(ctx context.Context, relay Relay, to Version, force bool) error {
	attempts := 0
	_, err := retrying(ctx, e, "rollback", 1, func(ctx context.Context) (struct{}, error) {
		if attempts++; attempts > 1 {
			// The answer to the one before may have been lost.
			versions, err := e.Provider.Versions(ctx, relay.Account, relay.Worker)
			isDone := slices.ContainsFunc(versions, func(v Version) bool { return v.ID == to.ID && v.Share == 100 })
			if err != nil || isDone {
				return struct{}{}, err
			}
		}
		write, done := e.uncut(ctx)
		defer done()
		return struct{}{}, e.Provider.DeployVersion(write, relay.Account, relay.Worker, to.ID, force)
	})
	return err
}

// Updated gives the relays whose Worker a run has replaced: those that can go back.
func (r Receipt) Updated() []Relay {
	var relays []Relay
	for _, relay := range r.Plan.Relays {
		isDone := func(s Step) bool { return s.Address == relay.scriptAddress() && s.Action == ActionUpdate && !s.Adopt }
		if slices.ContainsFunc(r.Done, isDone) || slices.ContainsFunc(r.Unknown, isDone) {
			relays = append(relays, relay)
		}
	}
	return relays
}

// LetsIn tells whether to go back from what a plan makes of a relay to what stood before would let somebody in again, or to more: a
// token that was revoked or narrowed, a caller without one, pages of an origin that is not allowed any more, or the use of a key
// that was replaced. Nobody but the owner may decide that.
func (p Plan) LetsIn(relay Relay) bool {
	script := p.script(relay)
	before, after := script.Before, script.After
	closed := before[AttrAccess] != AccessManaged && after[AttrAccess] == AccessManaged
	unread := before[AttrAccess] == AccessManaged && relay.Script.Tokens == nil
	return closed || unread || len(Unlisted(relay.Script.Tokens, script.tokens())) > 0 ||
		before[AttrKeys] != after[AttrKeys] || after[AttrOrigins] != "" && before[AttrOrigins] != after[AttrOrigins]
}

// Before picks the version that stood before a plan has changed a relay's Worker, as the plan saw it: of ours, and with no other one
// since. So nothing older comes back by itself, with whatever has been revoked meanwhile. It is the one that serves where the
// upload did not take effect.
func (p Plan) Before(relay Relay, versions []Version) (Version, error) {
	script := p.script(relay)
	build := script.Before[AttrBuild]
	current := slices.IndexFunc(versions, func(v Version) bool { return v.Share > 0 })
	if current < 0 || build == "" {
		return Version{}, newError(CodeNoVersion)
	}
	if versions[current].Build == build && script.After[AttrBuild] != build {
		return versions[current], nil
	}
	last, err := servedLast(versions, func(v Version) bool {
		return v.Build != versions[current].Build && v.Ago != NeverServed
	})
	if err == nil && last.Build != build {
		return Version{}, newError(CodeNoVersion)
	}
	return last, err
}

func (s Step) tokens() []worker.Token {
	if s.Script == nil {
		return nil
	}
	return s.Script.Tokens
}
