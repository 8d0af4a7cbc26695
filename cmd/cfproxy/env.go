package main

import (
	"io"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/term"

	"github.com/cfproxy/cfproxy/cmd/internal/credential"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
)

// environment is what the program uses of its surroundings. Tests replace it.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	// terminal says that stdin and stderr are a terminal, so that questions can be asked.
	terminal bool
	// width returns the width of the terminal in cells, or 0 if it is unknown.
	width func() int
	// color says that the terminal shows colours.
	color bool
	// keyring stores the API token; nil if there is none.
	keyring credential.Keyring
	// configDir returns the user's configuration directory; nil if there is none.
	configDir func() (string, error)
	// prompter asks questions; nil until the first one is asked.
	prompter prompt.Prompter
}

func systemEnvironment() environment {
	isTerminal := func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
	noColor := os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb"
	return environment{
		stdin:  os.Stdin,
		stdout: os.Stdout,
		stderr: os.Stderr,
		getenv: os.Getenv,
		// These are not used before a command needs the API token.
		keyring:   credential.SystemKeyring{},
		configDir: os.UserConfigDir,
		width: func() int {
			width, _, _ := term.GetSize(int(os.Stderr.Fd()))
			return width
		},
		terminal: isTerminal(os.Stdin) && isTerminal(os.Stderr),
		color:    isTerminal(os.Stdout) && isTerminal(os.Stderr) && !noColor,
	}
}

// Version is set by the linker in releases. Otherwise version returns that of the module, or "dev" for a working copy.
var Version string

func version() string {
	if Version != "" {
		return Version
	}
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Main.Version, "v") {
		return strings.TrimPrefix(info.Main.Version, "v")
	}
	return "dev"
}
