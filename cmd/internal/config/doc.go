// Package config turns what the owner chose into the Configs of package provision/plan.
//
// A choice comes from a flag, an environment variable, cfproxy.toml or a default, in this order of precedence. Settings holds
// the choices for one relay; Relay is a relay that was checked and is ready for the engine. The package reads and edits
// cfproxy.toml and reports mistakes in it with their line. It knows no terminal and no command line library.
package config
