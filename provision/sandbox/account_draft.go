package sandbox

import (
	"reflect"
	"slices"
)

// A current state is never changed, so readers need no lock. A writer works on a draft, which shares everything with the
// state it was made from. A part of it is copied before it is changed. So the cost of a call depends on what it changes
// and not on the size of the account, and discarding the draft undoes the call.

// draft returns a draft of the state.
func (s *state) draft() *state {
	out := *s
	out.base, out.mutable = s, map[any]bool{}
	out.Accounts = slices.Clone(s.Accounts)
	out.Faults = deepCopy(s.Faults)
	return &out
}

// mutableAccount replaces an account that the draft shares by a copy, and returns the copy. Its scripts and zones are
// still shared; its lists are not.
func (s *state) mutableAccount(a *account) *account {
	if s.mutable[a] {
		return a
	}
	out := *a
	out.Zones, out.Scripts, out.Domains = slices.Clone(a.Zones), slices.Clone(a.Scripts), slices.Clone(a.Domains)
	replaceItem(s.Accounts, a, &out)
	s.mutable[&out] = true
	return &out
}

// mutableZone does the same for a zone of a mutable account. Its records and routes are still shared and must be
// replaced, not changed.
func (s *state) mutableZone(a *account, z *zone) *zone {
	if s.mutable[z] {
		return z
	}
	out := *z
	out.Records, out.Routes = slices.Clone(z.Records), slices.Clone(z.Routes)
	replaceItem(a.Zones, z, &out)
	s.mutable[&out] = true
	return &out
}

// mutableScript does the same for a script and all that it contains. It returns nil for nil.
func (s *state) mutableScript(a *account, w *script) *script {
	if w == nil || s.mutable[w] {
		return w
	}
	out := deepCopy(w)
	replaceItem(a.Scripts, w, out)
	s.mutable[out] = true
	return out
}

// makeMutable makes the existing resources in the path of a call mutable.
func (c *call) makeMutable() {
	if c.account == nil {
		return
	}
	c.account = c.state.mutableAccount(c.account)
	if c.zone != nil {
		c.zone = c.state.mutableZone(c.account, c.zone)
	}
	c.state.mutableScript(c.account, c.account.script(c.params["script"]))
}

// finish sorts the mutable parts of a draft. After that nothing in it may change.
func (s *state) finish() {
	for owned := range s.mutable {
		switch o := owned.(type) {
		case *account:
			o.sort()
		case *zone:
			o.sort()
		}
	}
	s.base, s.mutable = nil, nil
}

func replaceItem[T comparable](list []T, old, next T) {
	if at := slices.Index(list, old); at >= 0 {
		list[at] = next
	}
}

// deepCopy copies a value and everything that it points to. Strings and byte slices are shared: they are never changed in
// place.
func deepCopy[T any](v T) T {
	return copyValue(reflect.ValueOf(&v).Elem()).Interface().(T)
}

func copyValue(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(copyValue(v.Elem()))
		return out
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
			return v
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(copyValue(v.Index(i)))
		}
		return out
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeMapWithSize(v.Type(), v.Len())
		for key, item := range v.Seq2() {
			out.SetMapIndex(key, copyValue(item))
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

// copyFields deep-copies the fields of a struct, those of embedded structs included.
func copyFields(out, v reflect.Value) {
	for i := range v.NumField() {
		switch f := v.Type().Field(i); {
		case f.Anonymous:
			copyFields(out.Field(i), v.Field(i))
		case f.IsExported():
			out.Field(i).Set(copyValue(v.Field(i)))
		}
	}
}
