package binding

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/worker"
)

// Who may use a relay, as settings and plans say it.
const (
	AccessPassThrough = "pass-through" // everybody, each with a key of the provider's
	AccessManaged     = "managed"      // holders of the owner's tokens, with the owner's key
)

// FormatSettings gives the owner's choices as they are compared and shown.
func FormatSettings(s worker.Settings) Attrs {
	access := AccessPassThrough
	if s.Managed {
		access = AccessManaged
	}
	return Attrs{AttrAccess: access, AttrPage: strconv.FormatBool(s.Page), AttrOrigins: strings.Join(s.Origins, " ")}
}

// SettingsFromBinding gives the same for the value of a SETTINGS binding as it is read back; empty ones for anything else, such as
// a Worker of the time before there were any.
func SettingsFromBinding(binding []byte) Attrs {
	var s worker.Settings
	if json.Unmarshal(binding, &s) != nil {
		return Attrs{AttrAccess: "", AttrPage: "", AttrOrigins: ""}
	}
	return FormatSettings(s)
}

// ParseSettings reads them back.
func ParseSettings(attrs Attrs) worker.Settings {
	s := worker.Settings{Managed: attrs[AttrAccess] == AccessManaged, Page: attrs[AttrPage] != "false"}
	for origin := range strings.FieldsSeq(attrs[AttrOrigins]) {
		s.Origins = append(s.Origins, origin)
	}
	return s
}
