package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// chunks keeps the text of the parts of a state, so that a write encodes what it changed and no more. A part never changes
// once it stands, so its address tells whether the text is still right.
type chunks map[string]chunk

type chunk struct {
	of   any // a pointer
	text []byte
}

// encode writes a state in its one form: indented, sorted, with a newline at the end. known may be nil; size is about how
// long it will be.
func encode(s *state, known chunks, size int) ([]byte, error) {
	e := encoder{known: known}
	e.b.Grow(size + 1024)
	e.b.WriteString("{\n  \"accounts\": [")
	for i, a := range s.Accounts {
		e.next(i, 2)
		e.account(a)
	}
	e.b.WriteString("\n  ]")
	rest := *s
	rest.Accounts = nil
	e.b.Write(bytes.TrimPrefix(e.plain(&rest, 0), []byte("{\n  \"accounts\": null")))
	e.b.WriteByte('\n')
	if e.err != nil {
		return nil, fmt.Errorf("encode state: %w", e.err)
	}
	if len(known) > 2*e.parts+100 { // most of it belongs to things that are gone
		clear(known)
	}
	return e.b.Bytes(), nil
}

// encoder puts the file together from its parts. The lists that it writes itself stand last in their structs.
type encoder struct {
	b     bytes.Buffer
	known chunks
	parts int
	err   error
}

func (e *encoder) account(a *account) {
	head := *a
	head.Zones, head.Scripts, head.Domains = nil, nil, nil
	e.b.Write(e.plain(&head, 2))
	e.reopen(2)
	writeList(e, "zones", 3, a.Zones, e.zone)
	writeList(e, "scripts", 3, a.Scripts, func(w *script) { e.part(a.ID+"/"+w.Name, w, w, 4) })
	writeList(e, "domains", 3, a.Domains, func(d *domain) { e.b.Write(e.plain(d, 4)) })
	e.close(2)
}

func (e *encoder) zone(z *zone) {
	head := *z
	head.Records, head.Routes = nil, nil
	e.part(z.ID, z, &head, 4)
	e.reopen(4)
	writeList(e, "records", 5, z.Records, func(r *record) { e.part(r.ID, r, r, 6) })
	writeList(e, "routes", 5, z.Routes, func(r *route) { e.part(r.ID, r, r, 6) })
	e.close(4)
}

func writeList[T any](e *encoder, key string, depth int, items []T, write func(T)) {
	if len(items) == 0 {
		return
	}
	e.b.WriteByte(',')
	e.line(depth)
	fmt.Fprintf(&e.b, "%q: [", key)
	for i, item := range items {
		e.next(i, depth+1)
		write(item)
	}
	e.line(depth)
	e.b.WriteByte(']')
}

// next begins an item of a list.
func (e *encoder) next(i, depth int) {
	if i > 0 {
		e.b.WriteByte(',')
	}
	e.line(depth)
}

// line begins a line.
func (e *encoder) line(depth int) {
	e.b.WriteByte('\n')
	e.b.WriteString(strings.Repeat("  ", depth))
}

// reopen takes back the end of the object that was written last.
func (e *encoder) reopen(depth int) {
	e.b.Truncate(max(0, e.b.Len()-len("\n}")-2*depth))
}

func (e *encoder) close(depth int) {
	e.line(depth)
	e.b.WriteByte('}')
}

// part writes the text of a thing, which is worked out of v once for each key and address.
func (e *encoder) part(key string, of, v any, depth int) {
	e.parts++
	if c, ok := e.known[key]; ok && c.of == of {
		e.b.Write(c.text)
		return
	}
	text := e.plain(v, depth)
	if e.known != nil {
		e.known[key] = chunk{of, text}
	}
	e.b.Write(text)
}

// plain is a value on its own, indented as at this depth.
func (e *encoder) plain(v any, depth int) []byte {
	data, err := encodePlain(v)
	if err != nil {
		e.err = err
		return nil
	}
	var b bytes.Buffer
	if err := json.Indent(&b, data, strings.Repeat("  ", depth), "  "); err != nil {
		e.err = err
	}
	return b.Bytes()
}
