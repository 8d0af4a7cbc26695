//go:build !windows

package main

import (
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/mattn/go-runewidth"
)

// The output for a relay with every provider and setting fits 80 columns, in both languages. Only command lines may be
// longer, so that they can be copied.
func TestOutputFits80Columns(t *testing.T) {
	t.Parallel()
	sb := startSandbox(t)
	var flags []string
	for _, spec := range config.OpenRefs(config.AllProviders()) {
		spec = strings.NewReplacer("RESOURCE", "my-resource", "ORIGIN", "https://llm.example.org").Replace(spec)
		flags = append(flags, "--provider", spec)
	}
	token := "CLOUDFLARE_API_TOKEN=" + sb.store.Token()
	network := []string{"--connect-to", "::" + sb.edge, "--cacert", sb.ca}
	const host = "gptapi-relay.example.com"
	run := func(language string, args ...string) string {
		s := sb.start(t, t.TempDir(), []string{"LANG=" + language, token}, args...)
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
			"verify": run(language, append([]string{"verify", "--domain", host}, network...)...),
			"other":  run(language, append([]string{"verify", "--domain", host, "--provider", "openai", "--provider", "azure=other"}, network...)...),
		} {
			checkWidth(t, language+" "+name, text)
		}
	}
}

// checkWidth reports the lines of a text that do not fit a help page, except command lines.
func checkWidth(t *testing.T, name, text string) {
	t.Helper()
	lines := strings.Split(text, "\n")
	if len(lines) < 4 {
		t.Errorf("%s prints too little: %s", name, text)
	}
	for _, line := range lines {
		line = strings.TrimRight(line, "\r")
		line = line[strings.LastIndex(line, "\r")+1:] // a spinner before it is overwritten
		isCommand := strings.Contains(line, "cfproxy --") || strings.Contains(line, ": cfproxy ") || strings.Contains(line, "：cfproxy ") || strings.Contains(line, "$ curl")
		if width := runewidth.StringWidth(line); width > helpWidth && !isCommand {
			t.Errorf("%s: %d columns: %s", name, width, line)
		}
	}
}
