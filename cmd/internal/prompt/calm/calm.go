// Package calm keeps Bubble Tea from questioning the terminal when a program starts.
//
// Version 1 of github.com/charmbracelet/bubbletea asks lipgloss for the colour of the background in an init function, that is,
// in every run of every program that merely links it, also for --version. If standard output is a terminal, this writes two
// escape sequences to it and waits up to five seconds for the answers, which a terminal behind a slow line gives late (as junk
// on the shell's prompt) and an odd one never. See tea_init.go in that module, and OSCTimeout in github.com/muesli/termenv.
//
// lipgloss does not ask once it has been told. Packages without dependency on one another are initialised in the order of
// their import paths (https://go.dev/ref/spec#Program_initialization), so this package, which needs only lipgloss, runs
// before bubbletea, which needs lipgloss and more. That order is why it is a package of its own and why this is the one init
// function of the program; TestStartsSilently of package prompt notices if either stops being true.
package calm

import "github.com/charmbracelet/lipgloss"

func init() {
	// Which answer does not matter: our forms use the sixteen colours that the terminal's own theme defines.
	lipgloss.SetHasDarkBackground(true)
}
