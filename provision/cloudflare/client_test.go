package cloudflare_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

const token = "cfut_0123456789abcdef0123456789abcdef0123456789abcdef"

// newClient returns a Client of an API that handler implements.
func newClient(t *testing.T, handler http.HandlerFunc) *cloudflare.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return cloudflare.New(cloudflare.Options{Token: token, BaseURL: server.URL + "/client/v4/", UserAgent: "cfproxy/test"})
}

// respond returns a handler that always sends the same response.
func respond(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.Header().Set("Cf-Ray", "0123456789abcdef-SIN")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// failed returns the body of an error response.
func failed(codes ...string) string {
	return `{"result": null, "success": false, "messages": [], "errors": [` + strings.Join(codes, ",") + `]}`
}

// Error numbers and statuses of the API, as found in public sources, map to our codes.
func TestErrorResponses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status     int
		body       string
		want       errcode.Code
		temporary  bool
		permission string
	}{
		"unknown token":        {403, failed(`{"code": 9109, "message": "Invalid access token"}`), errcode.TokenRejected, false, ""},
		"malformed header":     {400, failed(`{"code": 6003, "message": "Invalid request headers", "error_chain": [{"code": 6111, "message": "Invalid format"}]}`), errcode.TokenMalformed, false, ""},
		"no credentials":       {400, failed(`{"code": 9106, "message": "Missing headers"}`), errcode.TokenMalformed, false, ""},
		"account token at all": {401, failed(`{"code": 1000, "message": "Invalid API Token"}`), errcode.TokenRejected, false, ""},
		"unknown, account":     {401, failed(`{"code": 10000, "message": "Authentication error"}`), errcode.TokenRejected, false, ""},
		"no permission":        {403, failed(`{"code": 10000, "message": "Authentication error"}`), errcode.PermissionMissing, false, cloudflare.PermissionZone},
		"too many":             {429, failed(`{"code": 10100, "message": "More than 1200 requests"}`), errcode.RateLimited, true, ""},
		"too many, newer":      {429, failed(`{"code": 971, "message": "slow down"}`), errcode.RateLimited, true, ""},
		"unknown error":        {500, failed(`{"code": 10013, "message": "unknown"}`), errcode.ServerError, true, ""},
		"bare 503":             {503, "upstream connect error", errcode.ServerError, true, ""},
		"success false at 200": {200, failed(), errcode.Rejected, false, ""},
		"portal":               {200, "<html>please log in</html>", errcode.NotJSON, false, ""},
		"nothing at all":       {200, "", errcode.ServerError, true, ""},
		"no result":            {200, `{"success": true, "errors": []}`, errcode.NoResult, false, ""},
		"an object for a list": {200, `{"success": true, "errors": [], "result": {}}`, errcode.NoResult, false, ""},
		"a text for a list":    {200, `{"success": true, "errors": [], "result": ""}`, errcode.NoResult, false, ""},
		"token repeated":       {400, failed(`{"code": 4242, "message": "bad token ` + token + `!"}`), errcode.Rejected, false, ""},
		"other JSON":           {200, `{"code": 1, "error": "nope"}`, errcode.NotJSON, false, ""},
		"unknown refusal":      {400, failed(`{"code": 4242, "message": "no\nteapots"}`), errcode.Rejected, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newClient(t, respond(test.status, "application/json", test.body)).Zones(context.Background(), "")
			var e *errcode.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if e.Code != test.want || e.Temporary != test.temporary || e.Details["permission"] != test.permission {
				t.Errorf("got %v (temporary: %v), want %s", e, e.Temporary, test.want)
			}
			if e.Details["ray"] != "0123456789abcdef-SIN" || strings.Contains(e.Details["message"], "\n") || strings.Contains(err.Error()+e.Details["message"], token) {
				t.Errorf("details %v of %v", e.Details, err)
			}
		})
	}
}

// Responses on which the SDK's own types fail or panic are decoded.
func TestResponsesThatTheSDKCannotDecode(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, test := range map[string]struct{ placement, region string }{
		"none": {`{}`, ""}, "null": {`null`, ""}, "hint": {`{"mode": "targeted", "region": "aws:us-east-1"}`, "aws:us-east-1"},
		"list": {`{"mode": "targeted", "target": [{"region": "gcp:us-east4"}]}`, "gcp:us-east4"},
	} {
		body := `{"success": true, "errors": [], "messages": [], "result": {"tags": ["` + plan.OwnerTag + `"], "placement": ` + test.placement + `,
			"bindings": [{"type": "secret_text", "name": "KEY_a_b"}, {"type": "secret_text", "name": "KEY_openai"}, {"type": "secret_text", "name": "OTHER"},
			{"type": "plain_text", "name": "KEYS", "text": "openai:0123abcd gone:4567cdef"}, {"type": "plain_text", "name": "BUILD", "text": "0123456789abcdef"},
			{"type": "ratelimit", "name": "RPM_600"}, {"type": "ratelimit", "name": "RPM_60"},
			{"type": "json", "name": "SETTINGS", "json": {"origins": ["https://a.example", "https://b.example"], "managed": true, "page": false}},
			{"type": "json", "name": "PROVIDERS", "json": [{"origin": "https://api.openai.com", "id": "openai"}]}]}}`
		script, err := newClient(t, respond(200, "application/json", body)).Script(ctx, strings.Repeat("a", 32), "relay")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := binding.Attrs{"build": "0123456789abcdef", "providers": "openai=https://api.openai.com", "region": test.region, "zones": "",
			"access": "managed", "page": "false", "allow_origins": "https://a.example https://b.example",
			"keys": "a_b:unknown openai:0123abcd", "limits": "60 600"}
		if diff := cmp.Diff(want, script.Attrs); diff != "" || !script.Owned {
			t.Errorf("%s: owned %v, %s", name, script.Owned, diff)
		}
	}
	gone := newClient(t, respond(404, "application/json", failed(`{"code": 10007, "message": "This Worker does not exist on your account."}`)))
	if script, err := gone.Script(ctx, strings.Repeat("a", 32), "relay"); script != nil || err != nil {
		t.Errorf("a Worker that does not exist: %v, %v", script, err)
	}
	zones := `{"success": true, "result": [{"id": "z", "name": "example.com", "status": "active", "owner": {"id": null}, "original_registrar": null,
		"account": {"id": "a"}, "name_servers": null}], "result_info": null}`
	if found, err := newClient(t, respond(200, "", zones)).Zones(ctx, ""); err != nil || len(found) != 1 || found[0].Name != "example.com" {
		t.Errorf("zones: %v, %v", found, err)
	}
}

// The response of this endpoint is not documented, so several formats are accepted.
func TestRegionsInSeveralFormats(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`{"providers": [{"id": "aws", "regions": ["us-east-1"]}, {"id": "gcp", "regions": [{"id": "us-east4", "name": "x"}]}]}`: {"aws:us-east-1", "gcp:us-east4"},
		`{"providers": [{"id": "aws", "regions": ["aws:us-east-1", 7, null, {}]}]}`:                                             {"aws:us-east-1"},
		`{"providers": null}`: nil,
	} {
		path := ""
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			path = r.URL.Path
			respond(200, "application/json", `{"success": true, "result": `+body+`}`)(w, r)
		})
		got, err := c.Regions(context.Background(), "account")
		if diff := cmp.Diff(want, got); diff != "" || err != nil || path != "/client/v4/accounts/account/workers/placement/regions" {
			t.Errorf("%s at %s: %v %s", body, path, err, diff)
		}
	}
	for _, handler := range []http.HandlerFunc{respond(200, "application/json", `{"success": true, "result": ["aws:us-east-1"]}`), respond(404, "application/json", failed(`{"code": 7003}`))} {
		if got, err := newClient(t, handler).Regions(context.Background(), "account"); err == nil {
			t.Errorf("got %v", got)
		}
	}
}

// Deleting an object that does not exist is not an error, and neither is an empty response to a deletion.
func TestDeletionsSucceed(t *testing.T) {
	t.Parallel()
	step := plan.Step{Action: plan.ActionDelete, ID: "id", Address: plan.Address{Parent: "parent", Name: "name"}}
	for name, handler := range map[string]http.HandlerFunc{
		"script gone": respond(404, "application/json", failed(`{"code": 10007}`)),
		"route gone":  respond(404, "application/json", failed(`{"code": 10009}`)),
		"record gone": respond(404, "application/json", failed(`{"code": 81044}`)),
		"empty":       respond(200, "", ""),
	} {
		for _, kind := range []plan.Kind{plan.KindScript, plan.KindRoute, plan.KindRecord} {
			step.Address.Kind = kind
			if _, err := newClient(t, handler).ApplyStep(context.Background(), step); err != nil {
				t.Errorf("%s, %s: %v", name, kind, err)
			}
		}
	}
}

// An upload has one part with metadata and one for each module, under the name by which it is imported.
func TestUploadForm(t *testing.T) {
	t.Parallel()
	parts := map[string]string{}
	var order []string
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "bindings_inherit=strict" {
			t.Errorf("query is %q", r.URL.RawQuery)
		}
		_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil {
			t.Error(err)
		}
		form := multipart.NewReader(r.Body, params["boundary"])
		for part, err := form.NextPart(); err == nil; part, err = form.NextPart() {
			text, _ := io.ReadAll(part)
			parts[part.FormName()] = part.Header.Get("Content-Type") + " " + string(text)
			order = append(order, part.FormName())
		}
		respond(200, "application/json", `{"success": true, "result": {"id": "relay", "placement": {}}}`)(w, r)
	})
	_, err := c.ApplyStep(context.Background(), plan.Step{
		Action: plan.ActionCreate, Address: plan.Address{Kind: plan.KindScript, Parent: "account", Name: "relay"},
		Upload: &plan.Upload{
			Bundle: worker.Bundle{Main: "index.js", CompatibilityDate: "2026-06-01", Modules: []worker.Module{
				{Name: "index.js", Type: worker.TypeModule, Source: []byte("one")}, {Name: "tokens.txt", Type: worker.TypeText, Source: []byte("two")}}},
			Providers: []worker.Provider{{ID: "openai", Name: "OpenAI", Origin: "https://api.openai.com", Base: "/v1", Dialect: "openai", Auth: "authorization", Probe: "/v1/models"}},
			Settings:  worker.Settings{Page: true},
			Keys: []binding.Key{{Provider: "openai", Fingerprint: "0123abcd", Value: binding.NewSecret("sk-1")}, {Provider: "a-b", Fingerprint: "4567cdef", Inherited: true},
				{Provider: "none", Fingerprint: "missing"}},
			Limits: []binding.RateLimit{{Requests: 60, Namespace: "7"}},
			Region: "aws:us-east-1", Build: "0123456789abcdef", ProgramVersion: "1.2.3", Zones: []string{"z1", "z2"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"metadata", "index.js", "tokens.txt"}, order); diff != "" {
		t.Error(diff)
	}
	if parts["tokens.txt"] != "text/plain two" {
		t.Errorf("tokens.txt is %q", parts["tokens.txt"])
	}
	contentType, text, _ := strings.Cut(parts["metadata"], " ")
	var metadata map[string]any
	if err := json.Unmarshal([]byte(text), &metadata); err != nil || contentType != "application/json" {
		t.Fatalf("metadata is %s: %v", contentType, err)
	}
	want := map[string]any{
		"main_module": "index.js", "compatibility_date": "2026-06-01", "tags": []any{"managed-by=cfproxy"},
		"placement":   map[string]any{"mode": "targeted", "region": "aws:us-east-1"},
		"annotations": map[string]any{"workers/tag": "0123456789abcdef", "workers/message": "cfproxy 1.2.3, build 0123456789abcdef"},
		"bindings": []any{
			map[string]any{"type": "json", "name": "PROVIDERS", "json": []any{map[string]any{
				"id": "openai", "name": "OpenAI", "origin": "https://api.openai.com", "base": "/v1", "dialect": "openai", "auth": "authorization", "probe": "/v1/models"}}},
			map[string]any{"type": "json", "name": "SETTINGS", "json": map[string]any{"managed": false, "page": true, "origins": nil}},
			map[string]any{"type": "plain_text", "name": "BUILD", "text": "0123456789abcdef"},
			map[string]any{"type": "plain_text", "name": "VERSION", "text": "1.2.3"},
			map[string]any{"type": "plain_text", "name": "ZONES", "text": "z1 z2"},
			map[string]any{"type": "secret_text", "name": "KEY_openai", "text": "sk-1"},
			map[string]any{"type": "inherit", "name": "KEY_a_b"},
			map[string]any{"type": "plain_text", "name": "KEYS", "text": "openai:0123abcd a-b:4567cdef"},
			map[string]any{"type": "ratelimit", "name": "RPM_60", "namespace_id": "7", "simple": map[string]any{"limit": 60.0, "period": 60.0}},
		},
	}
	if diff := cmp.Diff(want, metadata); diff != "" {
		t.Error(diff)
	}
}

// If the API repeats a key that it was sent, the error does not contain it.
func TestKeysAreRedacted(t *testing.T) {
	t.Parallel()
	const key = "sk-owner-0123456789"
	c := newClient(t, respond(400, "application/json", failed(`{"code": 10021, "message": "binding KEY_openai: bad text `+key+`"}`)))
	_, err := c.ApplyStep(context.Background(), plan.Step{
		Action: plan.ActionCreate, Address: plan.Address{Kind: plan.KindScript, Parent: "account", Name: "relay"},
		Upload: &plan.Upload{Keys: []binding.Key{{Provider: "openai", Value: binding.NewSecret(key)}}},
	})
	var e *errcode.Error
	if !errors.As(err, &e) || e.Details["message"] != "binding KEY_openai: bad text …" {
		t.Errorf("got %v with %v", err, e.Details)
	}
}

// If the API repeats the token, neither errors nor traces contain it.
func TestTokensAreRedacted(t *testing.T) {
	t.Parallel()
	encoded := base64.StdEncoding.EncodeToString([]byte("Bearer " + token))
	for name, test := range map[string]struct {
		status                                    int
		contentType, ray, location, message, want string
	}{
		"message": {status: 400, contentType: "application/json", message: "bad token " + token + "!", want: "bad token …!"},
		"piece":   {status: 400, contentType: "application/json", message: "bad token " + token[:20] + "***", want: "bad token …***"},
		"base64":  {status: 403, contentType: "application/json", message: "got " + encoded},
		"type":    {status: 200, contentType: "text/" + token},
		"ray":     {status: 502, contentType: "text/html", ray: token},
		"address": {status: 302, contentType: "text/html", location: "https://elsewhere.example/?token=" + token},
	} {
		var calls []cloudflare.Call
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", test.contentType)
			w.Header().Set("Cf-Ray", test.ray)
			w.Header().Set("Location", test.location)
			w.WriteHeader(test.status)
			io.WriteString(w, failed(`{"code": 4242, "message": "`+test.message+`"}`))
		}))
		defer server.Close()
		c := cloudflare.New(cloudflare.Options{Token: token, BaseURL: server.URL + "/client/v4/", Trace: func(call cloudflare.Call) { calls = append(calls, call) }})
		_, err := c.Zones(context.Background(), "an account")
		var e *errcode.Error
		if !errors.As(err, &e) || len(calls) != 1 {
			t.Fatalf("%s: %v, %v", name, err, calls)
		}
		if text := fmt.Sprintf("%v %v %+v", err, e.Details, calls); strings.Contains(text, token[5:17]) || strings.Contains(text, encoded[24:36]) {
			t.Errorf("%s: %s", name, text)
		}
		if test.want != "" && e.Details["message"] != test.want {
			t.Errorf("%s: %q", name, e.Details["message"])
		}
		if calls[0].Path != "/client/v4/zones?account.id&page&per_page" {
			t.Errorf("traced as %q", calls[0].Path)
		}
	}
}

// Redirects are not followed, because the token would be sent along.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer other.Close()
	_, err := newClient(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) }).Zones(context.Background(), "")
	if errcode.Of(err) != errcode.NotJSON {
		t.Errorf("got %v", err)
	}
}

func TestCheckToken(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]errcode.Code{
		token: "", "cfat_0123456789abcdef0123456789abcdef0123456789abcdef": "", strings.Repeat("aB3-_", 8): "",
		"": errcode.TokenMissing, "Bearer " + token: errcode.TokenMalformed, `"` + token + `"`: errcode.TokenMalformed,
		"令牌令牌令牌": errcode.TokenMalformed, "sk-proj-0123456789abcdef": errcode.TokenMalformed, "short": errcode.TokenMalformed,
		"cfk_0123456789abcdef0123456789abcdef01234567": errcode.TokenGlobalKey, strings.Repeat("0", 37): errcode.TokenGlobalKey,
	} {
		if got := errcode.Of(cloudflare.CheckToken(text)); got != want {
			t.Errorf("CheckToken(%q) = %q, want %q", text, got, want)
		}
	}
}
