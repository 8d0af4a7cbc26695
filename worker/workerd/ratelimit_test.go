package workerd_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/worker/workerd"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

const limited = `export default { async fetch(request, env) {
  const { pathname, searchParams } = new URL(request.url);
  try {
    const { success } = await env[pathname.slice(1)].limit({ key: searchParams.get("key") ?? 1 });
    return new Response(success ? "pass" : "stop");
  } catch (e) {
    return new Response(String(e));
  }
} }`

func TestRateLimitCountsPerKeyAndNamespace(t *testing.T) {
	t.Parallel()
	limit := func(name, namespace string, limit, period int) workerd.Binding {
		return workerd.Binding{Name: name, Type: workerd.BindingRateLimit,
			RateLimit: workerd.RateLimit{Namespace: namespace, Limit: limit, Period: period}}
	}
	s := start(t, workerd.Config{Workers: []workerd.Worker{
		script("one", limited, limit("TWO", "7", 2, 60), limit("ALSO", "7", 3, 60), limit("APART", "8", 1, 60)),
		script("other", limited, limit("TWO", "9", 1, 60)),
	}})
	for _, step := range []struct{ worker, path, want string }{
		{"one", "/TWO?key=a", "pass"}, {"one", "/TWO?key=a", "pass"}, {"one", "/TWO?key=a", "stop"},
		{"one", "/TWO?key=b", "pass"},
		{"one", "/APART?key=a", "pass"}, {"one", "/APART?key=a", "stop"},
		{"one", "/ALSO?key=b", "pass"}, {"one", "/ALSO?key=b", "pass"}, {"one", "/ALSO?key=b", "stop"},
		{"other", "/TWO?key=a", "pass"}, {"other", "/TWO?key=a", "stop"},
	} {
		if _, got := get(t, "http://"+s.Addr(step.worker)+step.path, nil); got != step.want {
			t.Errorf("%s%s: got %q, want %q", step.worker, step.path, got, step.want)
		}
	}
	if _, got := get(t, "http://"+s.Addr("one")+"/TWO", nil); !strings.HasPrefix(got, "TypeError") {
		t.Errorf("a key that is not a string: got %q", got)
	}
}

func TestRateLimitPeriodEnds(t *testing.T) {
	t.Parallel()
	s := start(t, workerd.Config{Workers: []workerd.Worker{script("one", limited, workerd.Binding{
		Name: "SOON", Type: workerd.BindingRateLimit, RateLimit: workerd.RateLimit{Namespace: "1", Limit: 1, Period: 1},
	})}})
	call := func() string {
		_, got := get(t, "http://"+s.Addr("one")+"/SOON?key=a", nil)
		return got
	}
	if got := call(); got != "pass" {
		t.Fatalf("got %q", got)
	}
	// Calls that exceed the limit do not extend the period, so polling ends.
	for end := time.Now().Add(20 * time.Second); call() != "pass"; {
		if time.Now().After(end) {
			t.Fatal("the period does not end")
		}
	}
}

func TestRateLimitModuleIsInternal(t *testing.T) {
	t.Parallel()
	w := script("importer", `import limit from "cfproxy-internal:ratelimit"; export default { fetch: () => new Response(typeof limit) }`,
		workerd.Binding{Name: "R", Type: workerd.BindingRateLimit, RateLimit: workerd.RateLimit{Namespace: "1", Limit: 1, Period: 60}})
	_, err := workerd.Start(t.Context(), "", workerd.Config{Workers: []workerd.Worker{{Name: "w", Main: "m",
		Modules:  []workerd.Module{{Name: "m", Type: workerd.TypeESModule}},
		Bindings: []workerd.Binding{{Name: "R", Type: workerd.BindingRateLimit}}}}})
	if err == nil || !strings.Contains(err.Error(), "rate limit") {
		t.Errorf("a rate limit without settings: %v", err)
	}
	s, err := workerd.Start(t.Context(), workerdtest.Binary(t), workerd.Config{Workers: []workerd.Worker{w}})
	if err == nil {
		_ = s.Close()
		t.Error("a Worker imports the module behind the binding")
	}
}
