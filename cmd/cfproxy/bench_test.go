package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// BenchmarkVersion runs `cfproxy --version`, a program that only links the libraries, and a hello-world in turn, each
// as a whole process. It reports their medians, the ratios of ours to the others, and the sizes of the stripped
// binaries in millions of bytes.
func BenchmarkVersion(b *testing.B) {
	ours, libraries, hello := build(b, os.Environ(), "."), build(b, os.Environ(), "./testdata/baseline"), build(b, os.Environ(), "./testdata/hello")
	var ourTimes, libraryTimes, helloTimes []time.Duration
	for b.Loop() {
		ourTimes = append(ourTimes, timed(b, exec.Command(ours, "--version")))
		libraryTimes = append(libraryTimes, timed(b, exec.Command(libraries, "--version")))
		helloTimes = append(helloTimes, timed(b, exec.Command(hello)))
	}
	our, library, smallest := median(ourTimes), median(libraryTimes), median(helloTimes)
	b.ReportMetric(milliseconds(our), "ms/start")
	b.ReportMetric(milliseconds(library), "ms/start-libraries")
	b.ReportMetric(milliseconds(smallest), "ms/start-hello")
	b.ReportMetric(float64(our)/float64(library), "x-libraries")
	b.ReportMetric(float64(our)/float64(smallest), "x-hello")
	b.ReportMetric(megabytes(b, ours), "MB")
	b.ReportMetric(megabytes(b, libraries), "MB-libraries")
	b.ReportMetric(megabytes(b, ours)/megabytes(b, libraries), "x-size")
}

// BenchmarkColdBuild builds both programs with an empty build cache, in turn. The modules are taken from the module
// cache.
func BenchmarkColdBuild(b *testing.B) {
	for b.Loop() {
		ours, bare := coldBuild(b, "."), coldBuild(b, "./testdata/baseline")
		b.ReportMetric(ours.Seconds(), "s/build")
		b.ReportMetric(bare.Seconds(), "s/build-bare")
	}
}

func coldBuild(b *testing.B, folder string) time.Duration {
	b.Helper()
	start := time.Now()
	build(b, append(os.Environ(), "GOCACHE="+b.TempDir()), folder)
	return time.Since(start)
}

func build(b *testing.B, environment []string, folder string) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "program")
	command := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, folder)
	command.Env = environment
	if out, err := command.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return binary
}

func timed(b *testing.B, command *exec.Cmd) time.Duration {
	b.Helper()
	start := time.Now()
	if err := command.Run(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func megabytes(b *testing.B, file string) float64 {
	b.Helper()
	info, err := os.Stat(file)
	if err != nil {
		b.Fatal(err)
	}
	return float64(info.Size()) / 1e6
}
