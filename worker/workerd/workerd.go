// Package workerd finds, installs and runs workerd, the open-source runtime of Cloudflare Workers, so that a Worker can be tried
// on one machine exactly as it will be uploaded.
//
// The binary comes from the npm package of the same name (https://www.npmjs.com/package/workerd), pinned to [Version]. A
// [Config] is written as workerd's Cap'n Proto text
// (https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp) and run as a child process that listens on
// loopback only.
package workerd

import (
	"encoding/json"
	"errors"
)

// Version is the npm version of workerd that [Install] installs. Its second number is the date of the runtime, YYYYMMDD, which
// is the latest compatibility date that it accepts.
const Version = "1.20261117.1"

// EnvBinary is the environment variable with the path of the workerd binary to use instead of any other.
const EnvBinary = "CFPROXY_WORKERD"

// MIME types of modules, as in the upload API,
// https://developers.cloudflare.com/workers/configuration/multipart-upload-metadata/
const (
	TypeESModule = "application/javascript+module"
	TypeCommonJS = "application/javascript"
	TypeText     = "text/plain"
	TypeJSON     = "application/json"
	TypeData     = "application/octet-stream"
	TypeWasm     = "application/wasm"
)

// Types of supported bindings, as in the upload API.
const (
	BindingText      = "plain_text"
	BindingSecret    = "secret_text"
	BindingJSON      = "json"
	BindingRateLimit = "ratelimit"
)

var (
	// ErrNotFound is returned by [Find] if there is no workerd; [Install] can install it.
	ErrNotFound = errors.New("workerd not found")
	// ErrNoNPM is returned by [Install] if npm is not in PATH.
	ErrNoNPM = errors.New("npm not found")
	// ErrUnsupported is returned by [Find] and [Install] on a platform that workerd has no build for.
	ErrUnsupported = errors.New("workerd has no build for this platform")
)

// Module is one file of a Worker. Name is the import path without "./". Type is one of the Type constants.
type Module struct {
	Name string
	Type string
	Body []byte
}

// Binding is a value in the env of a Worker. Type is one of the Binding constants. It decides which field has the value: Text
// for texts and secrets, JSON for json, RateLimit for ratelimit.
type Binding struct {
	Name      string
	Type      string
	Text      string
	JSON      json.RawMessage
	RateLimit RateLimit
}

// Worker is a script with its bindings, which is served on its own socket. Main is the name of the module that is run.
// CompatibilityDate is YYYY-MM-DD and required,
// https://developers.cloudflare.com/workers/configuration/compatibility-dates/
type Worker struct {
	Name               string
	Main               string
	Modules            []Module
	CompatibilityDate  string
	CompatibilityFlags []string
	Bindings           []Binding
}

// Config is the configuration of a workerd process. The names of its Workers must be unique.
//
// Outbound is the loopback host:port of an HTTP server that gets all subrequests of all Workers, those to https URLs included,
// in plain HTTP with an absolute-form request line (RFC 9112, section 3.2.2) that has the whole URL. WebSocket handshakes
// arrive there as GET with Upgrade. If Outbound is empty, the Workers have no network.
type Config struct {
	Workers  []Worker
	Outbound string
}
