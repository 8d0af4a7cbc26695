// Package errcode defines the errors of the engine: a stable [Code] with flat details, and no sentences.
//
// The commands turn codes and details into messages in the user's language and into exit codes. Scripts see the codes
// in JSON output.
package errcode

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// Code names one kind of failure. Codes are stable: scripts and translations depend on them.
type Code string

// Codes for settings that are invalid. They are found without calling the API, except RegionUnknown and
// TokensUnreadable.
const (
	HostEmpty       Code = "host-empty"
	HostURL         Code = "host-url"           // a URL; details: value, suggestion
	HostPath        Code = "host-path"          // has a path; details: value, suggestion
	HostPort        Code = "host-port"          // has a port; details: value, suggestion
	HostWildcard    Code = "host-wildcard"      // has an asterisk
	HostSpace       Code = "host-space"         // has white space; details: value, suggestion
	HostIP          Code = "host-ip"            // an IP address
	HostLocal       Code = "host-local"         // a name that does not exist in public DNS, such as localhost
	HostLabel       Code = "host-label"         // a label is empty or longer than 63 octets
	HostLong        Code = "host-long"          // longer than 253 octets
	HostSuffix      Code = "host-public-suffix" // a public suffix, such as co.uk
	HostInvalid     Code = "host-invalid"       // has characters that hostnames do not have
	HostSingle      Code = "host-single-label"  // has no dot
	HostSeveral     Code = "host-several"       // a list of hosts; details: value, suggestion, flags
	HostMissing     Code = "host-missing"       // no host is configured
	HostDuplicate   Code = "host-twice"         // two relays list the same host
	WorkerInvalid   Code = "worker-invalid"
	WorkerDuplicate Code = "worker-twice" // two relays of an account name the same Worker
	AccountInvalid  Code = "account-invalid"
	OriginInvalid   Code = "origin-invalid" // the record's address is not a public IPv4 address
	RegionInvalid   Code = "region-invalid"
	UpstreamLoop    Code = "upstream-is-itself" // a provider's origin is served by the same Worker

	AllowOriginInvalid Code = "allow-origin-invalid"    // not an origin of a web page; details: value, suggestion
	ProvidersTooLarge  Code = "providers-too-large"     // the PROVIDERS binding exceeds its limit
	OriginsTooLarge    Code = "allow-origins-too-large" // the SETTINGS binding exceeds its limit
	TooManyKeys        Code = "too-many-keys"           // more keys than a Worker can have bindings
	TooManyLimits      Code = "too-many-limits"         // more distinct rate limits than we support
	RegionUnknown      Code = "region-unknown"          // the account cannot place Workers there
	TokensUnreadable   Code = "tokens-unread"           // none are configured, and the deployed ones cannot be read
)

// Codes for the state of the account and for failures of API calls.
const (
	TokenMissing      Code = "token-missing"
	TokenMalformed    Code = "token-malformed"
	TokenRejected     Code = "token-rejected"
	TokenGlobalKey    Code = "token-global-key"   // a Global API Key instead of a token
	TokenLocation     Code = "token-location"     // the token's IP filter excludes this machine; details: address
	PermissionMissing Code = "permission-missing" // details: permission, a comma-separated list
	NoZones           Code = "no-zones"           // the token sees no zone
	AccountEmpty      Code = "account-empty"      // the token sees no zone of the chosen account
	AccountRequired   Code = "account-required"   // the token sees too many accounts to list their zones without naming one
	ZoneNotFound      Code = "zone-not-found"     // the host is in none of the zones
	ZoneAmbiguous     Code = "zone-ambiguous"     // several accounts have the zone, and not exactly one of them is active
	ZoneElsewhere     Code = "zone-elsewhere"     // the zone belongs to another account than the chosen one
	ZoneFull          Code = "zone-full"          // the zone's plan does not allow that many records or routes
	Conflict          Code = "conflict"           // resources that we do not own are at addresses that we need
	ReadOnly          Code = "record-read-only"   // a record that only a product of Cloudflare can change is at an address that we need
	Delegated         Code = "name-delegated"     // NS records delegate the host to other nameservers
	Exists            Code = "exists"             // the API refuses to create a resource a second time
	RecordManaged     Code = "record-managed"     // the host has a record of a Workers custom domain
	Exposed           Code = "exposed"            // a removal would leave a proxied record to the placeholder address without its route
	ConcurrentChange  Code = "changed-meanwhile"  // another run changed the same resources
	Gone              Code = "gone"               // the resource to change was deleted
	NoWorker          Code = "no-worker"          // the relay is not deployed
	NoVersion         Code = "no-version"         // there is no version to roll back to
	VersionUnknown    Code = "version-unknown"    // no version, or more than one, matches the given name
	SecretsChanged    Code = "secrets-changed"    // a rollback would restore other secrets and needs force
	SubdomainMissing  Code = "subdomain-missing"  // the account has no workers.dev name
	SubdomainTaken    Code = "subdomain-taken"    // another account has the workers.dev name
	EmailUnverified   Code = "email-unverified"   // the account's e-mail address is not verified
	ScriptNotVisible  Code = "script-unseen"      // a route names a script that the API does not see yet
	ScriptRejected    Code = "script-refused"     // the API did not accept the upload
	KeyGone           Code = "key-gone"           // a secret to inherit does not exist any more
	Quota             Code = "quota"              // a limit of the account's plan is reached
	RateLimited       Code = "rate-limited"       // too many API calls
	Unreachable       Code = "api-unreachable"    // no response, so a write may have taken effect
	Timeout           Code = "api-timeout"        // no response in time, so a write may have taken effect
	NotJSON           Code = "api-not-json"       // something other than the API responded, such as a proxy
	ServerError       Code = "api-server-error"
	NoResult          Code = "api-no-result" // a read succeeded without a result of the expected kind
	Rejected          Code = "api-refused"   // any other error of the API; details: api_code, message
	Interrupted       Code = "interrupted"
)

// Codes for connections to the API that fail the same way each time. Nothing was sent. All have the detail host, which
// is the proxy for ProxyRefused and, if the proxy is at fault, for the others.
const (
	TLSUntrusted      Code = "api-untrusted"           // the certificate's issuer is not trusted; details: issuer
	TLSClock          Code = "api-certificate-expired" // not valid at this machine's time; details: now, from, until
	TLSWrongHost      Code = "api-wrong-certificate"   // the certificate is for other names; details: names
	TLSFailed         Code = "api-tls-failed"          // no TLS, or none that both sides support
	ConnectionRefused Code = "api-connection-refused"  // nothing listens there
	HostUnknown       Code = "api-host-unknown"        // the name in the base URL, or of the proxy, does not exist
	ProxyRefused      Code = "proxy-refused"           // the proxy requires a login or does not allow the connection
)

// Error is a failure with a code. Details holds what a message needs, as flat strings without secrets.
type Error struct {
	Code    Code
	Details map[string]string
	// Temporary reports whether the same call may succeed later.
	Temporary bool
	// RetryAfter is the pause that the API asked for; zero if it did not.
	RetryAfter time.Duration
	// Err is the cause, nil if there is none.
	Err error
}

// New returns an Error with details given in pairs: name, value, name, value.
func New(code Code, details ...string) *Error {
	e := &Error{Code: code, Details: map[string]string{}}
	for i := 0; i+1 < len(details); i += 2 {
		e.Details[details[i]] = details[i+1]
	}
	return e
}

// Error returns the code, the details sorted by name and the cause. It is meant for logs and tests.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Code))
	for _, name := range slices.Sorted(maps.Keys(e.Details)) {
		b.WriteString(" " + name + "=" + e.Details[name])
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Of returns the code of the first Error in err's tree, or "" if there is none.
func Of(err error) Code {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Code
	}
	return ""
}
