package verify

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// FuzzJudge throws arbitrary answers at every judge. None may panic or make up a code; every detail must be fit to print
// and free of the key; and nothing may pass without our mark and what the probe asks for, decided here a second time.
func FuzzJudge(f *testing.F) {
	f.Add(200, testBuild, "Cf-Ray", "8f2-HKG", []byte(healthOf(testBuild)), "")
	f.Add(200, testBuild, "Cf-Ray", "8f2-HKG", []byte(healthOf("ffffffffffffffff")), testBuild)
	f.Add(401, testBuild, "Content-Type", "application/json", []byte(refusal), testBuild)
	f.Add(401, "", "Server", "cloudflare", []byte(refusal), testBuild)
	f.Add(522, "", "Cf-Mitigated", "challenge", []byte(page("x | 522: y", "522")), "")
	f.Add(530, testBuild, "Retry-After", "9", []byte(problem("1xxx", "1016")), testBuild)
	f.Add(403, testBuild, "X-Cfproxy", testBuild, []byte(`[{"error":{"code":"unsupported_country_region_territory"}}]`), "")
	f.Add(200, testBuild, "Content-Type", "text/event-stream", []byte(chunk+"data: [DONE]\n\n"), testBuild)
	f.Add(200, testBuild, "Content-Type", "application/json", []byte(`{"choices":[{"message":{"content":"`+testKey+`"}}]}`), testBuild)
	f.Add(401, testBuild, ErrorHeader, "token_missing", []byte(`{"error":{"type":"cfproxy_error","code":"token_missing"}}`), "")
	f.Fuzz(func(t *testing.T, status int, mark, name, value string, body []byte, wanted string) {
		header := http.Header{}
		if mark != "" {
			header.Set(MarkHeader, mark)
		}
		header.Add(name, value)
		a := answer{status: status, protocol: "HTTP/2.0", header: header, body: body}
		target := testTarget()
		target.Key, target.Build = testKey, wanted
		upstream := target.Upstreams[0]
		marked := len(header.Values(MarkHeader)) == 1 && buildForm.MatchString(header.Get(MarkHeader))
		secret := newRedactor(target.Key)
		judge := func(probe string, v verdict) bool {
			r := v.result(probe, secret)
			checkResult(t, r)
			for _, value := range r.Details {
				if strings.Contains(value, testKey) {
					t.Errorf("%+v shows the key", r)
				}
			}
			return r.Status == Pass
		}
		judge(ProbeEdge, judgeEdge(a))
		if judge(ProbeWorker, judgeWorker(a, wanted)) {
			if !marked || status != 200 || !isHealth(body, mark) || wanted != "" && wanted != mark {
				t.Errorf("the worker probe passes %d %q %q", status, mark, body)
			}
		}
		if judge(ProbeProvider, judgeProvider(a, upstream, testBuild)) {
			if !marked || mark != testBuild || status != 401 || !isRefusal(body) {
				t.Errorf("the provider probe passes %d %q %q", status, mark, body)
			}
		}
		if judge(ProbeAccess, judgeAccess(a, testBuild)) && (!marked || mark != testBuild || status != 401) {
			t.Errorf("the access probe passes %d %q %q", status, mark, body)
		}
		if judge(ProbeCompletion, judgeCompletion(a, upstream, testBuild, "max_tokens", time.Second)) && (!marked || mark != testBuild || status != 200) {
			t.Errorf("the completion probe passes %d %q %q", status, mark, body)
		}
		if judge(ProbeStream, judgeNoStream(a, upstream, testBuild)) {
			t.Errorf("the stream probe passes what is no stream: %d %q %q", status, mark, body)
		}
		count := readEvents(strings.NewReader(string(body)), maxPaid, func() time.Duration { return 0 })
		if judge(ProbeStream, judgeStream(count, upstream)) && (!strings.Contains(string(body), "[DONE]") || !strings.Contains(string(body), "delta")) {
			t.Errorf("the stream probe passes %q", body)
		}
	})
}

func isHealth(body []byte, build string) bool {
	var health struct{ Service, Build string }
	json.Unmarshal(body, &health)
	return health.Service == "cfproxy" && health.Build == build
}

func isRefusal(body []byte) bool {
	var refused struct {
		Error struct {
			Type string
			Code *string
		}
	}
	json.Unmarshal(body, &refused)
	code := refused.Error.Code
	return refused.Error.Type == "invalid_request_error" && (code == nil || *code == "invalid_api_key")
}
