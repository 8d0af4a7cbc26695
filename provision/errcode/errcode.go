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

// What is wrong with a setting. All of them are the caller's to mend before anything is asked of the account.
const (
	HostEmpty       Code = "host-empty"
	HostURL         Code = "host-url"
	HostPath        Code = "host-path"
	HostPort        Code = "host-port"
	HostWildcard    Code = "host-wildcard"
	HostSpace       Code = "host-space"
	HostIP          Code = "host-ip"
	HostLocal       Code = "host-local"
	HostLabel       Code = "host-label"
	HostLong        Code = "host-long"
	HostSuffix      Code = "host-public-suffix"
	HostInvalid     Code = "host-invalid"
	HostSingle      Code = "host-single-label"
	HostMissing     Code = "host-missing"
	WorkerInvalid   Code = "worker-invalid"
	AccountInvalid  Code = "account-invalid"
	OriginInvalid   Code = "origin-invalid"
	RegionInvalid   Code = "region-invalid"
	HostDuplicate   Code = "host-twice"
	WorkerDuplicate Code = "worker-twice"
	UpstreamLoop    Code = "upstream-is-itself"

	AllowOriginInvalid Code = "allow-origin-invalid"
	ProvidersTooLarge  Code = "providers-too-large"
	OriginsTooLarge    Code = "allow-origins-too-large"
	TooManyKeys        Code = "too-many-keys"
	TooManyLimits      Code = "too-many-limits"
	RegionUnknown      Code = "region-unknown"
	TokensUnreadable   Code = "tokens-unread"
)

// What the account or its API can answer.
const (
	TokenMissing      Code = "token-missing"
	TokenMalformed    Code = "token-malformed"
	TokenRejected     Code = "token-rejected"
	TokenGlobalKey    Code = "token-global-key"
	PermissionMissing Code = "permission-missing"
	NoZones           Code = "no-zones"
	AccountEmpty      Code = "account-empty"
	ZoneNotFound      Code = "zone-not-found"
	ZoneAmbiguous     Code = "zone-ambiguous"
	ZoneElsewhere     Code = "zone-elsewhere"
	ZoneFull          Code = "zone-full"
	Conflict          Code = "conflict"
	Exists            Code = "exists"
	Exposed           Code = "exposed"
	ConcurrentChange  Code = "changed-meanwhile"
	Gone              Code = "gone"
	NoWorker          Code = "no-worker"
	NoVersion         Code = "no-version"
	VersionUnknown    Code = "version-unknown"
	SecretsChanged    Code = "secrets-changed"
	SubdomainMissing  Code = "subdomain-missing"
	SubdomainTaken    Code = "subdomain-taken"
	EmailUnverified   Code = "email-unverified"
	ScriptNotVisible  Code = "script-unseen"
	ScriptRejected    Code = "script-refused"
	KeyGone           Code = "key-gone"
	Quota             Code = "quota"
	RateLimited       Code = "rate-limited"
	Unreachable       Code = "api-unreachable"
	Timeout           Code = "api-timeout"
	NotJSON           Code = "api-not-json"
	ServerError       Code = "api-server-error"
	Rejected          Code = "api-refused"
	Interrupted       Code = "interrupted"
)

// Error is a failure that knows its code. What a person needs to read of it is in Details, as flat strings that never
// hold a secret.
type Error struct {
	Code    Code
	Details map[string]string
	// Temporary says that the same call may succeed later.
	Temporary bool
	// RetryAfter is how long the API asked us to wait; zero where it did not say.
	RetryAfter time.Duration
	Err        error
}

// Error gives the code and the details in a stable order, for logs and tests; people are shown words made under cmd/.
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

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Of gives the code of err, or "" for an error that has none.
func Of(err error) Code {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// New pairs details as name, value, name, value.
func New(code Code, details ...string) *Error {
	e := &Error{Code: code, Details: map[string]string{}}
	for i := 0; i+1 < len(details); i += 2 {
		e.Details[details[i]] = details[i+1]
	}
	return e
}
