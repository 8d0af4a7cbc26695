package prompt

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// render returns the screen, without colours, after a page was asked and keys were pressed.
func render(page []Question, t Texts, cols, rows int, keys ...tea.KeyMsg) string {
	m := newModel(page, t, newStyles(io.Discard, true), cols, rows)
	preamble := m.preamble(page)
	if len(m.fields) == 0 {
		return ansi.Strip(preamble)
	}
	m.Init()
	press(m, keys...)
	return ansi.Strip(preamble + m.View())
}

// press sends keys to a model and runs the resulting commands immediately, without a Bubble Tea program.
func press(m *model, keys ...tea.KeyMsg) {
	for _, key := range keys {
		_, cmd := m.Update(key)
		runCmd(m, cmd)
	}
}

func runCmd(m *model, cmd tea.Cmd) {
	if cmd == nil || m.done() || strings.Contains(runtime.FuncForPC(reflect.ValueOf(cmd).Pointer()).Name(), "BlinkCmd") {
		return // blinking sleeps
	}
	switch msg := cmd().(type) {
	case nil, tea.QuitMsg:
	case tea.BatchMsg:
		for _, cmd := range msg {
			runCmd(m, cmd)
		}
	default:
		_, cmd := m.Update(msg)
		runCmd(m, cmd)
	}
}

var (
	enter = tea.KeyMsg{Type: tea.KeyEnter}
	down  = tea.KeyMsg{Type: tea.KeyDown}
	space = tea.KeyMsg{Type: tea.KeySpace, Runes: []rune{' '}}
)

func typed(s string) tea.KeyMsg { return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(s)} }

// The golden files show the forms in both languages on terminals with 80, 60 and 40 columns. Run with -update to
// rewrite them.
func TestFormGolden(t *testing.T) {
	t.Parallel()
	for lang, fx := range languages {
		for _, cols := range []int{80, 60, 40} {
			name := fmt.Sprintf("%s-%d", lang, cols)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				checkGolden(t, filepath.Join("testdata", "form", name+".txt"), screens(t, fx, cols))
			})
		}
	}
}

// screens returns the pages of a wizard, each with a title. It fails the test if a line is wider than the terminal.
func screens(t *testing.T, fx fixture, cols int) string {
	t.Helper()
	var out strings.Builder
	show := func(title, screen string) {
		fmt.Fprintf(&out, "== %s\n", title)
		for line := range strings.SplitSeq(screen, "\n") {
			if lipgloss.Width(line) >= cols && line != tokenURL {
				t.Errorf("%s: %d columns: %q", title, lipgloss.Width(line), line)
			}
			out.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	show("note", render(fx.notePage(), fx.Texts, cols, 24))
	show("secret, refused", render(fx.tokenPage(), fx.Texts, cols, 24, typed("abc"), enter))
	show("short list", render(fx.zonePage(3), fx.Texts, cols, 24))
	show("long list", render(fx.zonePage(200), fx.Texts, cols, 24))
	show("long list, filtered", render(fx.zonePage(200), fx.Texts, cols, 24, typed("19"), down))
	show("long list, nothing left", render(fx.zonePage(200), fx.Texts, cols, 24, typed("zz")))
	show("two questions", render(fx.hostPage(), fx.Texts, cols, 24))
	show("two questions, refused", render(fx.hostPage(), fx.Texts, cols, 24, typed("a_b"), enter))
	show("two questions, the second", render(fx.hostPage(), fx.Texts, cols, 24, typed("a.b"), enter, down, space))
	show("two questions, answered", render(fx.hostPage(), fx.Texts, cols, 24, typed("a.b"), enter, down, space, enter))
	show("two questions, ten lines", render(fx.hostPage(), fx.Texts, cols, 10, typed("a.b"), enter, down, space))
	show("yes or no", render(fx.deployPage(), fx.Texts, cols, 24))
	return out.String()
}

func checkGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// A form with an error fits small terminals; otherwise Bubble Tea would cut off its top.
func TestFormFitsTheHeight(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{10, 12, 16, 24} {
		for _, page := range [][]Question{languages["zh"].hostPage(), languages["zh"].zonePage(200)} {
			m := newModel(page, chinese, newStyles(io.Discard, true), 80, rows)
			m.Init()
			press(m, typed("a_b"), enter)
			if got := lipgloss.Height(m.View()); got > rows {
				t.Errorf("%d lines on a terminal of %d:\n%s", got, rows, ansi.Strip(m.View()))
			}
		}
	}
}

// View works around a bug in placeholders with wide characters.
func TestFormPlaceholderInChinese(t *testing.T) {
	t.Parallel()
	page := []Question{{Key: "k", Title: "主机名", Placeholder: "例如：中继.example.com"}}
	got := render(page, chinese, 80, 24)
	if !strings.Contains(got, "› 例如：中继.example.com") || strings.ContainsRune(got, 0) {
		t.Errorf("%q", got)
	}
}

// A default can be edited, and applies again when the text is deleted.
func TestFormDefault(t *testing.T) {
	t.Parallel()
	page := []Question{{Key: "k", Title: "?", Default: "a.b"}}
	ctrlU := tea.KeyMsg{Type: tea.KeyCtrlU}
	for want, keys := range map[string][]tea.KeyMsg{
		"a.b":   {enter},
		"a.b.c": {typed(".c"), enter},
		"c":     {ctrlU, typed(" c "), enter},
	} {
		m := newModel(page, english, newStyles(io.Discard, true), 80, 24)
		m.Init()
		press(m, keys...)
		if got := m.answers()["k"]; !m.done() || got != want {
			t.Errorf("%q, done %v, want %q", got, m.done(), want)
		}
	}
	m := newModel(page, english, newStyles(io.Discard, true), 80, 24)
	m.Init()
	press(m, ctrlU, enter)
	if got := m.answers()["k"]; !m.done() || got != "a.b" {
		t.Errorf("deleted: %q, done %v", got, m.done())
	}
}

// Help that does not fit the form is above it, with the title unless there is only one question.
func TestFormPreamble(t *testing.T) {
	t.Parallel()
	fx := languages["en"]
	page := append(fx.hostPage()[:1], fx.tokenPage()...)
	m := newModel(page, fx.Texts, newStyles(io.Discard, true), 80, 24)
	got := ansi.Strip(m.preamble(page))
	if !strings.HasPrefix(got, fx.token+"\n") || !strings.Contains(got, "\n"+tokenURL+"\n") || strings.Contains(got, fx.host) {
		t.Errorf("%s", got)
	}
	page = fx.hostPage()
	if got := newModel(page, fx.Texts, newStyles(io.Discard, true), 80, 24).preamble(page); got != "" {
		t.Errorf("preamble of a page without long words: %q", got)
	}
}

// A chosen option stays chosen while the filter hides it.
func TestFormMultiSelectFiltered(t *testing.T) {
	t.Parallel()
	q := languages["zh"].zonePage(20)[0]
	q.Kind, q.Default = MultiSelect, "id20,id3,gone"
	m := newModel([]Question{q}, chinese, newStyles(io.Discard, true), 80, 24)
	m.Init()
	esc := tea.KeyMsg{Type: tea.KeyEsc}
	press(m, typed("1"), typed("7"), space, esc, typed("zzz"), space, esc, enter)
	if got := m.answers()["zone"]; !m.done() || got != "id3,id17,id20" {
		t.Errorf("%q, done %v", got, m.done())
	}
	if got := ansi.Strip(m.View()); !strings.HasSuffix(got, "zone-003.example.com, zone-017.example.com,\n  zone-020.example.com\n") {
		t.Errorf("%s", got)
	}
}

// The filter also matches the values that flags and files use.
func TestFormFiltersByValue(t *testing.T) {
	t.Parallel()
	page := languages["en"].zonePage(200)
	shown := render(page, languages["en"].Texts, 80, 24, typed("id42"))
	if !strings.Contains(shown, "zone-042") || !strings.Contains(shown, "1/1") {
		t.Errorf("typed a value, and saw\n%s", shown)
	}
}
