// Package workerd finds, installs and runs workerd, the open runtime that
// Cloudflare Workers run on, so that a Worker can be tried on one machine
// exactly as it will be uploaded.
//
// The binary is taken from the npm package of the same name
// (https://www.npmjs.com/package/workerd), pinned to [Version]. A server is
// described by a [Config], turned into workerd's Cap'n Proto text
// (https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp)
// and run as a child process that listens on loopback only.
package workerd

import (
	"encoding/json"
	"errors"
)

// Version is the npm version of workerd that this package installs. Its second
// number is the date of the runtime, YYYYMMDD: later compatibility dates than
// that are refused.
const Version = "1.20261117.1"

// EnvBinary names the environment variable that [Find] asks first: the path of
// a workerd binary to use instead of any other.
const EnvBinary = "CFPROXY_WORKERD"

// MIME types of the modules that a Worker may consist of, as the upload API
// names them:
// https://developers.cloudflare.com/workers/configuration/multipart-upload-metadata/
const (
	TypeESModule = "application/javascript+module"
	TypeCommonJS = "application/javascript"
	TypeText     = "text/plain"
	TypeJSON     = "application/json"
	TypeData     = "application/octet-stream"
	TypeWasm     = "application/wasm"
)

// Types of the bindings that can be given to a Worker here, as the upload API
// names them.
const (
	BindingText      = "plain_text"
	BindingSecret    = "secret_text"
	BindingJSON      = "json"
	BindingRateLimit = "ratelimit"
)

var (
	// ErrNotFound is returned by [Find] when there is no workerd anywhere;
	// [Install] mends that.
	ErrNotFound = errors.New("workerd not found")
	// ErrNoNPM is returned by [Install] when npm is not in PATH.
	ErrNoNPM = errors.New("npm not found")
	// ErrUnsupported is returned by [Find] and [Install] on an operating system
	// or processor that workerd is not published for.
	ErrUnsupported = errors.New("workerd has no build for this platform")
)

// Module is one file of a Worker. Name is what an import says without "./",
// Type the MIME type it is uploaded with, one of the Type constants.
type Module struct {
	Name string
	Type string
	Body []byte
}

// Binding is one value that the Worker finds in its env under Name. Type is one
// of the Binding constants; Text is read for texts and secrets, JSON for json,
// RateLimit for ratelimit.
type Binding struct {
	Name      string
	Type      string
	Text      string
	JSON      json.RawMessage
	RateLimit RateLimit
}

// Worker is one script with its bindings, served on a socket of its own. Main
// names the module that is run. CompatibilityDate is YYYY-MM-DD and required:
// https://developers.cloudflare.com/workers/configuration/compatibility-dates/
type Worker struct {
	Name               string
	Main               string
	Modules            []Module
	CompatibilityDate  string
	CompatibilityFlags []string
	Bindings           []Binding
}

// Config describes one workerd process. Names of workers are unique.
//
// Outbound is the loopback host:port of an HTTP server that gets every
// subrequest of every worker, https ones too, in plain HTTP with an
// absolute-form request line (RFC 9112, section 3.2.2), so that it sees the
// whole URL that was asked for. WebSocket handshakes come the same way, as GET
// with Upgrade. Empty means that the workers have no network at all.
type Config struct {
	Workers  []Worker
	Outbound string
}
