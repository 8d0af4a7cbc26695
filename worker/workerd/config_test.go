package workerd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestQuote(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		``:                `""`,
		`plain 'text'`:    `"plain 'text'"`,
		`a"b\c`:           `"a\"b\\c"`,
		"line\nbreak\r\t": `"line\nbreak\x0d\x09"`,
		"\x00\x7f":        `"\x00\x7f"`,
		"é你":              `"\xc3\xa9\xe4\xbd\xa0"`,
		`x3`:              `"x3"`,
	}
	for in, want := range tests {
		if got := quote(in); got != want {
			t.Errorf("quote(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestData(t *testing.T) {
	t.Parallel()
	if got, want := data([]byte{0, 'a', 0xff}), `0x"0061ff"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestConfigText(t *testing.T) {
	t.Parallel()
	c := Config{
		Outbound: "127.0.0.1:8080",
		Workers: []Worker{{
			Name: `re"lay`, Main: "index.js", CompatibilityDate: "2026-06-01", CompatibilityFlags: []string{"a_flag"},
			Modules: []Module{
				{Name: "a.txt", Type: TypeText, Body: []byte("text")},
				{Name: "index.js", Type: TypeESModule, Body: []byte("export default {};\n")},
				{Name: "b.json", Type: TypeJSON, Body: []byte("{}")},
				{Name: "c.cjs", Type: TypeCommonJS, Body: []byte("1")},
				{Name: "d.wasm", Type: TypeWasm, Body: []byte{0}},
				{Name: "e.bin", Type: TypeData, Body: []byte{1}},
			},
			Bindings: []Binding{
				{Name: "T", Type: BindingText, Text: "t"},
				{Name: "S", Type: BindingSecret, Text: "s"},
				{Name: "J", Type: BindingJSON, JSON: json.RawMessage(`["x"]`)},
			},
		}},
	}
	got, err := c.text()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "config.capnp"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

func TestInvalidConfig(t *testing.T) {
	t.Parallel()
	good := Worker{Name: "w", Main: "m", Modules: []Module{{Name: "m", Type: TypeESModule}}}
	with := func(change func(*Worker)) Config {
		w := good
		change(&w)
		return Config{Workers: []Worker{w}}
	}
	tests := map[string]struct {
		config Config
		want   string
	}{
		"duplicate name":  {Config{Workers: []Worker{good, good}}, `worker "w"`},
		"no name":         {with(func(w *Worker) { w.Name = "" }), `worker ""`},
		"no main module":  {with(func(w *Worker) { w.Main = "other" }), `main module "other"`},
		"unknown module":  {with(func(w *Worker) { w.Modules = []Module{{Name: "m", Type: "text/x-python"}} }), `text/x-python`},
		"unknown binding": {with(func(w *Worker) { w.Bindings = []Binding{{Name: "B", Type: "kv_namespace"}} }), `kv_namespace`},
		"no outbound port": {Config{Workers: []Worker{good}, Outbound: "127.0.0.1"},
			`outbound`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := test.config.text(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}
