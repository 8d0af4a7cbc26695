package verify

import "slices"

// The codes and their meaning. Codes lists the probes that report them, whether they are transient, and their details.
// The details are:
//
//	access       "pass-through" or "managed", from the health response
//	address      host:port that was dialled, or IP address and port where known
//	addresses    IP addresses, comma-separated
//	alert        TLS alert, such as "handshake failure" (RFC 8446, section 6)
//	alpn         "h2" or "http/1.1"; absent if the server chose none
//	answer       text of the model
//	because      the failed probe that this one depends on
//	body         build in the JSON of the health response, where the header has another one
//	build        16 lower-case hex digits
//	colo         airport code of the Cloudflare location, from cf-ray or the health response
//	content_type of the response
//	deltas       number of stream events with a delta
//	delivery     "single" (one delta), "together" (all within 20 ms), "spread"
//	error        cause, in the words of the operating system or of Go
//	error_code, error_type  error.code and error.type in the JSON response; for the Worker's own errors the code in their header
//	events       number of stream events without [DONE]
//	excerpt      beginning of the body
//	expires      last day of the certificate, RFC 3339 date in UTC
//	field        host, upstreams, id, method, path or chat
//	finish       finish_reason of the answer
//	first_ms, total_ms, ms  milliseconds from the request to the first delta, to the end of the stream, to the whole response
//	got, wanted  builds
//	header       build in the x-cfproxy header, where the JSON has another one
//	issuer       of the certificate: common name, else organisation
//	limit        name of the token limit parameter that the provider accepted
//	location     target of a redirect, which is not followed
//	mark         value of an x-cfproxy header that is not a build
//	model        from the response, else as requested
//	names        DNS names in the certificate, comma-separated
//	number       Cloudflare's error number, 1xxx or 5xx; absent if the response has none
//	origin       the placeholder address
//	placement    cf-placement header, "remote-IAD" or "local-HKG": where the Worker ran
//	protocol     "HTTP/2.0" or "HTTP/1.1"
//	providers    IDs that the Worker lists, comma-separated
//	ray          cf-ray header, which identifies the request in Cloudflare's logs and for its support
//	reason       "closed", "broken", "timeout", "too-long" or "no-delta"
//	retry_after  Retry-After header
//	server       Server header
//	stage        "connect" or "handshake"
//	status       HTTP status
//	title        title of the HTML page
//	tls_version  "TLS 1.3"
//	valid_from   first day of the certificate, RFC 3339 date in UTC
//	version      version of cfproxy that deployed the Worker
const (
	CodeSkipped       = "skipped"        // not run, because an earlier probe failed
	CodeCancelled     = "cancelled"      // the caller's context was cancelled
	CodeTargetInvalid = "target-invalid" // no request can be made for the target

	CodeDNSResolved       = "dns-resolved"
	CodeDNSDirect         = "dns-direct"          // not resolved: the caller chose the address
	CodeDNSLocalProxy     = "dns-local-proxy"     // 198.18.0.0/15: a proxy on this machine answers DNS queries itself
	CodeDNSNotFound       = "dns-not-found"       // NXDOMAIN, or no addresses; from the TLS probe if only the dialer's resolver says so
	CodeDNSResolverFailed = "dns-resolver-failed" // the resolver returned an error or did not answer
	CodeDNSNotProxied     = "dns-not-proxied"     // the placeholder address: the record is "DNS only"
	CodeDNSZonePaused     = "dns-zone-paused"     // the placeholder address, because the zone is paused
	CodeDNSPrivateAddress = "dns-private-address" // private, loopback, link-local or unspecified: hosts file, filter or wrong record

	CodeTLSTrusted         = "tls-trusted"
	CodeTLSRefused         = "tls-refused"          // nothing listens on the port
	CodeTLSTimeout         = "tls-timeout"          // no answer while connecting or during the handshake
	CodeTLSUnreachable     = "tls-unreachable"      // no route to the address, or no address
	CodeTLSReset           = "tls-reset"            // closed during the handshake: a filter that inspects names, or an edge that restarts
	CodeTLSAlert           = "tls-alert"            // rejected with an alert: no certificate yet, or none for a name this deep
	CodeTLSNotTLS          = "tls-not-tls"          // another protocol on the port, usually plain HTTP
	CodeTLSUntrusted       = "tls-untrusted"        // unknown authority: not Cloudflare, or an intercepting proxy
	CodeTLSNameMismatch    = "tls-name-mismatch"    // a certificate for other names
	CodeTLSExpired         = "tls-expired"          // by this machine's clock
	CodeTLSNotYetValid     = "tls-not-yet-valid"    // by this machine's clock, which is the likely cause
	CodeTLSHandshakeFailed = "tls-handshake-failed" // any other failure

	CodeEdgeReached          = "edge-reached"           // a response that Cloudflare did not generate
	CodeEdgeTimeout          = "edge-timeout"           // connected, but no response
	CodeEdgeNoAnswer         = "edge-no-answer"         // connected, but no valid HTTP response
	CodeEdgeRouteMissing     = "edge-route-missing"     // 520-523, 525-527, 1033: the request went to the origin instead of the Worker
	CodeEdgeHostUnknown      = "edge-host-unknown"      // 1001, 1004, 1018, 1023: the edge does not know the host (yet)
	CodeEdgeOriginUnresolved = "edge-origin-unresolved" // 530, 1016: the origin's name does not resolve, or a partial zone
	CodeEdgeForbiddenAddress = "edge-forbidden-address" // 1000, 1002, 1034: the record has an address that Cloudflare does not allow
	CodeEdgeBlocked          = "edge-blocked"           // 1005-1012, 1020, 1106 and block pages: the zone's security settings
	CodeEdgeChallenge        = "edge-challenge"         // the zone's bot settings require a browser
	CodeEdgeRateLimited      = "edge-rate-limited"      // 1015
	CodeEdgeLoop             = "edge-loop"              // 1019: the relay calls itself
	CodeEdgeWorkerToWorker   = "edge-worker-to-worker"  // 1042: the upstream is a Worker of the same zone; also for a moment after a deploy
	CodeEdgeUpstreamAddress  = "edge-upstream-address"  // 1003, 1024: the upstream is an IP address or one of Cloudflare's
	CodeEdgeDailyLimit       = "edge-daily-limit"       // 1027: daily request limit of the free plan; resets at 00:00 UTC
	CodeEdgeWorkerException  = "edge-worker-exception"  // 1101
	CodeEdgeWorkerCPU        = "edge-worker-cpu"        // 1102
	CodeEdgeUpstreamSlow     = "edge-upstream-slow"     // 524
	CodeEdgeUnavailable      = "edge-unavailable"       // 500, 502, 503, 504 generated by Cloudflare
	CodeEdgeError            = "edge-error"             // any other number

	CodeWorkerOurs            = "worker-ours"
	CodeWorkerNotOurs         = "worker-not-ours"         // no x-cfproxy header: something else responds on this host
	CodeWorkerOtherBuild      = "worker-other-build"      // ours, but not the expected build, or two builds in one attempt
	CodeWorkerBuildMismatch   = "worker-build-mismatch"   // header and JSON of the health response name different builds
	CodeWorkerHealthMalformed = "worker-health-malformed" // ours by its header, but not a health response
	CodeRelayError            = "relay-error"             // an error of the Worker itself, named by error_code

	CodeAccessRefused = "access-refused" // rejected by the Worker because there is no token
	CodeAccessOpen    = "access-open"    // accepted without a token, although the health response says that access is managed

	CodeProviderRecognised    = "provider-recognised"     // the provider's own refusal of a keyless request, through our Worker
	CodeProviderRegionBlocked = "provider-region-blocked" // the provider does not serve the location where the Worker ran
	CodeProviderRateLimited   = "provider-rate-limited"   // 429
	CodeProviderUnavailable   = "provider-unavailable"    // 5xx
	CodeProviderUnreachable   = "provider-unreachable"    // Cloudflare could not or would not connect to the provider: a wrong upstream
	CodeProviderChallenged    = "provider-challenged"     // the provider's bot protection challenged the Worker
	CodeProviderOpen          = "provider-open"           // a successful response without a key: not the provider, or a key that others can use
	CodeProviderTimeout       = "provider-timeout"        // the Worker was reached, but no response came through it
	CodeProviderUnexpected    = "provider-unexpected"     // through our Worker, but not a known refusal
	CodeProviderAbsent        = "provider-absent"         // the Worker lists other providers
	CodeProviderUnknown       = "provider-unknown"        // the Worker lists it, but there is no upstream to recognise it by

	CodeKeyMalformed         = "key-malformed"         // contains characters that a header cannot carry; not sent
	CodeKeyUnsupported       = "key-unsupported"       // the provider has no chat API in OpenAI's format; not sent
	CodeKeyNotToken          = "key-not-token"         // access is managed, and the key is not a token of the relay
	CodeKeyTokenUnknown      = "key-token-unknown"     // an unknown or revoked token
	CodeKeyTokenExpired      = "key-token-expired"     // an expired token
	CodeKeyTokenProvider     = "key-token-provider"    // a token that does not allow this provider
	CodeKeyTokenRate         = "key-token-rate"        // a token that has reached its requests per minute
	CodeKeyOwnerMissing      = "key-owner-missing"     // the relay has no key for this provider
	CodeKeyRejected          = "key-rejected"          // 401, 403, or invalid_api_key
	CodeKeyNoCredit          = "key-no-credit"         // 402, or insufficient_quota
	CodeModelUnknown         = "model-unknown"         // 404, or model_not_found
	CodeCompletionAnswered   = "completion-answered"   // with text
	CodeCompletionEmpty      = "completion-empty"      // without text: a reasoning model used up the token limit
	CodeCompletionUnexpected = "completion-unexpected" // neither an answer nor a known error
	CodeStreamAnswered       = "stream-answered"       // deltas, then [DONE]
	CodeStreamNotSSE         = "stream-not-sse"        // 200, but not text/event-stream
	CodeStreamIncomplete     = "stream-incomplete"     // ended without [DONE], or without a delta
	CodeStreamError          = "stream-error"          // an error event in the stream
)

// Code describes one code: its status, whether a failure may disappear by itself within minutes, the probes that report
// it, and the details that it can have.
type Code struct {
	Name      string
	Status    Status
	Transient bool
	Probes    []string
	Details   []string
}

// Codes returns every code that a Result can have, in the order of the probes. The caller may modify the slice.
func Codes() []Code {
	return slices.Concat(generalCodes(), dnsCodes(), tlsCodes(), edgeCodes(), workerCodes(), accessCodes(), providerCodes(), paidCodes())
}

// codeOf returns the entry of a code. An unknown code is a failure that is not transient.
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
	probes := list(ProbeDNS)
	return []Code{
		{CodeDNSResolved, Pass, false, probes, list("addresses")},
		{CodeDNSDirect, Skip, false, probes, nil},
		{CodeDNSLocalProxy, Warn, false, probes, list("addresses")},
		{CodeDNSNotFound, Fail, true, list(ProbeDNS, ProbeTLS), nil},
		{CodeDNSResolverFailed, Fail, true, probes, list("error")},
		{CodeDNSNotProxied, Fail, false, probes, list("addresses", "origin")},
		{CodeDNSZonePaused, Fail, false, probes, list("addresses", "origin")},
		{CodeDNSPrivateAddress, Fail, false, probes, list("addresses")},
	}
}

func tlsCodes() []Code {
	probes := list(ProbeTLS)
	return []Code{
		{CodeTLSTrusted, Pass, false, probes, list("issuer", "expires", "tls_version", "alpn")},
		{CodeTLSRefused, Fail, false, probes, list("address")},
		{CodeTLSTimeout, Fail, true, probes, list("address", "stage")},
		{CodeTLSUnreachable, Fail, false, probes, list("address", "error")},
		{CodeTLSReset, Fail, true, probes, list("address")},
		{CodeTLSAlert, Fail, true, probes, list("address", "alert")},
		{CodeTLSNotTLS, Fail, false, probes, list("address")},
		{CodeTLSUntrusted, Fail, false, probes, list("issuer", "names")},
		{CodeTLSNameMismatch, Fail, false, probes, list("issuer", "names")},
		{CodeTLSExpired, Fail, false, probes, list("issuer", "expires")},
		{CodeTLSNotYetValid, Fail, false, probes, list("issuer", "valid_from")},
		{CodeTLSHandshakeFailed, Fail, false, probes, list("address", "error")},
	}
}

// edgeCodes returns the codes for errors that Cloudflare generates. Later probes report them too, for a response
// without our build header.
func edgeCodes() []Code {
	probes, onward := list(ProbeEdge), list(ProbeEdge, ProbeAccess, ProbeProvider, ProbeCompletion, ProbeStream)
	details := list("number", "status", "ray", "colo")
	return []Code{
		{CodeEdgeReached, Pass, false, probes, list("status", "protocol", "ray", "colo")},
		{CodeEdgeTimeout, Fail, true, list(ProbeEdge, ProbeAccess), nil},
		{CodeEdgeNoAnswer, Fail, true, onward, list("error")},
		{CodeEdgeRouteMissing, Fail, true, onward, details},
		{CodeEdgeHostUnknown, Fail, true, onward, details},
		{CodeEdgeOriginUnresolved, Fail, true, onward, details},
		{CodeEdgeForbiddenAddress, Fail, false, onward, details},
		{CodeEdgeBlocked, Fail, false, onward, details},
		{CodeEdgeChallenge, Fail, false, onward, details},
		{CodeEdgeRateLimited, Fail, false, onward, details},
		{CodeEdgeLoop, Fail, false, onward, details},
		{CodeEdgeWorkerToWorker, Fail, true, onward, details},
		{CodeEdgeUpstreamAddress, Fail, false, onward, details},
		{CodeEdgeDailyLimit, Fail, false, onward, details},
		{CodeEdgeWorkerException, Fail, false, onward, details},
		{CodeEdgeWorkerCPU, Fail, false, onward, details},
		{CodeEdgeUpstreamSlow, Fail, false, onward, details},
		{CodeEdgeUnavailable, Fail, true, onward, details},
		{CodeEdgeError, Fail, false, onward, details},
	}
}

func workerCodes() []Code {
	probes, onward := list(ProbeWorker), list(ProbeWorker, ProbeAccess, ProbeProvider, ProbeCompletion, ProbeStream)
	return []Code{
		{CodeWorkerOurs, Pass, false, probes, list("build", "version", "access", "providers", "colo", "placement")},
		{CodeWorkerNotOurs, Fail, true, onward, list("status", "server", "content_type", "title", "location", "mark")},
		{CodeWorkerOtherBuild, Fail, true, onward, list("wanted", "got", "version", "colo")},
		{CodeWorkerBuildMismatch, Fail, false, probes, list("header", "body")},
		{CodeWorkerHealthMalformed, Fail, false, probes, list("build", "status", "content_type", "excerpt")},
		{CodeRelayError, Fail, false, onward, list("error_code", "status", "colo", "placement")},
	}
}

func accessCodes() []Code {
	probes := list(ProbeAccess)
	return []Code{
		{CodeAccessRefused, Pass, false, probes, list("status", "colo", "placement")},
		{CodeAccessOpen, Fail, false, probes, list("status", "content_type", "excerpt")},
	}
}

func providerCodes() []Code {
	probes, onward := list(ProbeProvider), list(ProbeProvider, ProbeCompletion, ProbeStream)
	common := list("status", "colo", "placement")
	return []Code{
		{CodeProviderRecognised, Pass, false, probes, append(common, "error_type", "error_code")},
		{CodeProviderRegionBlocked, Fail, false, onward, append(common, "error_type", "error_code")},
		{CodeProviderRateLimited, Warn, false, onward, append(common, "number", "retry_after")},
		{CodeProviderUnavailable, Warn, false, onward, append(common, "number", "retry_after")},
		{CodeProviderUnreachable, Fail, false, onward, append(common, "number", "retry_after")},
		{CodeProviderChallenged, Fail, false, onward, append(common, "number", "retry_after")},
		{CodeProviderOpen, Fail, false, probes, list("status", "content_type", "excerpt")},
		{CodeProviderTimeout, Fail, false, onward, nil},
		{CodeProviderUnexpected, Fail, false, probes, list("status", "content_type", "location", "excerpt")},
		{CodeProviderAbsent, Fail, false, probes, list("providers")},
		{CodeProviderUnknown, Warn, false, probes, nil},
	}
}

func paidCodes() []Code {
	completion, stream := list(ProbeCompletion), list(ProbeStream)
	both := list(ProbeCompletion, ProbeStream)
	refusal := list("status", "error_type", "error_code")
	return []Code{
		{CodeKeyMalformed, Fail, false, completion, nil},
		{CodeKeyUnsupported, Fail, false, completion, nil},
		{CodeKeyNotToken, Fail, false, both, list("status")},
		{CodeKeyTokenUnknown, Fail, false, both, list("status")},
		{CodeKeyTokenExpired, Fail, false, both, list("status")},
		{CodeKeyTokenProvider, Fail, false, both, list("status")},
		{CodeKeyTokenRate, Warn, false, both, list("status")},
		{CodeKeyOwnerMissing, Fail, false, both, list("status")},
		{CodeKeyRejected, Fail, false, both, refusal},
		{CodeKeyNoCredit, Fail, false, both, refusal},
		{CodeModelUnknown, Fail, false, both, append(refusal, "model")},
		{CodeCompletionAnswered, Pass, false, completion, list("model", "answer", "ms", "limit")},
		{CodeCompletionEmpty, Warn, false, completion, list("model", "finish", "ms", "limit")},
		{CodeCompletionUnexpected, Fail, false, both, append(refusal, "content_type", "excerpt")},
		{CodeStreamAnswered, Pass, false, stream, list("model", "events", "deltas", "first_ms", "total_ms", "delivery")},
		{CodeStreamNotSSE, Fail, false, stream, list("content_type", "excerpt")},
		{CodeStreamIncomplete, Fail, false, stream, list("events", "deltas", "reason")},
		{CodeStreamError, Fail, false, stream, list("events", "error_type", "error_code")},
	}
}
