package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
)

// recordingRuntime is a program that appends its arguments and environment, which other processes on the machine can
// see, to the file CFPROXY_TEST_RECORD and then executes the real runtime. USER_KEY is left out, because the user chose
// that variable.
const recordingRuntime = "recording-workerd"

func recordAndExecRuntime() {
	record := slices.Concat(os.Args, slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "USER_KEY=") }))
	f, err := os.OpenFile(os.Getenv("CFPROXY_TEST_RECORD"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(f, strings.Join(record, "\n"))
	}
	if err == nil {
		runtime := os.Getenv("CFPROXY_TEST_RUNTIME")
		err = syscall.Exec(runtime, append([]string{runtime}, os.Args[1:]...), os.Environ())
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
