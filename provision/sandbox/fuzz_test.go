package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const fuzzState = `{"clock":"2026-11-20T12:00:00Z","accounts":[{"id":"00000000000000000000000000000001","name":"Acme",
	"zones":[{"id":"00000000000000000000000000000002","name":"example.com",
		"records":[{"id":"00000000000000000000000000000003","type":"A","name":"a","content":"2.2.2.2"}],
		"routes":[{"id":"00000000000000000000000000000004","pattern":"a.example.com/*","script":"relay"}]}],
	"scripts":[{"name":"relay","modules":[{"name":"i.js","text":"export default {}"}],"version":"00000000-0000-0000-0000-000000000006","number":2,
		"versions":[{"version":"00000000-0000-0000-0000-000000000005","modules":[{"name":"i.js","text":"export default {a:1}"}]}]}]}]}`

const fuzzForm = "--B\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n" +
	`{"main_module":"i.js","bindings":[{"type":"json","name":"A","json":[1]}]}` + "\r\n" +
	"--B\r\nContent-Disposition: form-data; name=\"i.js\"; filename=\"i.js\"\r\nContent-Type: application/javascript+module\r\n\r\n" +
	"export default {}\r\n--B--\r\n"

// FuzzHandler checks that every request results in an envelope (or a requested script) and not in a 500, and that the
// state can be decoded afterwards.
func FuzzHandler(f *testing.F) {
	const account, zone = "/accounts/00000000000000000000000000000001", "/zones/00000000000000000000000000000002"
	const relay, form = account + "/workers/scripts/relay", "multipart/form-data; boundary=B"
	for _, seed := range [][4]string{
		{"GET", "/zones?per_page=5&order=name&match=any&name=contains:e", "", ""},
		{"GET", zone + "/dns_records?name.contains=a&comment.absent&order=ttl&search=x", "", ""},
		{"POST", zone + "/dns_records", "application/json", `{"type":"CNAME","name":"*.x","content":"@","ttl":1e300}`},
		{"POST", zone + "/dns_records/batch", "application/json",
			`{"posts":[null,{"type":"TXT","name":"b","content":"x"}],"deletes":[{"id":"00000000000000000000000000000003"}]}`},
		{"PATCH", zone + "/dns_records/00000000000000000000000000000003", "application/json", `{"data":{},"priority":5,"settings":null}`},
		{"POST", zone + "/workers/routes", "application/json", `{"pattern":"https://*.example.com/*","script":"relay"}`},
		{"PUT", zone + "/workers/routes/00000000000000000000000000000004", "application/json", `{"pattern":"*/*"}`},
		{"PUT", relay, form, fuzzForm},
		{"PATCH", relay + "/settings", form, strings.ReplaceAll(fuzzForm, "metadata", "settings")},
		{"POST", relay + "/versions?bindings_inherit=strict", form, fuzzForm},
		{"POST", relay + "/deployments", "application/json",
			`{"strategy":"percentage","versions":[{"version_id":"00000000-0000-0000-0000-000000000005","percentage":100}]}`},
		{"PUT", relay + "/routes", "application/json", `[{"pattern":"*.example.com/*","zone_name":"example.com"}]`},
		{"GET", relay + "/content/v2", "", ""},
		{"PUT", relay + "/secrets", "application/json", `{"name":"A","text":"b"}`},
		{"POST", relay + "/subdomain", "application/json", `{"enabled":true}`},
		{"DELETE", relay, "", ""},
		{"GET", "/%zz", "", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], []byte(seed[3]))
	}
	f.Fuzz(func(t *testing.T, method, path, kind string, body []byte) {
		u, err := url.Parse("http://sandbox" + prefix + path)
		if err != nil || method == "" || strings.ContainsAny(method, " \r\n") {
			return
		}
		s := parseStore(t, fuzzState)
		r := &http.Request{Method: method, URL: u, Body: io.NopCloser(bytes.NewReader(body)),
			Header: http.Header{"Authorization": {"Bearer " + defaultToken}, "Content-Type": {kind}}}
		res, err := Transport(Handler(s)).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		checkResponse(t, method, res)
		checkState(t, s)
	})
}

func checkResponse(t *testing.T, method string, res *http.Response) {
	t.Helper()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	ok := res.StatusCode == http.StatusOK
	if res.StatusCode >= 500 {
		t.Fatalf("%d %s", res.StatusCode, data)
	}
	if method == "GET" && ok && res.Header.Get("Content-Type") != "application/json" {
		return // a script
	}
	var e struct {
		Success *bool
		Errors  []problem
	}
	if err := json.Unmarshal(data, &e); err != nil || e.Success == nil || *e.Success != ok || ok == (len(e.Errors) > 0) {
		t.Fatalf("%d %s", res.StatusCode, data)
	}
}

func checkState(t *testing.T, s *Store) {
	t.Helper()
	data, err := s.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(data)
	if err != nil {
		t.Fatalf("the state cannot be decoded again: %v\n%s", err, data)
	}
	if second, err := again.Bytes(); err != nil || !bytes.Equal(second, data) {
		t.Fatalf("decoding changes the state: %v\n%s\n%s", err, data, second)
	}
}

// FuzzDecode checks that decoding does not panic, and that a decoded state can be encoded and decoded again.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(acme))
	f.Add([]byte(tokens))
	f.Add([]byte(`{"accounts":[{"name":"A","scripts":[{"name":"x","modules":[{"name":"a","text":["a",""]}],"bindings":[null]}],"domains":[{}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		st, err := decode(data)
		if err != nil {
			return
		}
		once, err := encode(st, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		st, err = decode(once)
		if err != nil {
			t.Fatalf("%v\n%s", err, once)
		}
		if twice, err := encode(st, nil, 0); err != nil || !bytes.Equal(twice, once) {
			t.Fatalf("%v\n%s\n%s", err, once, twice)
		}
	})
}
