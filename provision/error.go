package provision

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
	CodeHostEmpty        Code = "host-empty"
	CodeHostURL          Code = "host-url"
	CodeHostPath         Code = "host-path"
	CodeHostPort         Code = "host-port"
	CodeHostWildcard     Code = "host-wildcard"
	CodeHostSpace        Code = "host-space"
	CodeHostIP           Code = "host-ip"
	CodeHostLocal        Code = "host-local"
	CodeHostLabel        Code = "host-label"
	CodeHostLong         Code = "host-long"
	CodeHostSuffix       Code = "host-public-suffix"
	CodeHostInvalid      Code = "host-invalid"
	CodeHostSingle       Code = "host-single-label"
	CodeHostMissing      Code = "host-missing"
	CodeWorkerInvalid    Code = "worker-invalid"
	CodeAccountInvalid   Code = "account-invalid"
	CodeOriginInvalid    Code = "origin-invalid"
	CodeRegionInvalid    Code = "region-invalid"
	CodeHostTwice        Code = "host-twice"
	CodeWorkerTwice      Code = "worker-twice"
	CodeUpstreamIsItself Code = "upstream-is-itself"

	CodeAllowOriginInvalid Code = "allow-origin-invalid"
	CodeProvidersTooLarge  Code = "providers-too-large"
	CodeOriginsTooLarge    Code = "allow-origins-too-large"
	CodeTooManyKeys        Code = "too-many-keys"
	CodeTooManyLimits      Code = "too-many-limits"
	CodeRegionUnknown      Code = "region-unknown"
	CodeTokensUnread       Code = "tokens-unread"
)

// What the account or its API can answer.
const (
	CodeTokenMissing     Code = "token-missing"
	CodeTokenMalformed   Code = "token-malformed"
	CodeTokenRejected    Code = "token-rejected"
	CodeTokenGlobalKey   Code = "token-global-key"
	CodePermission       Code = "permission-missing"
	CodeNoZones          Code = "no-zones"
	CodeAccountEmpty     Code = "account-empty"
	CodeZoneNotFound     Code = "zone-not-found"
	CodeZoneAmbiguous    Code = "zone-ambiguous"
	CodeZoneElsewhere    Code = "zone-elsewhere"
	CodeZoneFull         Code = "zone-full"
	CodeConflict         Code = "conflict"
	CodeExists           Code = "exists"
	CodeExposed          Code = "exposed"
	CodeChanged          Code = "changed-meanwhile"
	CodeGone             Code = "gone"
	CodeNoWorker         Code = "no-worker"
	CodeNoVersion        Code = "no-version"
	CodeVersionUnknown   Code = "version-unknown"
	CodeSecretsChanged   Code = "secrets-changed"
	CodeSubdomainMissing Code = "subdomain-missing"
	CodeSubdomainTaken   Code = "subdomain-taken"
	CodeEmailUnverified  Code = "email-unverified"
	CodeScriptUnseen     Code = "script-unseen"
	CodeScriptRefused    Code = "script-refused"
	CodeKeyGone          Code = "key-gone"
	CodeQuota            Code = "quota"
	CodeRateLimited      Code = "rate-limited"
	CodeUnreachable      Code = "api-unreachable"
	CodeTimeout          Code = "api-timeout"
	CodeNotJSON          Code = "api-not-json"
	CodeServerError      Code = "api-server-error"
	CodeRefused          Code = "api-refused"
	CodeInterrupted      Code = "interrupted"
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

// CodeOf gives the code of err, or "" for an error that has none.
func CodeOf(err error) Code {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// newError pairs details as name, value, name, value.
func newError(code Code, details ...string) *Error {
	e := &Error{Code: code, Details: map[string]string{}}
	for i := 0; i+1 < len(details); i += 2 {
		e.Details[details[i]] = details[i+1]
	}
	return e
}
