package verify

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// page is an error page as Cloudflare's edge draws them for browsers.
func page(title, number string) string {
	return fmt.Sprintf(`<!DOCTYPE html><html><head><title>%s</title></head><body><div id="cf-error-details">
<h1>Error <span class="cf-error-code">%s</span></h1><p>Performance &amp; security by Cloudflare</p></div></body></html>`, title, number)
}

// problem is an error document as the edge gives it to clients that prefer JSON.
func problem(family, number string) string {
	return fmt.Sprintf(`{"type":"https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-%s-errors/error-%s/",
"title":"Error %[2]s: something","status":530,"error_code":%[2]s,"cloudflare_error":true,"ray_id":"9e3a1ccbaab15ec6"}`, family, number)
}

func TestEdgeNumbers(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"520": CodeEdgeRouteMissing, "521": CodeEdgeRouteMissing, "522": CodeEdgeRouteMissing, "523": CodeEdgeRouteMissing,
		"525": CodeEdgeRouteMissing, "526": CodeEdgeRouteMissing, "527": CodeEdgeRouteMissing, "1033": CodeEdgeRouteMissing,
		"1001": CodeEdgeHostUnknown, "1018": CodeEdgeHostUnknown,
		"530": CodeEdgeOriginUnresolved, "1016": CodeEdgeOriginUnresolved,
		"1000": CodeEdgeForbiddenAddress, "1002": CodeEdgeForbiddenAddress,
		"1010": CodeEdgeBlocked, "1020": CodeEdgeBlocked, "1009": CodeEdgeBlocked,
		"1015": CodeEdgeRateLimited, "1019": CodeEdgeLoop, "1042": CodeEdgeWorkerToWorker, "1024": CodeEdgeUpstreamAddress,
		"1027": CodeEdgeDailyLimit, "1101": CodeEdgeWorkerException, "1102": CodeEdgeWorkerCPU, "524": CodeEdgeUpstreamSlow,
		"502": CodeEdgeUnavailable, "1200": CodeEdgeError,
	}
	for number, want := range tests {
		for shape, body := range map[string]string{
			"plain":   "error code: " + number + "\n",
			"problem": problem("1xxx", number),
			"short":   `{"type":"https://developers.cloudflare.com/error-` + number + `","status":530}`,
			"html":    page(testHost+" | "+number+": Something", "000"),
			"old":     page("Something | "+testHost+" | Cloudflare", number),
		} {
			a := answer{status: 530, header: http.Header{}, body: []byte(body)}
			if shape == "problem" && number == "502" {
				a.status = 502
			}
			if code, got := cloudflareMade(a); code != want || got != number {
				t.Errorf("%s as %s: %s with number %q, want %s", number, shape, code, got, want)
			}
		}
	}
}

func TestEdgePages(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer http.HandlerFunc
		code   string
		want   map[string]string
	}{
		"plain, with a ray": {says(404, "error code: 1042", "Content-Type", "text/plain", "Cf-Ray", "8f2-HKG"), CodeEdgeWorkerToWorker,
			map[string]string{"number": "1042", "status": "404", "ray": "8f2-HKG", "colo": "HKG"}},
		"html, no ray": {says(522, "<html><head><title>"+testHost+" | 522: Connection timed out</title></head></html>"), CodeEdgeRouteMissing,
			map[string]string{"number": "522", "status": "522"}},
		"problem":                  {says(524, problem("5xx", "524"), "Content-Type", "application/problem+json"), CodeEdgeUpstreamSlow, map[string]string{"number": "524", "status": "524"}},
		"problem, number in title": {says(403, `{"title":"Error 1010: Access denied","cloudflare_error":true}`), CodeEdgeBlocked, map[string]string{"number": "1010", "status": "403"}},
		"problem, no number":       {says(403, `{"title":"Denied","cloudflare_error":true}`), CodeEdgeError, map[string]string{"status": "403"}},
		"custom page":              {says(523, "<h1>Back soon</h1>"), CodeEdgeRouteMissing, map[string]string{"number": "523", "status": "523"}},
		"challenge by header":      {says(403, "<html></html>", "Cf-Mitigated", "challenge"), CodeEdgeChallenge, map[string]string{"status": "403"}},
		"challenge by title":       {says(503, "<title>Just a moment...</title>"), CodeEdgeChallenge, map[string]string{"status": "503"}},
		"block page":               {says(403, page("Attention Required! | Cloudflare", "")), CodeEdgeBlocked, map[string]string{"status": "403"}},
		"access denied":            {says(403, page("Access denied | "+testHost+" used Cloudflare to restrict access", "1020")), CodeEdgeBlocked, map[string]string{"number": "1020", "status": "403"}},
		"bot block":                {says(403, "Your request was blocked."), CodeEdgeBlocked, map[string]string{"status": "403"}},
		"burst limit":              {says(429, "slow down", "Server", "cloudflare"), CodeEdgeRateLimited, map[string]string{"status": "429"}},
		"not Cloudflare's number":  {says(404, "<title>Acme | 404: Not found</title>"), CodeEdgeReached, nil},
		"not Cloudflare's page":    {says(502, "<title>Acme | 502: Bad gateway</title>"), CodeEdgeReached, nil},
		"not an error":             {says(200, "<title>Acme | 1984: a novel</title>"), CodeEdgeReached, nil},
		"quoted in prose":          {says(500, "we saw error code: 1042 today"), CodeEdgeReached, nil},
		"somebody's 429":           {says(429, `{"error":"slow down"}`, "Server", "cloudflare"), CodeEdgeReached, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := find(t, newWorld(t, test.answer).run(t, Options{}), ProbeEdge)
			if got.Code != test.code {
				t.Fatalf("%+v, want %s", got, test.code)
			}
			if diff := cmp.Diff(test.want, got.Details); test.want != nil && diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEdgeReached(t *testing.T) {
	t.Parallel()
	for protocol, options := range map[string][]worldOption{"HTTP/2.0": nil, "HTTP/1.1": {http1}} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, relay{testBuild, says(401, refusal)}, options...)
			report := w.run(t, Options{})
			want := map[string]string{"status": "200", "protocol": protocol, "ray": "9e3a1ccbaab15ec6-FRA", "colo": "FRA"}
			if diff := cmp.Diff(want, find(t, report, ProbeEdge).Details); diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
			if !report.OK() || w.conns.Load() != 1 {
				t.Errorf("OK() = %v over %d connections, want true over 1", report.OK(), w.conns.Load())
			}
		})
	}
}

func TestEdgeSilence(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		handler func(w http.ResponseWriter, expire func())
		code    string
	}{
		"no header": {func(_ http.ResponseWriter, expire func()) { expire() }, CodeEdgeTimeout},
		"half a body": {func(w http.ResponseWriter, expire func()) {
			w.Header().Set("Content-Length", "100")
			w.(http.Flusher).Flush()
			expire()
		}, CodeEdgeTimeout},
		"breaks off":   {func(http.ResponseWriter, func()) { panic(http.ErrAbortHandler) }, CodeEdgeNoAnswer},
		"header flood": {func(w http.ResponseWriter, _ func()) { w.Header().Set("X-Huge", strings.Repeat("x", 2*maxHeader)) }, CodeEdgeNoAnswer},
	}
	for name, test := range tests {
		for _, options := range [][]worldOption{nil, {http1}} {
			t.Run(fmt.Sprint(name, len(options)), func(t *testing.T) {
				t.Parallel()
				soon := newDeadline(t)
				w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					test.handler(w, func() { soon.pass(); <-r.Context().Done() })
				}), options...)
				if got := find(t, w.runIn(soon, t, Options{}), ProbeEdge); got.Code != test.code {
					t.Errorf("%+v, want %s", got, test.code)
				}
			})
		}
	}
}
