package prompt

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLine(t *testing.T) {
	t.Parallel()
	en, zh := languages["en"], languages["zh"]
	long := strings.Repeat("é", 4000) // longer than any buffer
	tests := []struct {
		name    string
		fixture fixture
		page    []Question
		typed   string
		want    Answers
		output  []string // in this order
		err     []error
	}{
		{"text", en, en.hostPage()[:1], "a.example.com\n", Answers{"host": "a.example.com"},
			[]string{"1. Hostname of the relay\n", "Your programs will call it", "Answer: "}, nil},
		{"text in chinese", zh, zh.hostPage()[:1], "中继.example.com\n", Answers{"host": "中继.example.com"},
			[]string{"1. 中转的主机名\n", "回答: "}, nil},
		{"crlf and space", en, en.hostPage()[:1], "  a.example.com \r\n", Answers{"host": "a.example.com"}, nil, nil},
		{"last line without newline", en, en.hostPage()[:1], "a.example.com", Answers{"host": "a.example.com"}, nil, nil},
		{"very long", en, []Question{{Key: "k", Title: "?"}}, long + "\n", Answers{"k": long}, nil, nil},
		{"too long", en, []Question{{Key: "k", Title: "?"}}, strings.Repeat("x", maxLine+1) + "\n", nil, nil, []error{errLineTooLong}},
		{"end of input", en, en.hostPage()[:1], "", nil, nil, []error{ErrAborted, io.EOF}},
		{"end after an invalid answer", en, en.hostPage()[:1], "a_b\n", nil,
			[]string{"! hostnames cannot contain"}, []error{ErrAborted, io.EOF}},
		{"end at the second question", en, en.hostPage(), "a.example.com\n", nil, nil, []error{ErrAborted, io.EOF}},
		{"invalid, then valid", zh, zh.hostPage()[:1], "a_b\n\na.b\n", Answers{"host": "a.b"},
			[]string{"! 主机名不能包含下划线", "! 此项必填\n"}, nil},
		{"five invalid answers", en, en.tokenPage(), strings.Repeat("x\n", 6), nil,
			[]string{"! this is not a token", "! this is not a token"}, []error{ErrInvalid}},
		{"secret from a pipe", en, en.tokenPage(), strings.Repeat("a", 40) + "\n", Answers{"token": strings.Repeat("a", 40)},
			[]string{"Answer (not shown): "}, nil},
		{"default", en, []Question{{Key: "k", Title: "?", Default: "d"}}, "\n", Answers{"k": "d"}, []string{"Answer [d]: "}, nil},
		{"invalid default", en, []Question{{Key: "k", Title: "?", Default: "d", Validate: func(s string) error {
			if s == "d" {
				return errors.New("not d")
			}
			return nil
		}}}, "\ne\n", Answers{"k": "e"}, []string{"! not d\n"}, nil},
		{"optional", en, []Question{{Key: "k", Title: "?", Optional: true, Validate: func(string) error { return io.ErrShortWrite }}},
			"\n", Answers{"k": ""}, nil, nil},

		{"number", en, en.zonePage(200), "42\n", Answers{"zone": "id42"},
			[]string{"\n    1  zone-001", "\n  200  zone-200", "Number [7]: "}, nil},
		{"number in full width", zh, zh.zonePage(200), "４２\n", Answers{"zone": "id42"}, []string{"编号 [7]: "}, nil},
		{"value", en, en.zonePage(9), "id3\n", Answers{"zone": "id3"}, nil, nil},
		{"label", en, en.zonePage(9), "ZONE-003.example.com\n", Answers{"zone": "id3"}, nil, nil},
		{"default option", en, en.zonePage(9), "\n", Answers{"zone": "id7"}, nil, nil},
		{"default that is not offered", en, en.zonePage(3), "\n2\n", Answers{"zone": "id2"},
			[]string{"Number: ", "! an answer is required\n"}, nil},
		{"number out of range", zh, zh.zonePage(3), "0\n4\n-1\nx\n3\n", Answers{"zone": "id3"},
			[]string{"! 请输入 1 到 3 之间的数字\n", "编号: ", "! 请输入 1 到 3 之间的数字\n"}, nil},

		{"several", en, en.hostPage()[1:], "4, 2,2\n", Answers{"providers": "anthropic,gemini"},
			[]string{"Numbers, separated by commas [1]: "}, nil},
		{"several in chinese", zh, zh.hostPage()[1:], "４，openai、Anthropic\n", Answers{"providers": "openai,anthropic,gemini"}, nil, nil},
		{"several by default", en, en.hostPage()[1:], "\n", Answers{"providers": "openai"}, nil, nil},
		{"several but none", en, en.hostPage()[1:], ",\n1,9\n1\n", Answers{"providers": "openai"},
			[]string{"! choose at least one", "! enter a number from 1 to 4\n"}, nil},

		{"yes", en, en.deployPage(), "Y\n", Answers{"deploy": Yes}, []string{"y/n [no]: "}, nil},
		{"yes in words", en, en.deployPage(), "yes\n", Answers{"deploy": Yes}, nil, nil},
		{"yes in chinese", zh, zh.deployPage(), "是\n", Answers{"deploy": Yes}, []string{"y/n [否]: "}, nil},
		{"yes in full width", zh, zh.deployPage(), "ｙ\r\n", Answers{"deploy": Yes}, nil, nil},
		{"no in chinese", zh, zh.deployPage(), "否\n", Answers{"deploy": No}, nil, nil},
		{"no by default", zh, zh.deployPage(), "\n", Answers{"deploy": No}, nil, nil},
		{"neither", zh, zh.deployPage(), "perhaps\n好\nn\n", Answers{"deploy": No}, []string{"! 请回答 y（是）或 n（否）\n"}, nil},
		{"no default", en, []Question{{Key: "k", Kind: Confirm, Title: "?"}}, "\ny\n", Answers{"k": Yes},
			[]string{"y/n: ", "! an answer is required\n"}, nil},

		{"note", zh, zh.notePage(), "", Answers{}, []string{"\n" + zh.note + "\n" + zh.noteHelp + "\n"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			got, err := NewLine(strings.NewReader(test.typed), &out, test.fixture.Texts).Ask(context.Background(), test.page)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			if err != nil && len(test.err) == 0 {
				t.Errorf("error: %v", err)
			}
			for _, want := range test.err {
				if !errors.Is(err, want) {
					t.Errorf("error %v is not %v", err, want)
				}
			}
			checkOutput(t, out.String(), test.output)
		})
	}
}

// checkOutput fails unless the texts appear in this order, or if there is an escape sequence.
func checkOutput(t *testing.T, output string, texts []string) {
	t.Helper()
	rest := output
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		if !found {
			t.Fatalf("no %q in this order:\n%s", text, output)
		}
		rest = after
	}
	if strings.ContainsRune(output, '\x1b') {
		t.Errorf("escape sequence in %q", output)
	}
}

// The complete output of several pages.
func TestLineOutput(t *testing.T) {
	t.Parallel()
	fx := languages["zh"]
	var out bytes.Buffer
	p := NewLine(strings.NewReader("a_b\na.b\n1,2\ny\n"), &out, fx.Texts)
	for _, page := range [][]Question{fx.notePage(), fx.hostPage(), fx.deployPage()} {
		if _, err := p.Ask(context.Background(), page); err != nil {
			t.Fatal(err)
		}
	}
	want := `
cfproxy 会在您自己的域名上搭建大模型 API 中转。
在您确认计划之前，不会有任何更改。

1. 中转的主机名
您的程序将访问这个主机名，而不是 api.openai.com。最好使用一级子域名（例如 gptapi.example.com），免费证书包含它。
回答: 
! 主机名不能包含下划线；您是不是想输入 gpt-api.example.com？
回答: 

2. 使用哪些服务商？
第一个是默认的服务商。
  1  OpenAI
  2  Anthropic
  3  DeepSeek 深度求索
  4  Google Gemini
编号，以逗号分隔 [1]: 

3. 现在创建以上三项资源吗？
以后要全部删除，请运行：cfproxy destroy
y/n [否]: 
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A wizard has several pages, and a pipe delivers all answers at once.
func TestLineBuffersInput(t *testing.T) {
	t.Parallel()
	fx := languages["en"]
	p := NewLine(strings.NewReader(strings.Repeat("a", 40)+"\r\n2\r\nh.example.com\r\n\r\nyes\r\n"), io.Discard, fx.Texts)
	got := Answers{}
	for _, page := range [][]Question{fx.tokenPage(), fx.zonePage(3), fx.hostPage(), fx.deployPage()} {
		answers, err := p.Ask(context.Background(), page)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(got, answers)
	}
	want := Answers{"token": strings.Repeat("a", 40), "zone": "id2", "host": "h.example.com", "providers": "openai", "deploy": Yes}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLineContext(t *testing.T) {
	t.Parallel()
	in, input := io.Pipe()
	defer input.Close()
	cause := errors.New("the reason")
	ctx, cancel := context.WithCancelCause(context.Background())
	p := NewLine(in, writerFunc(func(b []byte) (int, error) {
		if strings.HasSuffix(string(b), ": ") { // the prompt: now it reads
			cancel(cause)
		}
		return len(b), nil
	}), english)

	answers, err := p.Ask(ctx, languages["en"].hostPage())
	if answers != nil || !errors.Is(err, ErrAborted) || !errors.Is(err, cause) {
		t.Errorf("got %v, %v", answers, err)
	}
	if _, err := p.Ask(ctx, languages["en"].hostPage()); !errors.Is(err, cause) {
		t.Errorf("asked again: %v", err)
	}

	// The input of the cancelled read is used for the next question.
	go input.Write([]byte("late.example.com\n"))
	answers, err = p.Ask(context.Background(), languages["en"].hostPage()[:1])
	if err != nil || answers["host"] != "late.example.com" {
		t.Errorf("got %v, %v", answers, err)
	}
}

func TestLineWriteError(t *testing.T) {
	t.Parallel()
	out := writerFunc(func([]byte) (int, error) { return 0, io.ErrClosedPipe })
	_, err := NewLine(strings.NewReader("a\n"), out, english).Ask(context.Background(), languages["en"].hostPage())
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
