package view

import (
	"io"
	"strconv"
	"time"

	"github.com/cfproxy/cfproxy/provision/plan"
)

// shortID is the displayed length of a version ID.
const shortID = 8

// ShortID returns the beginning of an ID, which commands accept instead of the ID.
func ShortID(id string) string { return id[:min(len(id), shortID)] }

// Versions prints versions of a Worker in the given order, with the share of traffic of those that serve.
func (v View) Versions(w io.Writer, versions []plan.Version) {
	var rows []row
	for _, version := range versions {
		r := row{glyph: "○", style: faint}
		by := v.Text.T("version.theirs")
		if version.Build != "" {
			by = v.Text.T("version.ours", "build", version.Build, "program", version.ProgramVersion)
		}
		serves := ""
		if version.Share > 0 {
			r.glyph, r.style = "●", good
			serves = v.Text.T("version.serves", "share", strconv.FormatFloat(version.Share, 'f', -1, 64))
		}
		when := version.Created.Local().Format(time.DateTime)
		r.cells = []string{strconv.Itoa(version.Number), ShortID(version.ID), when, serves, by}
		rows = append(rows, r)
	}
	v.printTable(w, rows, -1)
}
