package prompt

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/charmbracelet/lipgloss"
	"github.com/google/go-cmp/cmp"
)

func TestCheckPage(t *testing.T) {
	t.Parallel()
	one := []Option{{Value: "a"}}
	for name, page := range map[string][]Question{
		"no key":           {{Title: "?"}},
		"key used twice":   {{Key: "k"}, {Key: "k"}},
		"no options":       {{Key: "k", Kind: Select}},
		"no value":         {{Key: "k", Kind: Select, Options: []Option{{Label: "a"}}}},
		"value used twice": {{Key: "k", Kind: Select, Options: []Option{{Value: "a"}, {Value: "a"}}}},
		"comma in a value": {{Key: "k", Kind: MultiSelect, Options: []Option{{Value: "a,b"}}}},
	} {
		for _, p := range []Prompter{NewLine(strings.NewReader("1\n1\n"), &strings.Builder{}, english), NewHuh(nil, nil, english), NewScripted()} {
			if _, err := p.Ask(context.Background(), page); err == nil || errors.Is(err, ErrAborted) {
				t.Errorf("%s: %T: %v", name, p, err)
			}
		}
	}
	valid := []Question{{Kind: Note}, {Kind: Note}, {Key: "k", Kind: Select, Options: one}, {Key: "l", Kind: MultiSelect, Options: one}}
	if err := checkPage(valid); err != nil {
		t.Error(err)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	options := []Option{{Value: "a"}, {Value: "b"}, {Value: "c"}}
	for _, test := range []struct {
		q    Question
		want string
	}{
		{Question{Kind: Input, Default: " x "}, "x"},
		{Question{Kind: Password, Default: "x"}, ""},
		{Question{Kind: Confirm, Default: Yes}, Yes},
		{Question{Kind: Confirm, Default: "maybe"}, ""},
		{Question{Kind: Select, Default: "b", Options: options}, "b"},
		{Question{Kind: Select, Default: "gone", Options: options}, ""},
		{Question{Kind: MultiSelect, Default: "c, gone,a", Options: options}, "a,c"},
	} {
		if got := defaultAnswer(test.q); got != test.want {
			t.Errorf("%+v: %q, want %q", test.q, got, test.want)
		}
	}
}

func TestScripted(t *testing.T) {
	t.Parallel()
	fx, ctx := languages["zh"], context.Background()
	token := strings.Repeat("a", 40)
	s := NewScripted(Answers{"token": token, "host": "a.b", "providers": "openai,gemini"}, Answers{"token": strings.Repeat("b", 40)})
	for _, want := range []Answers{{"token": token}, {"token": strings.Repeat("b", 40)}} {
		got, err := s.Ask(ctx, fx.tokenPage())
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	if _, err := s.Ask(ctx, fx.tokenPage()); err == nil || !strings.Contains(err.Error(), "unexpected") {
		t.Errorf("answered too often: %v", err)
	}
	if err := s.Unused(); err == nil || err.Error() != "prompt: never asked: host, providers" {
		t.Errorf("unused: %v", err)
	}
	if got, err := s.Ask(ctx, append(fx.notePage(), fx.hostPage()...)); err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	if err := s.Unused(); err != nil {
		t.Error(err)
	}
	if len(s.Asked) != 4 || s.Asked[3][1].Key != "host" {
		t.Errorf("asked: %v", s.Asked)
	}
}

func TestScriptedRejects(t *testing.T) {
	t.Parallel()
	fx := languages["en"]
	for name, test := range map[string]struct {
		answers Answers
		page    []Question
	}{
		"invalid":                     {Answers{"token": "short"}, fx.tokenPage()},
		"empty":                       {Answers{"token": ""}, fx.tokenPage()},
		"not an option":               {Answers{"zone": "zone-001.example.com"}, fx.zonePage(3)},
		"several, one not an option":  {Answers{"host": "a.b", "providers": "openai,x"}, fx.hostPage()},
		"several, in the wrong order": {Answers{"host": "a.b", "providers": "gemini,openai"}, fx.hostPage()},
		"neither yes nor no":          {Answers{"deploy": "y"}, fx.deployPage()},
	} {
		if _, err := NewScripted(test.answers).Ask(context.Background(), test.page); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestScriptedAborts(t *testing.T) {
	t.Parallel()
	s := NewScripted(Answers{"host": "a.b", "providers": "openai"})
	s.AbortAt = "providers"
	if _, err := s.Ask(context.Background(), languages["en"].hostPage()); !errors.Is(err, ErrAborted) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Ask(ctx, languages["en"].hostPage()); !errors.Is(err, ErrAborted) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWrapText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text  string
		width int
		want  string
		fits  bool
	}{
		{"", 10, "", true},
		{"one two three", 8, "one two\nthree", true},
		{"one two", 7, "one two", true},
		{"a gpt-api.example.com", 12, "a\ngpt-api.example.com", false},
		{"  - indented item", 10, "  -\nindented\nitem", true},
		{"two\n\nparagraphs \n\n", 20, "two\n\nparagraphs", true},
		{"中文没有空格", 6, "中文没\n有空格", true},
		{"一二三。四", 6, "一二\n三。四", true},       // no full stop at the start of a line
		{"一二（三四）五", 6, "一二\n（三\n四）五", true}, // no bracket at the end of one
		{"打开https://a.b/c-d，然后", 16, "打开\nhttps://a.b/c-d，\n然后", false},
		{"API令牌", 5, "API令\n牌", true},
		{"e\u0301e\u0301e\u0301 e\u0301", 3, "e\u0301e\u0301e\u0301\ne\u0301", true},
	} {
		got, fits := wrapText(test.text, test.width)
		if got != test.want || fits != test.fits {
			t.Errorf("%q at %d: %q, %v; want %q, %v", test.text, test.width, got, fits, test.want, test.fits)
		}
	}
}

// Only white space may be removed, and if fits is true no line may be too wide.
func FuzzWrapText(f *testing.F) {
	for _, fx := range languages {
		f.Add(fx.tokenHelp, uint8(40))
		f.Add(fx.hostHelp, uint8(7))
	}
	f.Fuzz(func(t *testing.T, text string, width uint8) {
		limit := int(width)%100 + 2
		got, fits := wrapText(text, limit)
		strip := func(s string) string {
			return strings.NewReplacer(" ", "", "\t", "", "\n", "").Replace(strings.ToValidUTF8(s, "\uFFFD"))
		}
		if strip(got) != strip(text) && strings.ToValidUTF8(text, "") == text {
			t.Errorf("%q became %q", text, got)
		}
		for line := range strings.SplitSeq(got, "\n") {
			if fits && lipgloss.Width(line) > limit {
				t.Errorf("%q is wider than %d", line, limit)
			}
		}
	})
}
