// Package worker holds the Worker: the ES modules of src, embedded, as they are
// uploaded and run, and the names that the Worker and the rest of the program
// agree on.
//
// The modules are plain JavaScript without a build step. Nothing is written
// into them; all settings reach the Worker by bindings
// (https://developers.cloudflare.com/workers/runtime-apis/bindings/).
package worker

import (
	"embed"
	"io/fs"
)

// Bindings of the Worker; it requires the three that it reads.
const (
	// BindingProviders is of type json: a list of [Provider], of which the first
	// answers at the root. A binding holds 5 KB at the most.
	BindingProviders = "PROVIDERS"
	// BindingBuild is of type plain_text: 16 lower-case hexadecimal digits that
	// tell this upload from others.
	BindingBuild = "BUILD"
	// BindingZones is of type plain_text: the ids of the zones whose hosts the
	// Worker serves, separated by blanks. The Worker does not read it; it is
	// there for whoever removes the Worker.
	BindingZones = "ZONES"
	// BindingVersion is of type plain_text: the version of the program that
	// made the upload.
	BindingVersion = "VERSION"
)

const (
	// MarkHeader stands on every answer that the Worker gives, its value being
	// the build.
	MarkHeader = "X-Cfproxy"
	// HealthPath answers GET with a JSON object that names service, version,
	// build, the providers' ids and the data centre ("colo", null if unknown).
	HealthPath = "/-/health"
)

// compatibilityDate pins the runtime's behaviour
// (https://developers.cloudflare.com/workers/configuration/compatibility-dates/).
const compatibilityDate = "2026-06-01"

// main is the module that the runtime starts with.
const main = "index.js"

// Provider is what the Worker needs to know of one upstream: ID, the first
// segment of the paths that lead to it, lower-case letters, digits and dashes;
// and Origin, scheme and host as URL.origin writes them, "https://api.openai.com".
type Provider struct {
	ID     string `json:"id"`
	Origin string `json:"origin"`
}

// Module is one file of the Worker. Name is what the others import it by,
// without "./".
type Module struct {
	Name   string
	Source []byte
}

// Bundle is the whole Worker as it is uploaded. CompatibilityDate is
// YYYY-MM-DD.
type Bundle struct {
	Main               string
	Modules            []Module
	CompatibilityDate  string
	CompatibilityFlags []string
}

//go:embed src/*.js
var sources embed.FS

// Load returns the embedded Worker, its modules sorted by name. Each call
// returns a copy of its own.
func Load() Bundle {
	b := Bundle{
		Main:               main,
		CompatibilityDate:  compatibilityDate,
		CompatibilityFlags: []string{},
	}
	// Reading embedded files fails only for names that are not there.
	entries, _ := fs.ReadDir(sources, "src")
	for _, e := range entries {
		source, _ := fs.ReadFile(sources, "src/"+e.Name())
		b.Modules = append(b.Modules, Module{Name: e.Name(), Source: source})
	}
	return b
}
