package view

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Token is the displayed part of an access token, also in JSON. It has no digest, and the token itself only when it was
// created.
type Token struct {
	Name      string   `json:"name"`
	Secret    string   `json:"token,omitempty"`   // only when it was just created, and only in JSON
	Expires   string   `json:"expires,omitempty"` // the last day, YYYY-MM-DD; "" for none
	Expired   bool     `json:"expired"`
	Providers []string `json:"providers,omitempty"` // empty for all
	RPM       int      `json:"rpm,omitempty"`       // 0 for no limit
}

// scopeColumn is the column that becomes a note if a row is too wide for the terminal.
const scopeColumn = 2

// Tokens prints a list of tokens.
func (v View) Tokens(w io.Writer, tokens []Token) {
	var rows []row
	for _, token := range tokens {
		r := row{glyph: "•", style: good, cells: []string{token.Name, v.expiry(token), v.scope(token), v.rate(token)}}
		if token.Expired {
			r.glyph, r.style = "×", bad
		}
		rows = append(rows, r)
	}
	v.printTable(w, rows, scopeColumn)
	fmt.Fprintln(w, "  "+v.Text.T("token.count", "count", strconv.Itoa(len(tokens))))
}

func (v View) expiry(t Token) string {
	switch {
	case t.Expired:
		return v.Text.T("token.expired", "day", t.Expires)
	case t.Expires != "":
		return v.Text.T("token.expires", "day", t.Expires)
	}
	return v.Text.T("token.no-expiry")
}

func (v View) scope(t Token) string {
	if len(t.Providers) == 0 {
		return v.Text.T("token.everywhere")
	}
	return strings.Join(t.Providers, ", ")
}

func (v View) rate(t Token) string {
	if t.RPM == 0 {
		return v.Text.T("token.unlimited")
	}
	return v.Text.T("token.rpm", "rpm", strconv.Itoa(t.RPM))
}
