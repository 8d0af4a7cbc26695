package verify

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

var buildPattern = regexp.MustCompile(`^[0-9a-f]{16}$`)

// FuzzClassify passes arbitrary responses to every classify function. None may panic or return an unknown code; every
// detail must be printable and free of the key; and no probe may pass without the build header and what else it
// requires, which is checked here independently.
func FuzzClassify(f *testing.F) {
	f.Add(200, testBuild, "Cf-Ray", "8f2-HKG", []byte(healthBody(testBuild)), "")
	f.Add(200, testBuild, "Cf-Ray", "8f2-HKG", []byte(healthBody("ffffffffffffffff")), testBuild)
	f.Add(401, testBuild, "Content-Type", "application/json", []byte(keylessRefusal), testBuild)
	f.Add(401, "", "Server", "cloudflare", []byte(keylessRefusal), testBuild)
	f.Add(522, "", "Cf-Mitigated", "challenge", []byte(errorPage("x | 522: y", "522")), "")
	f.Add(530, testBuild, "Retry-After", "9", []byte(problemDocument("1xxx", "1016")), testBuild)
	f.Add(403, testBuild, "X-Cfproxy", testBuild, []byte(`[{"error":{"code":"unsupported_country_region_territory"}}]`), "")
	f.Add(200, testBuild, "Content-Type", "text/event-stream", []byte(chunk+"data: [DONE]\n\n"), testBuild)
	f.Add(200, testBuild, "Content-Type", "application/json", []byte(`{"choices":[{"message":{"content":"`+testKey+`"}}]}`), testBuild)
	f.Add(401, testBuild, ErrorHeader, "token_missing", []byte(`{"error":{"type":"cfproxy_error","code":"token_missing"}}`), "")
	f.Fuzz(func(t *testing.T, status int, build, name, value string, body []byte, wanted string) {
		header := http.Header{}
		if build != "" {
			header.Set(BuildHeader, build)
		}
		header.Add(name, value)
		r := response{status: status, protocol: "HTTP/2.0", header: header, body: body}
		target := testTarget()
		target.Key, target.Build = testKey, wanted
		upstream := target.Upstreams[0]
		hasBuild := len(header.Values(BuildHeader)) == 1 && buildPattern.MatchString(header.Get(BuildHeader))
		secret := newRedactor(target.Key)
		passes := func(probe string, result Result) bool {
			result.Probe, result.Status, result.Details = probe, codeOf(result.Code).Status, secret.cleanDetails(result.Details)
			checkResult(t, result)
			for _, value := range result.Details {
				if strings.Contains(value, testKey) {
					t.Errorf("%+v contains the key", result)
				}
			}
			return result.Status == Pass
		}
		passes(ProbeEdge, classifyEdge(r))
		if passes(ProbeWorker, classifyWorker(r, wanted)) {
			if !hasBuild || status != 200 || !isHealth(body, build) || wanted != "" && wanted != build {
				t.Errorf("the worker probe passes %d %q %q", status, build, body)
			}
		}
		if passes(ProbeProvider, classifyProvider(r, upstream, testBuild)) {
			if !hasBuild || build != testBuild || status != 401 || !isRefusal(body) {
				t.Errorf("the provider probe passes %d %q %q", status, build, body)
			}
		}
		if passes(ProbeAccess, classifyAccess(r, testBuild)) && (!hasBuild || build != testBuild || status != 401) {
			t.Errorf("the access probe passes %d %q %q", status, build, body)
		}
		if passes(ProbeCompletion, classifyCompletion(r, upstream, testBuild, "max_tokens", time.Second)) && (!hasBuild || build != testBuild || status != 200) {
			t.Errorf("the completion probe passes %d %q %q", status, build, body)
		}
		if passes(ProbeStream, classifyNonStream(r, upstream, testBuild)) {
			t.Errorf("the stream probe passes a response that is not a stream: %d %q %q", status, build, body)
		}
		stats := readEvents(strings.NewReader(string(body)), func() time.Duration { return 0 })
		if passes(ProbeStream, classifyStream(stats, upstream)) && (!strings.Contains(string(body), "[DONE]") || !strings.Contains(string(body), "delta")) {
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
