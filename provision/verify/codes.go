package verify

import "slices"

// The codes, each with its meaning. The table below says which probes give it, whether it settles, and which details it
// carries; those are, everywhere:
//
//	access       "pass-through" or "managed", as the health answer says
//	address      host:port that was dialled, or its IP address and port where known
//	addresses    IP addresses, comma-separated
//	alert        the TLS alert, as "handshake failure" (RFC 8446, section 6)
//	alpn         "h2" or "http/1.1"; absent if the server chose none
//	answer       what the model said
//	because      the probe whose failure made this one pointless
//	body         the build that the health answer's JSON names, where the header names another
//	build        16 lower-case hex digits
//	colo         airport code of the Cloudflare location that answered, from cf-ray or the health answer
//	content_type of the answer
//	deltas       number of stream events with a delta
//	delivery     "single" (one delta), "together" (all within 20 ms), "spread"
//	error        the cause as the system words it, in English
//	error_code, error_type  error.code and error.type of the JSON answer; of the relay's own errors the code in their header
//	events       number of stream events, [DONE] not counted
//	excerpt      the beginning of the body
//	expires      the certificate's last day, RFC 3339 date in UTC
//	field        host, upstreams, id, method, path or chat
//	finish       finish_reason of the answer
//	first_ms, total_ms, ms  milliseconds from sending to the first delta, to the end, to the whole answer
//	got, wanted  builds
//	header       the build in x-cfproxy, where the JSON names another
//	issuer       of the certificate: its common name, else its organisation
//	limit        the name under which the provider took the token limit
//	location     where a redirect leads; it is not followed
//	mark         an x-cfproxy header that is not a build
//	model        as the provider names it in its answer, else as asked
//	names        DNS names in the certificate, comma-separated
//	number       Cloudflare's error number, 1xxx or 5xx; absent if the page shows none
//	origin       the placeholder address
//	placement    the cf-placement header, "remote-IAD" or "local-HKG": where the Worker ran
//	protocol     "HTTP/2.0" or "HTTP/1.1"
//	providers    IDs that the Worker serves, comma-separated
//	ray          the cf-ray header; Cloudflare's support and logs go by it
//	reason       "closed", "broken", "timeout", "too-long" or "no-delta"
//	retry_after  the Retry-After header
//	server       the server header
//	stage        "connect" or "handshake"
//	status       HTTP status
//	title        of the HTML page
//	tls_version  "TLS 1.3"
//	valid_from   the certificate's first day, RFC 3339 date in UTC
//	version      of the program that deployed the Worker
const (
	CodeSkipped       = "skipped"        // not run, because an earlier probe failed
	CodeCancelled     = "cancelled"      // the caller's context was cancelled
	CodeTargetInvalid = "target-invalid" // no request can be made of the target

	CodeDNSResolved       = "dns-resolved"
	CodeDNSDirect         = "dns-direct"          // not asked: the caller gave the address
	CodeDNSLocalProxy     = "dns-local-proxy"     // 198.18.0.0/15: a proxy on this machine answers DNS itself and hides the truth
	CodeDNSNotFound       = "dns-not-found"       // NXDOMAIN, or a name without addresses; of tls, when only the dialer's resolver says so
	CodeDNSResolverFailed = "dns-resolver-failed" // the resolver answered with an error or not at all
	CodeDNSNotProxied     = "dns-not-proxied"     // the placeholder itself: the record is "DNS only"
	CodeDNSPrivateAddress = "dns-private-address" // private, loopback, link-local or unspecified: hosts file, filter, or a wrong record

	CodeTLSTrusted         = "tls-trusted"
	CodeTLSRefused         = "tls-refused"          // nothing listens on the port
	CodeTLSTimeout         = "tls-timeout"          // no answer, while connecting or shaking hands
	CodeTLSUnreachable     = "tls-unreachable"      // no way to the address, or no address
	CodeTLSReset           = "tls-reset"            // closed during the handshake: a filter that reads names, or an edge that restarts
	CodeTLSAlert           = "tls-alert"            // refused by alert: no certificate yet, or none for so deep a name
	CodeTLSNotTLS          = "tls-not-tls"          // the port speaks something else, plain HTTP as a rule
	CodeTLSUntrusted       = "tls-untrusted"        // an authority that this system does not know: not Cloudflare, or an intercepting proxy
	CodeTLSNameMismatch    = "tls-name-mismatch"    // a certificate for other names
	CodeTLSExpired         = "tls-expired"          // by this machine's clock
	CodeTLSNotYetValid     = "tls-not-yet-valid"    // by this machine's clock, which is then the first suspect
	CodeTLSHandshakeFailed = "tls-handshake-failed" // any other failure

	CodeEdgeReached          = "edge-reached"           // an answer that Cloudflare did not make up
	CodeEdgeTimeout          = "edge-timeout"           // connected, then silence
	CodeEdgeNoAnswer         = "edge-no-answer"         // connected, then no valid HTTP answer
	CodeEdgeRouteMissing     = "edge-route-missing"     // 520-523, 525-527, 1033: the request went past the Worker to the origin
	CodeEdgeHostUnknown      = "edge-host-unknown"      // 1001, 1004, 1018, 1023: the edge does not know the host (yet)
	CodeEdgeOriginUnresolved = "edge-origin-unresolved" // 530, 1016: the origin's name does not resolve, or a partial zone
	CodeEdgeForbiddenAddress = "edge-forbidden-address" // 1000, 1002, 1034: the record points where it may not
	CodeEdgeBlocked          = "edge-blocked"           // 1005-1012, 1020, 1106 and block pages: the zone's own security settings
	CodeEdgeChallenge        = "edge-challenge"         // the zone's bot settings ask for a browser
	CodeEdgeRateLimited      = "edge-rate-limited"      // 1015
	CodeEdgeLoop             = "edge-loop"              // 1019: the relay points at itself
	CodeEdgeWorkerToWorker   = "edge-worker-to-worker"  // 1042: a Worker of the same zone as upstream; also seen for moments after a deploy
	CodeEdgeUpstreamAddress  = "edge-upstream-address"  // 1003, 1024: the upstream is a bare or a Cloudflare address
	CodeEdgeDailyLimit       = "edge-daily-limit"       // 1027: the free plan's requests of the day; resets at 00:00 UTC
	CodeEdgeWorkerException  = "edge-worker-exception"  // 1101
	CodeEdgeWorkerCPU        = "edge-worker-cpu"        // 1102
	CodeEdgeUpstreamSlow     = "edge-upstream-slow"     // 524
	CodeEdgeUnavailable      = "edge-unavailable"       // 500, 502, 503, 504 of Cloudflare's own making
	CodeEdgeError            = "edge-error"             // any other number

	CodeWorkerOurs            = "worker-ours"
	CodeWorkerNotOurs         = "worker-not-ours"         // no x-cfproxy mark: somebody else answers on this host
	CodeWorkerOtherBuild      = "worker-other-build"      // ours, but not the build that was asked for, or not the same twice
	CodeWorkerBuildMismatch   = "worker-build-mismatch"   // the mark and the health answer name different builds
	CodeWorkerHealthMalformed = "worker-health-malformed" // marked as ours, but not the health answer
	CodeRelayError            = "relay-error"             // the Worker's own error, named by error_code

	CodeAccessRefused = "access-refused" // refused for want of a token, by the Worker itself
	CodeAccessOpen    = "access-open"    // let through, although the health answer says that access is managed

	CodeProviderRecognised    = "provider-recognised"     // refused for want of a key, in its own words, through our Worker
	CodeProviderRegionBlocked = "provider-region-blocked" // it does not serve the place where the Worker ran
	CodeProviderRateLimited   = "provider-rate-limited"   // 429
	CodeProviderUnavailable   = "provider-unavailable"    // 5xx
	CodeProviderUnreachable   = "provider-unreachable"    // Cloudflare could not connect to the provider, or would not: a wrong upstream
	CodeProviderChallenged    = "provider-challenged"     // the provider's own bot defence met the Worker
	CodeProviderOpen          = "provider-open"           // answered without a key: not the provider, or somebody's key is spent
	CodeProviderTimeout       = "provider-timeout"        // the Worker was reached, and no answer came through it
	CodeProviderUnexpected    = "provider-unexpected"     // through our Worker, but not the provider's known refusal
	CodeProviderAbsent        = "provider-absent"         // the Worker lists others
	CodeProviderUnknown       = "provider-unknown"        // the Worker lists it, and nobody said by what to recognise it

	CodeKeyMalformed         = "key-malformed"         // holds what no header may: never sent
	CodeKeyUnsupported       = "key-unsupported"       // the provider has no chat in OpenAI's shape: never sent
	CodeKeyNotToken          = "key-not-token"         // access is managed, and this is no token of the relay's owner
	CodeKeyTokenUnknown      = "key-token-unknown"     // a token that the relay does not know, or no more
	CodeKeyTokenExpired      = "key-token-expired"     // a token that has ended
	CodeKeyTokenProvider     = "key-token-provider"    // a token that is not for this provider
	CodeKeyTokenRate         = "key-token-rate"        // a token that has used up its requests of this minute
	CodeKeyOwnerMissing      = "key-owner-missing"     // the relay itself has no key for this provider
	CodeKeyRejected          = "key-rejected"          // 401, 403, or invalid_api_key
	CodeKeyNoCredit          = "key-no-credit"         // 402, or insufficient_quota
	CodeModelUnknown         = "model-unknown"         // 404, or model_not_found
	CodeCompletionAnswered   = "completion-answered"   // in words
	CodeCompletionEmpty      = "completion-empty"      // an answer without text: a thinking model spent the limit on thought
	CodeCompletionUnexpected = "completion-unexpected" // neither an answer nor a known refusal
	CodeStreamAnswered       = "stream-answered"       // deltas, then [DONE]
	CodeStreamNotSSE         = "stream-not-sse"        // 200, but not text/event-stream
	CodeStreamIncomplete     = "stream-incomplete"     // ended without [DONE], or without a delta
	CodeStreamError          = "stream-error"          // an error event in the stream
)

// Code describes one code: the status that it always has, whether waiting may cure it, the probes that give it, and the
// details that it can carry.
type Code struct {
	Name    string
	Status  Status
	Settles bool
	Probes  []string
	Details []string
}

// Codes lists every code that a Result can carry, in the order of the probes. The slice is the caller's own.
func Codes() []Code {
	return slices.Concat(generalCodes(), dnsCodes(), tlsCodes(), edgeCodes(), workerCodes(), accessCodes(), providerCodes(), paidCodes())
}

// codeOf looks a code up. One that is missing from the table counts as a failure that does not settle.
func codeOf(name string) Code {
	codes := Codes()
	if i := slices.IndexFunc(codes, func(c Code) bool { return c.Name == name }); i >= 0 {
		return codes[i]
	}
	return Code{Name: name, Status: Fail}
}

func list(items ...string) []string { return items }

func generalCodes() []Code {
	all := list(ProbeDNS, ProbeTLS, ProbeEdge, ProbeWorker, ProbeAccess, ProbeProvider, ProbeCompletion, ProbeStream)
	return []Code{
		{CodeSkipped, Skip, false, all[1:], list("because")},
		{CodeCancelled, Fail, false, all, nil},
		{CodeTargetInvalid, Fail, false, list(ProbeDNS), list("field")},
	}
}

func dnsCodes() []Code {
	at := list(ProbeDNS)
	return []Code{
		{CodeDNSResolved, Pass, false, at, list("addresses")},
		{CodeDNSDirect, Skip, false, at, nil},
		{CodeDNSLocalProxy, Warn, false, at, list("addresses")},
		{CodeDNSNotFound, Fail, true, list(ProbeDNS, ProbeTLS), nil},
		{CodeDNSResolverFailed, Fail, true, at, list("error")},
		{CodeDNSNotProxied, Fail, false, at, list("addresses", "origin")},
		{CodeDNSPrivateAddress, Fail, false, at, list("addresses")},
	}
}

func tlsCodes() []Code {
	at := list(ProbeTLS)
	return []Code{
		{CodeTLSTrusted, Pass, false, at, list("issuer", "expires", "tls_version", "alpn")},
		{CodeTLSRefused, Fail, false, at, list("address")},
		{CodeTLSTimeout, Fail, true, at, list("address", "stage")},
		{CodeTLSUnreachable, Fail, false, at, list("address", "error")},
		{CodeTLSReset, Fail, true, at, list("address")},
		{CodeTLSAlert, Fail, true, at, list("address", "alert")},
		{CodeTLSNotTLS, Fail, false, at, list("address")},
		{CodeTLSUntrusted, Fail, false, at, list("issuer", "names")},
		{CodeTLSNameMismatch, Fail, false, at, list("issuer", "names")},
		{CodeTLSExpired, Fail, false, at, list("issuer", "expires")},
		{CodeTLSNotYetValid, Fail, false, at, list("issuer", "valid_from")},
		{CodeTLSHandshakeFailed, Fail, false, at, list("address", "error")},
	}
}

// edgeCodes lists Cloudflare's own answers. A later probe can meet them too, where an answer does not carry our mark.
func edgeCodes() []Code {
	at, wide := list(ProbeEdge), list(ProbeEdge, ProbeAccess, ProbeProvider, ProbeCompletion, ProbeStream)
	page := list("number", "status", "ray", "colo")
	return []Code{
		{CodeEdgeReached, Pass, false, at, list("status", "protocol", "ray", "colo")},
		{CodeEdgeTimeout, Fail, true, list(ProbeEdge, ProbeAccess), nil},
		{CodeEdgeNoAnswer, Fail, true, wide, list("error")},
		{CodeEdgeRouteMissing, Fail, true, wide, page},
		{CodeEdgeHostUnknown, Fail, true, wide, page},
		{CodeEdgeOriginUnresolved, Fail, true, wide, page},
		{CodeEdgeForbiddenAddress, Fail, false, wide, page},
		{CodeEdgeBlocked, Fail, false, wide, page},
		{CodeEdgeChallenge, Fail, false, wide, page},
		{CodeEdgeRateLimited, Fail, false, wide, page},
		{CodeEdgeLoop, Fail, false, wide, page},
		{CodeEdgeWorkerToWorker, Fail, true, wide, page},
		{CodeEdgeUpstreamAddress, Fail, false, wide, page},
		{CodeEdgeDailyLimit, Fail, false, wide, page},
		{CodeEdgeWorkerException, Fail, false, wide, page},
		{CodeEdgeWorkerCPU, Fail, false, wide, page},
		{CodeEdgeUpstreamSlow, Fail, false, wide, page},
		{CodeEdgeUnavailable, Fail, true, wide, page},
		{CodeEdgeError, Fail, false, wide, page},
	}
}

func workerCodes() []Code {
	at, wide := list(ProbeWorker), list(ProbeWorker, ProbeAccess, ProbeProvider, ProbeCompletion, ProbeStream)
	return []Code{
		{CodeWorkerOurs, Pass, false, at, list("build", "version", "access", "providers", "colo", "placement")},
		{CodeWorkerNotOurs, Fail, true, wide, list("status", "server", "content_type", "title", "location", "mark")},
		{CodeWorkerOtherBuild, Fail, true, wide, list("wanted", "got", "version", "colo")},
		{CodeWorkerBuildMismatch, Fail, false, at, list("header", "body")},
		{CodeWorkerHealthMalformed, Fail, false, at, list("build", "status", "content_type", "excerpt")},
		{CodeRelayError, Fail, false, wide, list("error_code", "status", "colo", "placement")},
	}
}

func accessCodes() []Code {
	at := list(ProbeAccess)
	return []Code{
		{CodeAccessRefused, Pass, false, at, list("status", "colo", "placement")},
		{CodeAccessOpen, Fail, false, at, list("status", "content_type", "excerpt")},
	}
}

func providerCodes() []Code {
	at, wide := list(ProbeProvider), list(ProbeProvider, ProbeCompletion, ProbeStream)
	where := list("status", "colo", "placement")
	return []Code{
		{CodeProviderRecognised, Pass, false, at, append(where, "error_type", "error_code")},
		{CodeProviderRegionBlocked, Fail, false, wide, append(where, "error_type", "error_code")},
		{CodeProviderRateLimited, Warn, false, wide, append(where, "number", "retry_after")},
		{CodeProviderUnavailable, Warn, false, wide, append(where, "number", "retry_after")},
		{CodeProviderUnreachable, Fail, false, wide, append(where, "number", "retry_after")},
		{CodeProviderChallenged, Fail, false, wide, append(where, "number", "retry_after")},
		{CodeProviderOpen, Fail, false, at, list("status", "content_type", "excerpt")},
		{CodeProviderTimeout, Fail, false, wide, nil},
		{CodeProviderUnexpected, Fail, false, at, list("status", "content_type", "location", "excerpt")},
		{CodeProviderAbsent, Fail, false, at, list("providers")},
		{CodeProviderUnknown, Warn, false, at, nil},
	}
}

func paidCodes() []Code {
	whole, stream := list(ProbeCompletion), list(ProbeStream)
	wide := list(ProbeCompletion, ProbeStream)
	refusal := list("status", "error_type", "error_code")
	return []Code{
		{CodeKeyMalformed, Fail, false, whole, nil},
		{CodeKeyUnsupported, Fail, false, whole, nil},
		{CodeKeyNotToken, Fail, false, wide, list("status")},
		{CodeKeyTokenUnknown, Fail, false, wide, list("status")},
		{CodeKeyTokenExpired, Fail, false, wide, list("status")},
		{CodeKeyTokenProvider, Fail, false, wide, list("status")},
		{CodeKeyTokenRate, Warn, false, wide, list("status")},
		{CodeKeyOwnerMissing, Fail, false, wide, list("status")},
		{CodeKeyRejected, Fail, false, wide, refusal},
		{CodeKeyNoCredit, Fail, false, wide, refusal},
		{CodeModelUnknown, Fail, false, wide, append(refusal, "model")},
		{CodeCompletionAnswered, Pass, false, whole, list("model", "answer", "ms", "limit")},
		{CodeCompletionEmpty, Warn, false, whole, list("model", "finish", "ms", "limit")},
		{CodeCompletionUnexpected, Fail, false, wide, append(refusal, "content_type", "excerpt")},
		{CodeStreamAnswered, Pass, false, stream, list("model", "events", "deltas", "first_ms", "total_ms", "delivery")},
		{CodeStreamNotSSE, Fail, false, stream, list("content_type", "excerpt")},
		{CodeStreamIncomplete, Fail, false, stream, list("events", "deltas", "reason")},
		{CodeStreamError, Fail, false, stream, list("events", "error_type", "error_code")},
	}
}
