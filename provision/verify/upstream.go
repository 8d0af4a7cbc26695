package verify

import (
	"slices"
	"strings"
)

// Upstream is an LLM provider behind the relay, and how to recognise that a request reached it.
type Upstream struct {
	ID    string // first path segment of the provider on the relay: lower-case letters, digits, dashes
	Place Place

	Method string // of the keyless request; "" means POST
	Path   string // of the keyless request, as in the provider's own API; begins with a slash
	Body   string // of the keyless request, sent as application/json

	Refusals     []Signature // the provider's own refusals of a keyless request; ProbeProvider passes with these
	RegionBlocks []Signature // refusals because of the country in which the Worker runs

	ChatPath   string // path of a chat API in OpenAI's format, for the paid probes; "" if there is none
	Model      string // for the paid probes
	AuthHeader string // header for the key, in lower case; "" and "authorization" mean a bearer token
}

// Place is the position of a provider's paths on the relay.
type Place string

// The first provider of a relay is served at the root, and every provider, the first included, below "/ID".
const (
	PlaceListed Place = ""       // as the Worker lists it; below "/ID" if it lists nothing
	PlaceRoot   Place = "root"   // "/v1/…"
	PlacePrefix Place = "prefix" // "/ID/v1/…"

	placeMissing Place = "none" // the Worker lists other providers but not this one
)

// keylessPrefix is the path prefix on which a relay with managed access forwards requests without any key.
const keylessPrefix = "/-/keyless"

// relayPath returns the path on the relay for a path of the provider's API.
func (u Upstream) relayPath(path string) string {
	if u.Place == PlacePrefix {
		return "/" + u.ID + path
	}
	return path
}

// keylessPath returns the path of the keyless request on the relay. With managed access the Worker would reject the
// request itself, so it has a separate path for it.
func (u Upstream) keylessPath(managed bool) string {
	if managed {
		return keylessPrefix + u.relayPath(u.Path)
	}
	return u.relayPath(u.Path)
}

// isProbeable reports whether the keyless request is known.
func (u Upstream) isProbeable() bool { return u.Path != "" }

// invalidField returns the name of an invalid field, "" if there is none.
func (u Upstream) invalidField() string {
	switch {
	case strings.Trim(u.ID, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		return "id"
	case !isPath(u.Path):
		return "path"
	case u.ChatPath != "" && !isPath(u.ChatPath):
		return "chat"
	case strings.Trim(u.Method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
		return "method"
	}
	return ""
}

// upstreams returns the upstreams to probe, at least one, each with its place. listed are the provider IDs that the
// Worker lists, in its order.
func (t Target) upstreams(listed []string, managed bool) []Upstream {
	upstreams := slices.Clone(t.Upstreams)
	if len(upstreams) == 0 {
		upstreams = t.knownUpstreams(listed)
	}
	if len(upstreams) == 0 {
		return []Upstream{{}} // invalid, as the first probe reports
	}
	for i, u := range upstreams {
		switch {
		case u.Place != PlaceListed:
		case len(listed) == 0 && !managed && i == 0, len(listed) > 0 && listed[0] == u.ID:
			upstreams[i].Place = PlaceRoot
		case len(listed) == 0, slices.Contains(listed, u.ID):
			upstreams[i].Place = PlacePrefix
		default:
			upstreams[i].Place = placeMissing
		}
	}
	return upstreams
}

// knownUpstreams returns an upstream for each listed provider, with only its ID if Known does not contain it. If
// nothing is listed, it returns the first of Known.
func (t Target) knownUpstreams(listed []string) []Upstream {
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
