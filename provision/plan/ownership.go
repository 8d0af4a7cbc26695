package plan

import "strings"

// OwnerTag marks resources as ours. It is a tag of our scripts and the start of the comment of our records. Routes have
// no field for it: a route is ours if it points at a script of ours. A route to a script that does not exist is ours if
// the name of the script is ours, or if the route is next to a record of ours.
const OwnerTag = "managed-by=cfproxy"

// RecordComment returns the comment of our records: OwnerTag and the Worker that serves the host. It is shorter than
// the 100 characters that zones on the free plan allow, because names of Workers have at most 63.
// https://developers.cloudflare.com/dns/manage-dns-records/reference/record-attributes/
func RecordComment(worker string) string { return OwnerTag + " worker=" + worker }

// WorkerFromComment returns the Worker that a comment made by RecordComment names, or "" for any other comment.
func WorkerFromComment(comment string) string {
	name, _ := strings.CutPrefix(comment, OwnerTag+" worker=")
	if RecordComment(name) != comment {
		return ""
	}
	return name
}

// OwnsComment reports whether a record with that comment is ours.
func OwnsComment(comment string) bool {
	return comment == OwnerTag || strings.HasPrefix(comment, OwnerTag+" ")
}
