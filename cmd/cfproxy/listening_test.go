package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
)

// listeningRuntime is a program that becomes the real runtime, once it has written down what anybody on the machine can see of
// it: its arguments, and its environment but for USER_KEY, a name of the user's own.
const listeningRuntime = "listening-workerd"

func listenAsRuntime() {
	seen := slices.Concat(os.Args, slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "USER_KEY=") }))
	f, err := os.OpenFile(os.Getenv("CFPROXY_TEST_SEEN"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(f, strings.Join(seen, "\n"))
	}
	if err == nil {
		runtime := os.Getenv("CFPROXY_TEST_RUNTIME")
		err = syscall.Exec(runtime, append([]string{runtime}, os.Args[1:]...), os.Environ())
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
