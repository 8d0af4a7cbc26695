package verify

import (
	"slices"
	"strings"
)

// Upstream is a provider behind the relay, and what proves that it is reached.
type Upstream struct {
	ID    string // the first segment of its own paths on the relay: lower-case letters, digits, dashes
	Place Place

	Method string // of the keyless request; "" is POST
	Path   string // of the keyless request, as the provider has it; begins with a slash
	Body   string // of the keyless request, sent as application/json

	Refused []Signature // the provider's own refusal of a keyless request: pass
	Blocked []Signature // the provider refuses the place where the Worker runs

	Chat  string // path of the paid checks, in OpenAI's chat shape; "" where there is none
	Model string // for the paid checks
	Auth  string // the header that takes the key, in lower case; "" and "authorization" mean a bearer's
}

// Place says where on the relay a provider answers.
type Place string

// A relay's first provider answers at the root, and each one also below "/ID".
const (
	PlaceListed Place = ""       // as the Worker itself lists it; below "/ID" where it lists nothing
	PlaceRoot   Place = "root"   // "/v1/…"
	PlacePrefix Place = "prefix" // "/ID/v1/…"

	placeNone Place = "none" // the Worker lists others
)

// keylessPath begins the paths on which a relay with managed access asks a provider without any key.
const keylessPath = "/-/keyless"

// at gives a path of the provider as it is on the relay.
func (u Upstream) at(path string) string {
	if u.Place == PlacePrefix {
		return "/" + u.ID + path
	}
	return path
}

// proof gives the path of the keyless request on the relay. Where access is managed the Worker would refuse it first, and has a
// path for just this question.
func (u Upstream) proof(managed bool) string {
	if managed {
		return keylessPath + u.at(u.Path)
	}
	return u.at(u.Path)
}

// isKnown tells whether there is a request to make.
func (u Upstream) isKnown() bool { return u.Path != "" }

func (u Upstream) flaw() string {
	switch {
	case strings.Trim(u.ID, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		return "id"
	case !isPath(u.Path):
		return "path"
	case u.Chat != "" && !isPath(u.Chat):
		return "chat"
	case strings.Trim(u.Method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
		return "method"
	}
	return ""
}

// placed gives the upstreams to prove, at least one, each with its place. listed is what the Worker says that it serves,
// its first provider first.
func (t Target) placed(listed []string, managed bool) []Upstream {
	upstreams := slices.Clone(t.Upstreams)
	if len(upstreams) == 0 {
		upstreams = t.known(listed)
	}
	if len(upstreams) == 0 {
		return []Upstream{{}} // a flaw, which the first probe finds
	}
	for i, u := range upstreams {
		switch {
		case u.Place != PlaceListed:
		case len(listed) == 0 && !managed && i == 0, len(listed) > 0 && listed[0] == u.ID:
			upstreams[i].Place = PlaceRoot
		case len(listed) == 0, slices.Contains(listed, u.ID):
			upstreams[i].Place = PlacePrefix
		default:
			upstreams[i].Place = placeNone
		}
	}
	return upstreams
}

// known gives what is known of the providers that the Worker lists, or the first one if it lists none.
func (t Target) known(listed []string) []Upstream {
	if len(listed) == 0 {
		return slices.Clone(t.Known[:min(1, len(t.Known))])
	}
	var upstreams []Upstream
	for _, id := range listed {
		i := slices.IndexFunc(t.Known, func(u Upstream) bool { return u.ID == id })
		if i < 0 {
			upstreams = append(upstreams, Upstream{ID: id})
		} else {
			upstreams = append(upstreams, t.Known[i])
		}
	}
	return upstreams
}
