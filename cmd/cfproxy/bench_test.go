package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// BenchmarkVersion runs `cfproxy --version` and a program that links the bare libraries in turn, and reports the medians,
// their ratio, and the sizes of both stripped binaries in millions of bytes.
func BenchmarkVersion(b *testing.B) {
	ours, bare := build(b, os.Environ(), "."), build(b, os.Environ(), "./testdata/baseline")
	var ourTimes, bareTimes []time.Duration
	for b.Loop() {
		ourTimes = append(ourTimes, timed(b, exec.Command(ours, "--version")))
		bareTimes = append(bareTimes, timed(b, exec.Command(bare, "--version")))
	}
	b.ReportMetric(milliseconds(median(ourTimes)), "ms/start")
	b.ReportMetric(milliseconds(median(bareTimes)), "ms/start-bare")
	b.ReportMetric(float64(median(ourTimes))/float64(median(bareTimes)), "x-bare")
	b.ReportMetric(megabytes(b, ours), "MB")
	b.ReportMetric(megabytes(b, bare), "MB-bare")
}

// BenchmarkColdBuild builds both programs with an empty build cache, in turn. The modules are taken from the module cache.
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
