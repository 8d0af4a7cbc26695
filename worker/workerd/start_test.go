package workerd_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/worker/workerd"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

const compatibilityDate = "2026-06-01"

func script(name, source string, bindings ...workerd.Binding) workerd.Worker {
	return workerd.Worker{
		Name: name, Main: "index.js", CompatibilityDate: compatibilityDate, Bindings: bindings,
		Modules: []workerd.Module{{Name: "index.js", Type: workerd.TypeESModule, Body: []byte(source)}},
	}
}

func start(t *testing.T, c workerd.Config) *workerd.Server {
	t.Helper()
	s, err := workerd.Start(t.Context(), workerdtest.Binary(t), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func get(t *testing.T, url string, header http.Header) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(request.Header, header)
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestTextsAreUnchanged(t *testing.T) {
	t.Parallel()
	var special strings.Builder
	for r := range rune(0x180) {
		special.WriteRune(r)
	}
	special.WriteString(`\x41 \" \u0041 你好 👷 ` + "\u2028\r\n\x00end")
	w := script(`na"me\ (é)`, `
import text from "./dir/a.txt";
import json from "./b.json";
import data from "./c.bin";
export default { fetch(request, env) {
  const same = env.A === text && env.B[0] === text && env.C === text && json.x === text && new TextDecoder().decode(data) === text;
  return new Response(same ? text : "different");
} }`,
		workerd.Binding{Name: "A", Type: workerd.BindingText, Text: special.String()},
		workerd.Binding{Name: "B", Type: workerd.BindingJSON, JSON: asJSON(t, []string{special.String()})},
		workerd.Binding{Name: "C", Type: workerd.BindingSecret, Text: special.String()})
	w.Modules = append(w.Modules,
		workerd.Module{Name: "dir/a.txt", Type: workerd.TypeText, Body: []byte(special.String())},
		workerd.Module{Name: "b.json", Type: workerd.TypeJSON, Body: asJSON(t, map[string]string{"x": special.String()})},
		workerd.Module{Name: "c.bin", Type: workerd.TypeData, Body: []byte(special.String())})
	s := start(t, workerd.Config{Workers: []workerd.Worker{w}})
	if _, got := get(t, "http://"+s.Addr(w.Name), nil); got != special.String() {
		t.Errorf("got %q\nwant %q", got, special.String())
	}
}

func TestEachWorkerHasItsOwnSocket(t *testing.T) {
	t.Parallel()
	const source = `export default { fetch(request, env) { return new Response(env.NAME) } }`
	s := start(t, workerd.Config{Workers: []workerd.Worker{
		script("one", source, workerd.Binding{Name: "NAME", Type: workerd.BindingText, Text: "1"}),
		script("internet", source, workerd.Binding{Name: "NAME", Type: workerd.BindingText, Text: "2"}),
	}})
	for name, want := range map[string]string{"one": "1", "internet": "2"} {
		if _, got := get(t, "http://"+s.Addr(name), nil); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := s.Addr("three"); got != "" {
		t.Errorf("an unknown Worker has the address %q", got)
	}
}

func TestProtoAndCFHeaders(t *testing.T) {
	t.Parallel()
	s := start(t, workerd.Config{Workers: []workerd.Worker{
		script("w", `export default { fetch(r) { return new Response(r.url + " " + r.cf?.colo + " " + r.headers.get("cf-blob")) } }`),
	}})
	_, got := get(t, "http://"+s.Addr("w")+"/p?q", http.Header{
		workerd.ProtoHeader: {"https"}, workerd.CFHeader: {`{"colo":"AMS"}`},
	})
	if want := "https://" + s.Addr("w") + "/p?q AMS null"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOutbound(t *testing.T) {
	t.Parallel()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.RequestURI+" "+r.Host)
	}))
	t.Cleanup(upstream.Close)
	s := start(t, workerd.Config{Outbound: upstream.Listener.Addr().String(), Workers: []workerd.Worker{
		script("w", `export default { fetch(r) { return fetch(r.headers.get("to")) } }`),
	}})
	for to, want := range map[string]string{
		"https://api.example.com/v1/x?y=1": "https://api.example.com/v1/x?y=1 api.example.com",
		"http://127.0.0.1:1/":              "http://127.0.0.1:1/ 127.0.0.1:1",
		"https://[::1]:8443/z":             "https://[::1]:8443/z [::1]:8443",
	} {
		if _, got := get(t, "http://"+s.Addr("w"), http.Header{"To": {to}}); got != want {
			t.Errorf("fetch(%q) arrived as %q, want %q", to, got, want)
		}
	}
}

func TestNoOutbound(t *testing.T) {
	t.Parallel()
	hit := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the worker reached the network")
	}))
	t.Cleanup(hit.Close)
	s := start(t, workerd.Config{Workers: []workerd.Worker{
		script("w", `export default { async fetch(r) { return fetch(r.headers.get("to")).catch((e) => new Response("caught")) } }`),
	}})
	if _, got := get(t, "http://"+s.Addr("w"), http.Header{"To": {hit.URL}}); got != "caught" {
		t.Errorf("got %q, want the fetch to fail", got)
	}
}

func TestStartError(t *testing.T) {
	t.Parallel()
	bin := workerdtest.Binary(t)
	late := script("w", "export default {}")
	late.CompatibilityDate = "2999-01-01"
	tests := map[string]struct {
		worker workerd.Worker
		want   string
	}{
		"syntax error":   {script("w", "export default { ("), "Uncaught SyntaxError"},
		"throws":         {script("w", `throw new Error("top level")`), "Uncaught Error: top level"},
		"missing import": {script("w", `import "./gone.js"; export default {}`), "gone.js"},
		"future date":    {late, "2999-01-01"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := workerd.Start(t.Context(), bin, workerd.Config{Workers: []workerd.Worker{test.worker}})
			if err == nil {
				_ = s.Close()
				t.Fatal("Start succeeded")
			}
			var failed *workerd.StartError
			if !errors.As(err, &failed) || !strings.Contains(failed.Stderr, test.want) {
				t.Errorf("got %v, want a StartError with %q", err, test.want)
			}
		})
	}
}

func TestStartWithoutBinaryOrTime(t *testing.T) {
	t.Parallel()
	c := workerd.Config{Workers: []workerd.Worker{script("w", "export default {}")}}
	if _, err := workerd.Start(t.Context(), filepath.Join(t.TempDir(), "none"), c); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want os.ErrNotExist", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := workerd.Start(ctx, workerdtest.Binary(t), c); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	s := start(t, workerd.Config{Workers: []workerd.Worker{
		script("w", `export default { fetch() { throw new Error("an exception") } }`),
	}})
	if status, _ := get(t, "http://"+s.Addr("w"), nil); status != http.StatusInternalServerError {
		t.Errorf("got status %d", status)
	}
	if s.Pid() <= 0 {
		t.Errorf("pid is %d", s.Pid())
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	select {
	case <-s.Done():
	default:
		t.Error("Done is not closed after Close")
	}
	if !strings.Contains(s.Stderr(), "an exception") {
		t.Errorf("stderr is %q", s.Stderr())
	}
}
