package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// encodeCache has the encoded text of parts of a state, so that a write encodes only what has changed. Parts are
// immutable, so the text is valid as long as the pointer is the same.
type encodeCache map[string]encodedPart

type encodedPart struct {
	ptr  any
	text []byte
}

// encode returns the JSON of a state in its canonical form: indented, sorted, with a final newline. cache may be nil.
// size is an estimate of the length.
func encode(s *state, cache encodeCache, size int) ([]byte, error) {
	e := encoder{cache: cache}
	e.b.Grow(size + 1024)
	e.b.WriteString("{\n  \"accounts\": [")
	for i, a := range s.Accounts {
		e.next(i, 2)
		e.account(a)
	}
	e.b.WriteString("\n  ]")
	rest := *s
	rest.Accounts = nil
	e.b.Write(bytes.TrimPrefix(e.marshal(&rest, 0), []byte("{\n  \"accounts\": null")))
	e.b.WriteByte('\n')
	if e.err != nil {
		return nil, fmt.Errorf("encode state: %w", e.err)
	}
	if len(cache) > 2*e.parts+100 { // most of them are parts that have been deleted
		clear(cache)
	}
	return e.b.Bytes(), nil
}

// encoder writes the file from its parts. The lists that it writes itself are the last fields of their structs.
type encoder struct {
	b     bytes.Buffer
	cache encodeCache
	parts int
	err   error
}

func (e *encoder) account(a *account) {
	head := *a
	head.Zones, head.Scripts, head.Domains = nil, nil, nil
	e.b.Write(e.marshal(&head, 2))
	e.reopen(2)
	writeList(e, "zones", 3, a.Zones, e.zone)
	writeList(e, "scripts", 3, a.Scripts, func(w *script) { e.part(a.ID+"/"+w.Name, w, w, 4) })
	writeList(e, "domains", 3, a.Domains, func(d *domain) { e.b.Write(e.marshal(d, 4)) })
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

// next starts an item of a list.
func (e *encoder) next(i, depth int) {
	if i > 0 {
		e.b.WriteByte(',')
	}
	e.line(depth)
}

// line starts a line.
func (e *encoder) line(depth int) {
	e.b.WriteByte('\n')
	e.b.WriteString(strings.Repeat("  ", depth))
}

// reopen removes the end of the object that was written last, so that fields can be added.
func (e *encoder) reopen(depth int) {
	e.b.Truncate(max(0, e.b.Len()-len("\n}")-2*depth))
}

func (e *encoder) close(depth int) {
	e.line(depth)
	e.b.WriteByte('}')
}

// part writes v. Its text is cached by key and valid for the same pointer.
func (e *encoder) part(key string, ptr, v any, depth int) {
	e.parts++
	if c, ok := e.cache[key]; ok && c.ptr == ptr {
		e.b.Write(c.text)
		return
	}
	text := e.marshal(v, depth)
	if e.cache != nil {
		e.cache[key] = encodedPart{ptr, text}
	}
	e.b.Write(text)
}

// marshal returns a value as JSON, indented for its depth.
func (e *encoder) marshal(v any, depth int) []byte {
	data, err := marshal(v)
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
