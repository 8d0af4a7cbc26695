// Package calm prevents Bubble Tea from querying the terminal when a program starts.
//
// Version 1 of github.com/charmbracelet/bubbletea determines the background colour with lipgloss in an init function,
// so every run of a program that links it does so, even with --version. If standard output is a terminal, it writes two
// escape sequences and waits up to five seconds for the answers. On a slow connection these arrive late and appear at
// the shell's prompt, and some terminals never answer. See tea_init.go in that module, and OSCTimeout in
// github.com/muesli/termenv.
//
// lipgloss does not query if the background is set. Packages that do not depend on each other are initialised in the
// order of their import paths (https://go.dev/ref/spec#Program_initialization), so this package, which imports only
// lipgloss, is initialised before bubbletea, which imports lipgloss and others. This is why it is a package of its own
// and has the only init function of the program. TestStartsWithoutQueries of package prompt checks that it works.
package calm

import "github.com/charmbracelet/lipgloss"

func init() { //nolint:gochecknoinits // the order of initialisation is the purpose of this package
	// The value does not matter: our forms use the sixteen colours of the terminal's theme.
	lipgloss.SetHasDarkBackground(true)
}
