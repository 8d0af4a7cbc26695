package binding

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/worker"
)

// Values of AttrAccess.
const (
	AccessPassThrough = "pass-through" // callers bring their own provider key
	AccessManaged     = "managed"      // callers hold tokens; the Worker adds the owner's key
)

// FormatSettings returns the settings as the attributes access, page and allow_origins.
func FormatSettings(s worker.Settings) Attrs {
	access := AccessPassThrough
	if s.Managed {
		access = AccessManaged
	}
	return Attrs{AttrAccess: access, AttrPage: strconv.FormatBool(s.Page), AttrOrigins: strings.Join(s.Origins, " ")}
}

// SettingsFromBinding returns the same attributes for a deployed Worker, from the value of its SETTINGS binding. They
// are empty if the value does not parse, as for Workers that were deployed before the binding existed.
func SettingsFromBinding(value []byte) Attrs {
	var s worker.Settings
	if json.Unmarshal(value, &s) != nil {
		return Attrs{AttrAccess: "", AttrPage: "", AttrOrigins: ""}
	}
	return FormatSettings(s)
}

// ParseSettings parses the result of FormatSettings. Page is true unless the attribute is "false".
func ParseSettings(attrs Attrs) worker.Settings {
	s := worker.Settings{Managed: attrs[AttrAccess] == AccessManaged, Page: attrs[AttrPage] != "false"}
	for origin := range strings.FieldsSeq(attrs[AttrOrigins]) {
		s.Origins = append(s.Origins, origin)
	}
	return s
}
