package plan

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
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
	DeploymentsAgo int `json:"-"`
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

// Serving returns the version that serves the largest share of the traffic; the zero Version if none serves.
func Serving(versions []Version) Version {
	var serving Version
	for _, v := range versions {
		if v.Share > serving.Share {
			serving = v
		}
	}
	return serving
}

// PreviousVersion picks the version to go back to: the one that is named by its number or by the beginning of its id, or else that of
// ours, among the uploads before the one that serves, which served last. So a version that was gone back from is not gone back
// to; nor is one that behaves the same, since an upload that was repeated makes it twice.
func PreviousVersion(versions []Version, named string) (Version, error) {
	if named != "" {
		return findVersion(versions, named)
	}
	current := slices.IndexFunc(versions, func(v Version) bool { return v.Share > 0 })
	if current < 0 {
		return Version{}, errcode.New(errcode.NoVersion)
	}
	return lastServed(versions[current+1:], func(v Version) bool { return v.Build != "" && v.Build != versions[current].Build })
}

// servedLast picks, among those that are meant, the version that has served last.
func lastServed(versions []Version, isMeant func(Version) bool) (Version, error) {
	meant := slices.DeleteFunc(slices.Clone(versions), func(v Version) bool { return !isMeant(v) })
	if len(meant) == 0 {
		return Version{}, errcode.New(errcode.NoVersion)
	}
	return slices.MinFunc(meant, func(a, b Version) int { return cmp.Compare(a.DeploymentsAgo, b.DeploymentsAgo) }), nil
}

// shortestID is how much of an id must be given.
const minIDPrefix = 4

func findVersion(versions []Version, named string) (Version, error) {
	var found []Version
	for _, v := range versions {
		isIt := strconv.Itoa(v.Number) == named
		if isIt || len(named) >= minIDPrefix && strings.HasPrefix(v.ID, strings.ToLower(named)) {
			found = append(found, v)
		}
	}
	if len(found) != 1 {
		return Version{}, errcode.New(errcode.VersionUnknown, "value", named)
	}
	return found[0], nil
}

// WidensAccess tells whether to go back from what a plan makes of a relay to what stood before would let somebody in again, or to more: a
// token that was revoked or narrowed, a caller without one, pages of an origin that is not allowed any more, or the use of a key
// that was replaced. Nobody but the owner may decide that.
func (p Plan) WidensAccess(relay Relay) bool {
	script := p.scriptStep(relay)
	before, after := script.Before, script.After
	closed := before[binding.AttrAccess] != binding.AccessManaged && after[binding.AttrAccess] == binding.AccessManaged
	unread := before[binding.AttrAccess] == binding.AccessManaged && relay.Script.Tokens == nil
	return closed || unread || len(binding.MissingTokens(relay.Script.Tokens, script.tokens())) > 0 ||
		before[binding.AttrKeys] != after[binding.AttrKeys] || after[binding.AttrOrigins] != "" && before[binding.AttrOrigins] != after[binding.AttrOrigins]
}

// PriorVersion picks the version that stood before a plan has changed a relay's Worker, as the plan saw it: of ours, and with no other one
// since. So nothing older comes back by itself, with whatever has been revoked meanwhile. It is the one that serves where the
// upload did not take effect.
func (p Plan) PriorVersion(relay Relay, versions []Version) (Version, error) {
	script := p.scriptStep(relay)
	build := script.Before[binding.AttrBuild]
	current := slices.IndexFunc(versions, func(v Version) bool { return v.Share > 0 })
	if current < 0 || build == "" {
		return Version{}, errcode.New(errcode.NoVersion)
	}
	if versions[current].Build == build && script.After[binding.AttrBuild] != build {
		return versions[current], nil
	}
	last, err := lastServed(versions, func(v Version) bool {
		return v.Build != versions[current].Build && v.DeploymentsAgo != NeverServed
	})
	if err == nil && last.Build != build {
		return Version{}, errcode.New(errcode.NoVersion)
	}
	return last, err
}

func (s Step) tokens() []worker.Token {
	if s.Script == nil {
		return nil
	}
	return s.Script.Tokens
}
