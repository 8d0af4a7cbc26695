//go:build !windows

package main

import (
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/mattn/go-runewidth"
)

// A relay with everything there is reads well in a terminal of 80 columns, in both languages: no row is broken by the terminal.
// Only command lines are as long as they are, so that they can be copied.
func TestEveryProviderFitsATerminal(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	var flags []string
	for _, spec := range config.OpenRefs(config.AllProviders()) {
		spec = strings.NewReplacer("RESOURCE", "my-resource", "ORIGIN", "https://llm.example.org").Replace(spec)
		flags = append(flags, "--provider", spec)
	}
	token := "CLOUDFLARE_API_TOKEN=" + cloud.store.Token()
	way := []string{"--connect-to", "::" + cloud.edge, "--cacert", cloud.ca}
	const host = "gptapi-relay.example.com"
	run := func(language string, args ...string) string {
		s := cloud.start(t, t.TempDir(), []string{"LANG=" + language, token}, args...)
		s.Wait()
		return s.Transcript()
	}
	run("en", append([]string{"deploy", "--domain", host, "--yes", "--no-verify", "--region", "aws:us-east-1",
		"--allow-origin", "https://app.example.com"}, flags...)...)
	for _, language := range []string{"en", "zh"} {
		for name, text := range map[string]string{
			"plan":   run(language, "plan", "--domain", host, "--provider", "groq"),
			"first":  run(language, append([]string{"plan", "--domain", "second.example.com"}, flags...)...),
			"status": run(language, append([]string{"status", "--domain", host, "--origin", "1.1.1.1"}, flags...)...),
			"verify": run(language, append([]string{"verify", "--domain", host}, way...)...),
			"other":  run(language, append([]string{"verify", "--domain", host, "--provider", "openai", "--provider", "azure=other"}, way...)...),
		} {
			wantFitting(t, language+" "+name, text)
		}
	}
}

func wantFitting(t *testing.T, name, text string) {
	t.Helper()
	lines := strings.Split(text, "\n")
	if len(lines) < 4 {
		t.Errorf("%s says too little: %s", name, text)
	}
	for _, line := range lines {
		line = strings.TrimRight(line, "\r")
		line = line[strings.LastIndex(line, "\r")+1:] // what was there before is drawn over
		isCommand := strings.Contains(line, "cfproxy --") || strings.Contains(line, ": cfproxy ") || strings.Contains(line, "：cfproxy ") || strings.Contains(line, "$ curl")
		if width := runewidth.StringWidth(line); width > helpWidth && !isCommand {
			t.Errorf("%s: %d columns: %s", name, width, line)
		}
	}
}
