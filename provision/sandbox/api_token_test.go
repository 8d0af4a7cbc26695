package sandbox

import (
	"strings"
	"testing"
)

const (
	unknownToken40 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	disabledToken  = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
)

const tokens = `{
  "clock": "2026-11-20T12:00:00Z",
  "accounts": [
    {"name": "Acme", "zones": [{"name": "example.com"}, {"name": "example.org"}]},
    {"name": "Other", "zones": [{"name": "example.edu"}]}
  ],
  "tokens": [
    {"value": "all"},
    {"value": "none", "permissions": []},
    {"value": "reader", "permissions": ["Zone Read", "DNS Read", "Workers Scripts Read", "Workers Routes Read"]},
    {"value": "acme", "accounts": ["Acme"]},
    {"value": "org", "zones": ["example.org"]},
    {"value": "` + disabledToken + `", "status": "disabled"},
    {"value": "late", "expires_on": "2026-11-01T00:00:00Z"},
    {"value": "owned", "account": "Acme"}
  ]
}`

func TestInvalidCredentials(t *testing.T) {
	t.Parallel()
	c := newClient(t, tokens)
	const zones, scripts, user, account = "/zones", "/accounts/$A/workers/scripts", "/user/tokens/verify", "/accounts/$A/tokens/verify"
	for _, test := range []struct {
		name, path, header, value string
		status, code, chain       int
	}{
		{"nothing", zones, "", "", 400, 9106, 0},
		{"nothing, account", scripts, "", "", 400, 9106, 0},
		{"nothing, verify", user, "", "", 400, 9106, 0},
		{"nothing, account verify", account, "", "", 401, 1001, 0},
		{"malformed", zones, "Authorization", "Bearer nonsense", 400, 6003, 6111},
		{"not bearer", zones, "Authorization", "Token " + unknownToken40, 400, 6003, 6111},
		{"malformed, account", scripts, "Authorization", "Bearer nonsense", 400, 9106, 0},
		{"malformed, verify", user, "Authorization", "Bearer nonsense", 400, 6003, 6111},
		{"unknown", zones, "Authorization", "Bearer " + unknownToken40, 403, 9109, 0},
		{"unknown, new format", zones, "Authorization", "Bearer cfut_" + unknownToken40 + "01234567", 403, 9109, 0},
		{"unknown, account", scripts, "Authorization", "Bearer " + unknownToken40, 401, 10000, 0},
		{"unknown, verify", user, "Authorization", "Bearer " + unknownToken40, 401, 1000, 0},
		{"disabled", zones, "Authorization", "Bearer " + disabledToken, 403, 9109, 0},
		{"disabled, account", scripts, "Authorization", "Bearer " + disabledToken, 401, 10000, 0},
		{"expired", zones, "Authorization", "Bearer late", 403, 9109, 0},
		{"owned by an account, user verify", user, "Authorization", "Bearer owned", 401, 1000, 0},
		{"owned by a user, account verify", account, "Authorization", "Bearer all", 401, 1000, 0},
		{"key without mail", zones, "X-Auth-Key", "0123456789012345678901234567890123456", 400, 9106, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := *c
			c.t, c.token = t, ""
			r := c.send("GET", test.path, "", nil, test.header, test.value).wantError(test.status, test.code)
			if test.chain != 0 && (len(r.Errors[0].Chain) != 1 || r.Errors[0].Chain[0].Code != test.chain) {
				t.Errorf("error_chain: want %d, got %s", test.chain, r.Raw)
			}
			if test.chain == 0 && r.Errors[0].Chain != nil {
				t.Errorf("unexpected error_chain: %s", r.Raw)
			}
		})
	}
}

func TestGlobalKey(t *testing.T) {
	t.Parallel()
	c := newClient(t, tokens)
	c.token = ""
	r := c.send("GET", "/zones", "", nil, "X-Auth-Key", "short", "X-Auth-Email", "a@example.com").wantError(400, 6003)
	if r.Errors[0].Chain[0].Code != 6103 {
		t.Errorf("error_chain: %s", r.Raw)
	}
	c.send("GET", "/zones", "", nil, "X-Auth-Key", strings.Repeat("0", 37), "X-Auth-Email", "a@example.com").wantError(403, 9103)
}

func TestVerifyToken(t *testing.T) {
	t.Parallel()
	c := newClient(t, tokens)
	for token, want := range map[string]string{"all": "active", "none": "active", "late": "expired", disabledToken: "disabled"} {
		c.token = token
		var got tokenStatus
		r := c.do("GET", "/user/tokens/verify", nil).wantOK(&got)
		if got.Status != want || !idPattern().MatchString(got.ID) {
			t.Errorf("%s: got %+v", token, got)
		}
		if want == "active" && (len(r.Messages) != 1 || r.Messages[0].Code != 10000) {
			t.Errorf("messages: %s", r.Raw)
		}
	}
	c.token = "owned"
	c.do("GET", "/accounts/$A/tokens/verify", nil).wantOK(nil)
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	c := newClient(t, tokens)
	st, err := c.store.state()
	if err != nil {
		t.Fatal(err)
	}
	other, edu := st.Accounts[1].ID, st.Accounts[1].Zones[0].ID
	for _, test := range []struct {
		token, method, path string
		status, code        int // 0 = success
	}{
		{"none", "GET", "/accounts/$A", 403, 9109},
		{"none", "GET", "/zones/$Z", 403, 9109},
		{"none", "GET", "/zones/$Z/dns_records", 403, 10000},
		{"none", "GET", "/zones/$Z/workers/routes", 403, 10000},
		{"none", "GET", "/accounts/$A/workers/scripts", 403, 10000},
		{"none", "GET", "/user/tokens/permission_groups", 403, 10000},
		{"reader", "GET", "/zones/$Z/dns_records", 0, 0},
		{"reader", "POST", "/zones/$Z/dns_records", 403, 10000},
		{"reader", "POST", "/zones/$Z/workers/routes", 403, 10000},
		{"reader", "PUT", "/accounts/$A/workers/scripts/x", 403, 10000},
		{"reader", "GET", "/accounts/$A/workers/scripts", 0, 0},
		{"acme", "GET", "/accounts/" + other, 403, 9109},
		{"acme", "GET", "/accounts/" + other + "/workers/scripts", 403, 10000},
		{"acme", "GET", "/zones/" + edu, 403, 9109},
		{"acme", "GET", "/zones/" + edu + "/dns_records", 403, 10000},
		{"org", "GET", "/zones/$Z", 403, 9109},
		{"org", "GET", "/zones/$Z/workers/routes", 403, 10000},
		{"all", "GET", "/zones/" + strings.Repeat("0", 32), 403, 9109},
		{"all", "GET", "/zones/" + strings.Repeat("0", 32) + "/dns_records", 403, 10000},
		{"owned", "GET", "/accounts/$A/workers/scripts", 0, 0},
		{"owned", "GET", "/accounts/" + other + "/workers/scripts", 403, 10000},
	} {
		c.token = test.token
		if r := c.do(test.method, test.path, nil); test.code == 0 {
			r.wantOK(nil)
		} else {
			r.wantError(test.status, test.code)
		}
	}
}

func TestPermissionGroups(t *testing.T) {
	t.Parallel()
	c := newClient(t, `{"accounts":[{"name":"Acme","zones":[{"name":"example.com"}]}],
		"tokens":[{"value":"x","permissions":["API Tokens Read","Account API Tokens Read"]}]}`)
	var groups []permissionGroup
	c.do("GET", "/user/tokens/permission_groups?name=Zone+Read", nil).wantOK(&groups)
	if len(groups) != 1 || groups[0].ID != "c8fed203ed3043cba015a93ad1616f1f" {
		t.Errorf("got %+v", groups)
	}
	c.do("GET", "/accounts/$A/tokens/permission_groups?scope="+scopeZone, nil).wantOK(&groups)
	for _, g := range groups {
		if g.Scopes[0] != scopeZone || !idPattern().MatchString(g.ID) {
			t.Errorf("got %+v", g)
		}
	}
}

func TestDefaultTokenFormat(t *testing.T) {
	t.Parallel()
	if !tokenPattern().MatchString(defaultToken) || !strings.HasPrefix(defaultToken, "cfut_sandbox") {
		t.Error(defaultToken)
	}
}
