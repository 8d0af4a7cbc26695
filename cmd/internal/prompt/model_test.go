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

var update = flag.Bool("update", false, "write the golden files anew")

// look is what is on a terminal when a page has just been asked, after keys, without colours.
func look(page []Question, t Texts, cols, rows int, keys ...tea.KeyMsg) string {
	m := newModel(page, t, newStyles(io.Discard, true), cols, rows)
	above := m.above(page)
	if len(m.fields) == 0 {
		return ansi.Strip(above)
	}
	m.Init()
	press(m, keys...)
	return ansi.Strip(above + m.View())
}

// press is a Bubble Tea program without terminal, clock and concurrency: it runs what a key leads to at once.
func press(m *model, keys ...tea.KeyMsg) {
	for _, key := range keys {
		_, cmd := m.Update(key)
		run(m, cmd)
	}
}

func run(m *model, cmd tea.Cmd) {
	if cmd == nil || m.done() || strings.Contains(runtime.FuncForPC(reflect.ValueOf(cmd).Pointer()).Name(), "BlinkCmd") {
		return // blinking sleeps
	}
	switch msg := cmd().(type) {
	case nil, tea.QuitMsg:
	case tea.BatchMsg:
		for _, cmd := range msg {
			run(m, cmd)
		}
	default:
		_, cmd := m.Update(msg)
		run(m, cmd)
	}
}

var (
	enter = tea.KeyMsg{Type: tea.KeyEnter}
	down  = tea.KeyMsg{Type: tea.KeyDown}
	space = tea.KeyMsg{Type: tea.KeySpace, Runes: []rune{' '}}
)

func typed(s string) tea.KeyMsg { return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(s)} }

// The golden files are for looking at: what people see, in both languages, on a terminal of 80, 60 and 40 columns.
func TestFormLooks(t *testing.T) {
	t.Parallel()
	for lang, w := range languages {
		for _, cols := range []int{80, 60, 40} {
			name := fmt.Sprintf("%s-%d", lang, cols)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				checkGolden(t, filepath.Join("testdata", "form", name+".txt"), screens(t, w, cols))
			})
		}
	}
}

// screens are the pages of a wizard, each with a title, and each line no wider than the terminal.
func screens(t *testing.T, w words, cols int) string {
	t.Helper()
	var all strings.Builder
	show := func(title, screen string) {
		fmt.Fprintf(&all, "== %s\n", title)
		for line := range strings.SplitSeq(screen, "\n") {
			if lipgloss.Width(line) >= cols && line != tokenURL {
				t.Errorf("%s: %d columns: %q", title, lipgloss.Width(line), line)
			}
			all.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	show("note", look(w.notePage(), w.Texts, cols, 24))
	show("secret, refused", look(w.tokenPage(), w.Texts, cols, 24, typed("abc"), enter))
	show("short list", look(w.zonePage(3), w.Texts, cols, 24))
	show("long list", look(w.zonePage(200), w.Texts, cols, 24))
	show("long list, filtered", look(w.zonePage(200), w.Texts, cols, 24, typed("19"), down))
	show("long list, nothing left", look(w.zonePage(200), w.Texts, cols, 24, typed("zz")))
	show("two questions", look(w.hostPage(), w.Texts, cols, 24))
	show("two questions, refused", look(w.hostPage(), w.Texts, cols, 24, typed("a_b"), enter))
	show("two questions, the second", look(w.hostPage(), w.Texts, cols, 24, typed("a.b"), enter, down, space))
	show("two questions, answered", look(w.hostPage(), w.Texts, cols, 24, typed("a.b"), enter, down, space, enter))
	show("two questions, ten lines", look(w.hostPage(), w.Texts, cols, 10, typed("a.b"), enter, down, space))
	show("yes or no", look(w.deployPage(), w.Texts, cols, 24))
	return all.String()
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

// However small the terminal, the form with a complaint fits it, so that Bubble Tea does not cut off the top.
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

// The placeholder of a text field goes wrong with wide characters; see View.
func TestFormPlaceholderInChinese(t *testing.T) {
	t.Parallel()
	page := []Question{{Key: "k", Title: "主机名", Placeholder: "例如：中继.example.com"}}
	got := look(page, chinese, 80, 24)
	if !strings.Contains(got, "› 例如：中继.example.com") || strings.ContainsRune(got, 0) {
		t.Errorf("%q", got)
	}
}

// A default can be edited, and is back when all of it has been deleted.
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

// The help that is not in the form is above it, with the title unless there is just one question.
func TestFormAbove(t *testing.T) {
	t.Parallel()
	w := languages["en"]
	page := append(w.hostPage()[:1], w.tokenPage()...)
	m := newModel(page, w.Texts, newStyles(io.Discard, true), 80, 24)
	got := ansi.Strip(m.above(page))
	if !strings.HasPrefix(got, w.token+"\n") || !strings.Contains(got, "\n"+tokenURL+"\n") || strings.Contains(got, w.host) {
		t.Errorf("%s", got)
	}
	page = w.hostPage()
	if got := newModel(page, w.Texts, newStyles(io.Discard, true), 80, 24).above(page); got != "" {
		t.Errorf("above a page without long words: %q", got)
	}
}

// What is chosen stays chosen while the filter hides it.
func TestFormSeveralOfMany(t *testing.T) {
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

// Who knows an option by the value that flags and files have for it finds it by that.
func TestFormFiltersByValueToo(t *testing.T) {
	t.Parallel()
	page := languages["en"].zonePage(200)
	shown := look(page, languages["en"].Texts, 80, 24, typed("id42"))
	if !strings.Contains(shown, "zone-042") || !strings.Contains(shown, "1/1") {
		t.Errorf("typed a value, and saw\n%s", shown)
	}
}
