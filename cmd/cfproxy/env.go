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

// environment is everything that the program takes from the world around it. Tests make their own.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	// terminal says that a person sits at both ends: questions can be asked on stderr and answered on stdin.
	terminal bool
	// width is that of the terminal, in cells; 0 where it is not known.
	width func() int
	// color allows colours, of the same terminal.
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
	dumb := os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb"
	return environment{
		stdin:  os.Stdin,
		stdout: os.Stdout,
		stderr: os.Stderr,
		getenv: os.Getenv,
		// Neither is used before a command needs a token.
		keyring:   credential.SystemKeyring{},
		configDir: os.UserConfigDir,
		width: func() int {
			width, _, _ := term.GetSize(int(os.Stderr.Fd()))
			return width
		},
		terminal: isTerminal(os.Stdin) && isTerminal(os.Stderr),
		color:    isTerminal(os.Stdout) && isTerminal(os.Stderr) && !dumb,
	}
}

// Version is set by releases; otherwise the module's own version is used, or "dev" for a working copy.
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
