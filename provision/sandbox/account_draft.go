package sandbox

import (
	"reflect"
	"slices"
)

// A state that stands is never changed: readers hold it without a lock. A writer works on a draft, which shares everything
// with the state it came from until a part is owned, and is copied then. So a call costs what it touches, not what the
// account holds, and dropping the draft undoes it.

// draft begins a new state.
func (s *state) draft() *state {
	out := *s
	out.from, out.fresh = s, map[any]bool{}
	out.Accounts = slices.Clone(s.Accounts)
	out.Faults = deep(s.Faults)
	return &out
}

// ownAccount gives the draft an account to write to, in the place of one that is shared. Its scripts and zones are still
// shared; its lists are not.
func (s *state) ownAccount(a *account) *account {
	if s.fresh[a] {
		return a
	}
	out := *a
	out.Zones, out.Scripts, out.Domains = slices.Clone(a.Zones), slices.Clone(a.Scripts), slices.Clone(a.Domains)
	replaced(s.Accounts, a, &out)
	s.fresh[&out] = true
	return &out
}

// ownZone does the same for a zone of an owned account. Its records and routes are still shared: who changes one puts
// another in its place.
func (s *state) ownZone(a *account, z *zone) *zone {
	if s.fresh[z] {
		return z
	}
	out := *z
	out.Records, out.Routes = slices.Clone(z.Records), slices.Clone(z.Routes)
	replaced(a.Zones, z, &out)
	s.fresh[&out] = true
	return &out
}

// ownScript does the same for a script, and for all that it holds; nil for nil.
func (s *state) ownScript(a *account, w *script) *script {
	if w == nil || s.fresh[w] {
		return w
	}
	out := deep(w)
	replaced(a.Scripts, w, out)
	s.fresh[out] = true
	return out
}

// own makes what the path of a call names its own, as far as it exists.
func (c *call) own() {
	if c.account == nil {
		return
	}
	c.account = c.state.ownAccount(c.account)
	if c.zone != nil {
		c.zone = c.state.ownZone(c.account, c.zone)
	}
	c.state.ownScript(c.account, c.account.script(c.params["script"]))
}

// settle ends a draft: what it owns gets the order that the file has, and from now on nothing in it changes.
func (s *state) settle() {
	for owned := range s.fresh {
		switch o := owned.(type) {
		case *account:
			o.sort()
		case *zone:
			o.sort()
		}
	}
	s.from, s.fresh = nil, nil
}

func replaced[T comparable](list []T, old, next T) {
	if at := slices.Index(list, old); at >= 0 {
		list[at] = next
	}
}

// deep copies all that a value leads to. Strings and bytes are shared: nobody changes them in place.
func deep[T any](v T) T {
	return copied(reflect.ValueOf(&v).Elem()).Interface().(T)
}

func copied(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(copied(v.Elem()))
		return out
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
			return v
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(copied(v.Index(i)))
		}
		return out
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeMapWithSize(v.Type(), v.Len())
		for key, item := range v.Seq2() {
			out.SetMapIndex(key, copied(item))
		}
		return out
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		out.Set(v)
		copyFields(out, v)
		return out
	}
	return v
}

// copyFields copies what the fields of a struct lead to, those of embedded structs too.
func copyFields(out, v reflect.Value) {
	for i := range v.NumField() {
		switch f := v.Type().Field(i); {
		case f.Anonymous:
			copyFields(out.Field(i), v.Field(i))
		case f.IsExported():
			out.Field(i).Set(copied(v.Field(i)))
		}
	}
}
