package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// shuffled returns items in an arbitrary order, which is always the same, because clients must not depend on it.
func shuffled[T any](items []T, id func(T) string) []T {
	type place struct {
		at   string
		item T
	}
	places := make([]place, len(items))
	for i, item := range items {
		places[i] = place{digest("order", id(item)), item}
	}
	slices.SortFunc(places, func(x, y place) int { return strings.Compare(x.at, y.at) })
	out := make([]T, len(items))
	for i, p := range places {
		out[i] = p.item
	}
	return out
}

// sorted sorts items by a key, for ?order= and ?direction=.
func sorted[T any](items []T, key func(T) string, direction string) []T {
	out := slices.Clone(items)
	slices.SortStableFunc(out, func(x, y T) int {
		if direction == "desc" {
			x, y = y, x
		}
		return strings.Compare(key(x), key(y))
	})
	return out
}

// page returns one page of a list. A page size out of bounds is clamped, as observed with the API.
func page[T any](q url.Values, items []T, size, smallest, largest int) ([]T, *resultInfo, *apiError) {
	number, err := positive(q, "page", 1)
	if err != nil {
		return nil, nil, err
	}
	if size, err = positive(q, "per_page", size); err != nil {
		return nil, nil, err
	}
	size = min(max(size, smallest), largest)
	total := len(items)
	from := min((number-1)*size, total)
	part := slices.Clone(items[from:min(from+size, total)])
	if part == nil {
		part = []T{}
	}
	return part, &resultInfo{
		Page: number, PerPage: size, Count: len(part), TotalCount: total, TotalPages: (total + size - 1) / size,
	}, nil
}

// positive returns a number from 1 to 10^9 from the query, or a default.
func positive(q url.Values, key string, fallback int) (int, *apiError) {
	if !q.Has(key) {
		return fallback, nil
	}
	n, err := strconv.Atoi(q.Get(key))
	if err != nil || n < 1 || n > 1e9 {
		return 0, invalidQuery(key)
	}
	return n, nil
}

func invalidQuery(key string) *apiError {
	return newError(http.StatusBadRequest, 1001, "Invalid value for query parameter "+key)
}

// oneOf returns an error if a query parameter is not one of the values.
func oneOf(q url.Values, key string, values ...string) *apiError {
	if q.Has(key) && !slices.Contains(values, q.Get(key)) {
		return invalidQuery(key)
	}
	return nil
}

// filter is one condition of a list.
type filter[T any] func(T) bool

// applyFilters returns the items that match all filters or, with match=any, at least one. Without filters it returns all.
func applyFilters[T any](items []T, filters []filter[T], match string) []T {
	var out []T
	for _, item := range items {
		hits := 0
		for _, f := range filters {
			if f(item) {
				hits++
			}
		}
		if hits == len(filters) || match == "any" && hits > 0 {
			out = append(out, item)
		}
	}
	return out
}

// textFilters returns the filters for ?key=, ?key.exact= and so on, which ignore case as the API does for names.
func textFilters[T any](q url.Values, key string, value func(T) string) []filter[T] {
	var out []filter[T]
	for suffix, test := range map[string]func(s, sub string) bool{
		"": equal, ".exact": equal, ".contains": strings.Contains, ".startswith": strings.HasPrefix, ".endswith": strings.HasSuffix,
	} {
		if !q.Has(key + suffix) {
			continue
		}
		want := toASCII(q.Get(key + suffix))
		out = append(out, func(item T) bool { return test(toASCII(value(item)), want) })
	}
	return out
}

func equal(a, b string) bool { return a == b }

// matchesOperator compares a value with the ?name= of a list of zones: plain, or with an operator before a colon.
func matchesOperator(want, value string) bool {
	op, rest, ok := strings.Cut(want, ":")
	if !ok {
		return strings.EqualFold(want, value)
	}
	rest, value = strings.ToLower(rest), strings.ToLower(value)
	switch op {
	case "equal":
		return value == rest
	case "not":
		return value != rest
	case "contains":
		return strings.Contains(value, rest)
	case "starts_with":
		return strings.HasPrefix(value, rest)
	case "ends_with":
		return strings.HasSuffix(value, rest)
	case "starts_with_case_sensitive":
		return strings.HasPrefix(value, rest)
	case "ends_with_case_sensitive":
		return strings.HasSuffix(value, rest)
	}
	return false
}
