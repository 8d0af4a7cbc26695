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

// Version is one upload of a Worker that can be deployed again. The zero Version has no Number.
// https://developers.cloudflare.com/workers/configuration/versions-and-deployments/
type Version struct {
	ID      string    `json:"id"`     // a UUID
	Number  int       `json:"number"` // counts the Worker's uploads from 1
	Created time.Time `json:"created"`
	// Build is the Upload.Build of the upload, and ProgramVersion the version of cfproxy that made it. Both are "" if it
	// was not made by cfproxy.
	Build          string `json:"build,omitempty"`
	ProgramVersion string `json:"program,omitempty"`
	// Share is the share of the traffic that the version serves, in percent.
	Share float64 `json:"share"`
	// DeploymentsAgo is the number of deployments since the version served: 0 if it serves now, NeverServed if no known
	// deployment has it.
	DeploymentsAgo int `json:"-"`
}

// NeverServed is the DeploymentsAgo of a version that no known deployment has.
const NeverServed = math.MaxInt

// Keys of annotations, which are stored with an upload and returned in the list of versions.
// https://developers.cloudflare.com/workers/configuration/multipart-upload-metadata/
const (
	annotationTag     = "workers/tag"
	annotationMessage = "workers/message"
)

// Annotations returns the annotations of the upload. They identify it in the list of versions, also in the dashboard.
func (u *Upload) Annotations() map[string]string {
	return map[string]string{
		annotationTag:     u.Build,
		annotationMessage: messagePrefix + u.ProgramVersion + messageBuild + u.Build,
	}
}

const (
	messagePrefix = "cfproxy "
	messageBuild  = ", build "
)

// ReadAnnotations returns the build and the version of cfproxy of an upload, from the result of Annotations. Both are
// "" for other annotations.
func ReadAnnotations(annotations map[string]string) (build, programVersion string) {
	build = annotations[annotationTag]
	programVersion, isOurs := strings.CutPrefix(annotations[annotationMessage], messagePrefix)
	programVersion, found := strings.CutSuffix(programVersion, messageBuild+build)
	if !isOurs || !found || build == "" {
		return "", ""
	}
	return build, programVersion
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

// PreviousVersion returns the version to roll back to, from versions sorted with the newest first. If named is not "",
// it is the one with that number or with an id that starts with named. Otherwise it is, of our uploads before the one
// that serves, the one that served last. So a version that was rolled back is not restored. Uploads with the build of
// the one that serves are skipped.
//
// The error is an *errcode.Error with code errcode.NoVersion, or errcode.VersionUnknown if not exactly one version
// matches named.
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

// lastServed returns the version that served last, of those for which match returns true.
func lastServed(versions []Version, match func(Version) bool) (Version, error) {
	matching := slices.DeleteFunc(slices.Clone(versions), func(v Version) bool { return !match(v) })
	if len(matching) == 0 {
		return Version{}, errcode.New(errcode.NoVersion)
	}
	return slices.MinFunc(matching, func(a, b Version) int { return cmp.Compare(a.DeploymentsAgo, b.DeploymentsAgo) }), nil
}

// minIDPrefix is the length of the shortest prefix of an id that names a version.
const minIDPrefix = 4

// findVersion returns the version with that number or id prefix.
func findVersion(versions []Version, named string) (Version, error) {
	var found []Version
	for _, v := range versions {
		hasNumber := strconv.Itoa(v.Number) == named
		if hasNumber || len(named) >= minIDPrefix && strings.HasPrefix(v.ID, strings.ToLower(named)) {
			found = append(found, v)
		}
	}
	if len(found) != 1 {
		return Version{}, errcode.New(errcode.VersionUnknown, "value", named)
	}
	return found[0], nil
}

// WidensAccess reports whether rolling a relay back from the plan's version to the deployed one would give anybody more
// access: restore a token that was revoked or restricted, accept callers without a token, allow an origin that was
// removed, or use a key that was replaced. Only the owner may decide that.
func (p Plan) WidensAccess(relay Relay) bool {
	script := p.scriptStep(relay)
	before, after := script.Before, script.After
	closes := before[binding.AttrAccess] != binding.AccessManaged && after[binding.AttrAccess] == binding.AccessManaged
	unknown := before[binding.AttrAccess] == binding.AccessManaged && relay.Script.Tokens == nil
	return closes || unknown || len(binding.MissingTokens(relay.Script.Tokens, script.tokens())) > 0 ||
		before[binding.AttrKeys] != after[binding.AttrKeys] || after[binding.AttrOrigins] != "" && before[binding.AttrOrigins] != after[binding.AttrOrigins]
}

// PriorVersion returns the version that served a relay before the plan was applied. Its build must be the one that the
// plan observed: an older version is not restored without the owner's consent, because it may accept tokens that were
// revoked since. If the upload did not take effect, it is the version that serves. The error is an *errcode.Error with
// code errcode.NoVersion.
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

// tokens returns the tokens in the step's upload.
func (s Step) tokens() []worker.Token {
	if s.Upload == nil {
		return nil
	}
	return s.Upload.Tokens
}
