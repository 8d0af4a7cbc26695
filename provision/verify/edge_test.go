package verify

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// errorPage returns an error page as Cloudflare's edge sends it to browsers.
func errorPage(title, number string) string {
	return fmt.Sprintf(`<!DOCTYPE html><html><head><title>%s</title></head><body><div id="cf-error-details">
<h1>Error <span class="cf-error-code">%s</span></h1><p>Performance &amp; security by Cloudflare</p></div></body></html>`, title, number)
}

// problemDocument returns an error as the edge sends it to clients that prefer JSON.
func problemDocument(family, number string) string {
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
			"problem": problemDocument("1xxx", number),
			"short":   `{"type":"https://developers.cloudflare.com/error-` + number + `","status":530}`,
			"html":    errorPage(testHost+" | "+number+": Something", "000"),
			"old":     errorPage("Something | "+testHost+" | Cloudflare", number),
		} {
			r := response{status: 530, header: http.Header{}, body: []byte(body)}
			if shape == "problem" && number == "502" {
				r.status = 502
			}
			if code, got := cloudflareError(r); code != want || got != number {
				t.Errorf("%s as %s: %s with number %q, want %s", number, shape, code, got, want)
			}
		}
	}
}

func TestEdgePages(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		handler http.HandlerFunc
		code    string
		want    map[string]string
	}{
		"plain, with a ray": {respond(404, "error code: 1042", "Content-Type", "text/plain", "Cf-Ray", "8f2-HKG"), CodeEdgeWorkerToWorker,
			map[string]string{"number": "1042", "status": "404", "ray": "8f2-HKG", "colo": "HKG"}},
		"html, no ray": {respond(522, "<html><head><title>"+testHost+" | 522: Connection timed out</title></head></html>"), CodeEdgeRouteMissing,
			map[string]string{"number": "522", "status": "522"}},
		"problem":                  {respond(524, problemDocument("5xx", "524"), "Content-Type", "application/problem+json"), CodeEdgeUpstreamSlow, map[string]string{"number": "524", "status": "524"}},
		"problem, number in title": {respond(403, `{"title":"Error 1010: Access denied","cloudflare_error":true}`), CodeEdgeBlocked, map[string]string{"number": "1010", "status": "403"}},
		"problem, no number":       {respond(403, `{"title":"Denied","cloudflare_error":true}`), CodeEdgeError, map[string]string{"status": "403"}},
		"custom page":              {respond(523, "<h1>Back soon</h1>"), CodeEdgeRouteMissing, map[string]string{"number": "523", "status": "523"}},
		"challenge by header":      {respond(403, "<html></html>", "Cf-Mitigated", "challenge"), CodeEdgeChallenge, map[string]string{"status": "403"}},
		"challenge by title":       {respond(503, "<title>Just a moment...</title>"), CodeEdgeChallenge, map[string]string{"status": "503"}},
		"block page":               {respond(403, errorPage("Attention Required! | Cloudflare", "")), CodeEdgeBlocked, map[string]string{"status": "403"}},
		"access denied":            {respond(403, errorPage("Access denied | "+testHost+" used Cloudflare to restrict access", "1020")), CodeEdgeBlocked, map[string]string{"number": "1020", "status": "403"}},
		"bot block":                {respond(403, "Your request was blocked."), CodeEdgeBlocked, map[string]string{"status": "403"}},
		"burst limit":              {respond(429, "slow down", "Server", "cloudflare"), CodeEdgeRateLimited, map[string]string{"status": "429"}},
		"number of the origin":     {respond(404, "<title>Acme | 404: Not found</title>"), CodeEdgeReached, nil},
		"page of the origin":       {respond(502, "<title>Acme | 502: Bad gateway</title>"), CodeEdgeReached, nil},
		"not an error":             {respond(200, "<title>Acme | 1984: a novel</title>"), CodeEdgeReached, nil},
		"number in a sentence":     {respond(500, "we saw error code: 1042 today"), CodeEdgeReached, nil},
		"429 of the origin":        {respond(429, `{"error":"slow down"}`, "Server", "cloudflare"), CodeEdgeReached, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := findResult(t, newTestRelay(t, test.handler).run(t, Options{}), ProbeEdge)
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
	for protocol, options := range map[string][]serverOption{"HTTP/2.0": nil, "HTTP/1.1": {http1}} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			relay := newTestRelay(t, fakeWorker{testBuild, respond(401, keylessRefusal)}, options...)
			report := relay.run(t, Options{})
			want := map[string]string{"status": "200", "protocol": protocol, "ray": "9e3a1ccbaab15ec6-FRA", "colo": "FRA"}
			if diff := cmp.Diff(want, findResult(t, report, ProbeEdge).Details); diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
			if !report.OK() || relay.conns.Load() != 1 {
				t.Errorf("OK() = %v over %d connections, want true over 1", report.OK(), relay.conns.Load())
			}
		})
	}
}

func TestEdgeNoResponse(t *testing.T) {
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
		"connection closed": {func(http.ResponseWriter, func()) { panic(http.ErrAbortHandler) }, CodeEdgeNoAnswer},
		"header flood":      {func(w http.ResponseWriter, _ func()) { w.Header().Set("X-Huge", strings.Repeat("x", 2*maxHeader)) }, CodeEdgeNoAnswer},
	}
	for name, test := range tests {
		for _, options := range [][]serverOption{nil, {http1}} {
			t.Run(fmt.Sprint(name, len(options)), func(t *testing.T) {
				t.Parallel()
				deadline := newDeadline(t)
				relay := newTestRelay(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					test.handler(w, func() { deadline.expire(); <-r.Context().Done() })
				}), options...)
				if got := findResult(t, relay.runContext(deadline, t, Options{}), ProbeEdge); got.Code != test.code {
					t.Errorf("%+v, want %s", got, test.code)
				}
			})
		}
	}
}
