package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const absentVersion = "00000000-0000-4000-8000-000000000000"

// replyWith returns a script with one response.
func replyWith(text string) formPart {
	return js("index.js", "export default { fetch: () => new Response('"+text+"') }\n")
}

// version uploads a version without deploying it.
func (c *client) version(query, meta string, parts ...formPart) *response {
	c.t.Helper()
	kind, body := buildForm(c.t, append([]formPart{{"metadata", "application/json", meta}}, parts...)...)
	return c.send("POST", relayPath+"/versions"+query, kind, body, "User-Agent", "wrangler/4.86.0")
}

func (c *client) versions() []versionView {
	c.t.Helper()
	var list versionItems
	c.do("GET", relayPath+"/versions?deployable=true", nil).wantOK(&list)
	return list.Items
}

func (c *client) deployments() []deploymentView {
	c.t.Helper()
	var list deploymentList
	c.do("GET", relayPath+"/deployments", nil).wantOK(&list)
	return list.Deployments
}

// deploy deploys versions with their percentages: "ID 40 ID 60".
func (c *client) deploy(query, shares string) *response {
	c.t.Helper()
	fields := strings.Fields(shares)
	var versions []string
	for i := 0; i+1 < len(fields); i += 2 {
		versions = append(versions, fmt.Sprintf(`{"version_id":%q,"percentage":%s}`, fields[i], fields[i+1]))
	}
	return c.do("POST", relayPath+"/deployments"+query, `{"strategy":"percentage","versions":[`+strings.Join(versions, ",")+`],
		"annotations":{"workers/message":"why","workers/triggered_by":"me"}}`)
}

// deployed returns what the API shows of the deployed version: its code, settings and secrets.
func (c *client) deployed() string {
	c.t.Helper()
	var v settingsView
	c.do("GET", relayPath+"/settings", nil).wantOK(&v)
	var secrets []secretView
	c.do("GET", relayPath+"/secrets", nil).wantOK(&secrets)
	code := string(c.do("GET", relayPath+"/content/v2", nil).Raw)
	_, code, _ = strings.Cut(code, "Response('")
	code, _, _ = strings.Cut(code, "'")
	all := names(secrets, func(s secretView) string { return s.Name })
	slices.Sort(all)
	return strings.Join(append([]string{code, v.CompatibilityDate}, all...), " ")
}

func TestVersionIsDeployed(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	c.version("", `{"main_module":"index.js"}`, replyWith("one")).wantError(404, 10007)
	c.do("GET", relayPath+"/versions", nil).wantError(404, 10007)
	c.do("GET", relayPath+"/deployments", nil).wantError(404, 10007)
	var created scriptView
	c.upload("relay", `{"main_module":"index.js","compatibility_date":"2026-06-01","tags":["ours"],
		"bindings":[{"type":"secret_text","name":"K","text":"hidden"}],"annotations":{"workers/message":"first"}}`, replyWith("one")).wantOK(&created)
	var second versionView
	c.version("?bindings_inherit=strict", `{"main_module":"index.js","compatibility_date":"2026-07-01","tags":["other"],
		"keep_bindings":["secret_text"],"bindings":[{"type":"inherit","name":"L","old_name":"K"}],
		"placement":{"mode":"smart"},"limits":{"cpu_ms":5},"annotations":{"workers/tag":"v2"}}`, replyWith("two")).wantOK(&second)
	if second.Number != 2 || second.Metadata.Source != "wrangler" || second.Resources.Script.Etag == created.Etag || len(second.Resources.Bindings) != 2 {
		t.Errorf("got %+v", second)
	}
	if diff := cmp.Diff(map[string]string{"workers/tag": "v2", "workers/triggered_by": "version_upload"}, second.Annotations); diff != "" {
		t.Error(diff)
	}
	if got := c.deployed(); got != "one 2026-06-01 K" {
		t.Errorf("an upload without a deployment changed what is served: %s", got)
	}
	first := c.versions()[1]
	if got := c.versions()[0].ID; got != second.ID || strings.ReplaceAll(first.ID, "-", "") != created.DeploymentID {
		t.Errorf("want newest first: got %s, created %s and %s", got, created.DeploymentID, second.ID)
	}
	if diff := cmp.Diff(map[string]string{"workers/message": "first", "workers/triggered_by": "upload"}, first.Annotations); diff != "" {
		t.Error(diff)
	}
	var d deploymentView
	c.deploy("", second.ID+" 100").wantOK(&d)
	if got := c.deployed(); got != "two 2026-07-01 K L" {
		t.Errorf("got %s", got)
	}
	if diff := cmp.Diff(map[string]string{"workers/message": "why", "workers/triggered_by": "deployment"}, d.Annotations); diff != "" {
		t.Error(diff)
	}
	all := c.deployments()
	if len(all) != 2 || all[0].ID != d.ID || all[0].Versions[0] != (deploymentVersion{second.ID, 100}) || all[1].Annotations["workers/triggered_by"] != "upload" {
		t.Errorf("got %+v", all)
	}
	var v settingsView
	c.do("GET", relayPath+"/settings", nil).wantOK(&v)
	if !slices.Equal(v.Tags, []string{"ours"}) {
		t.Errorf("tags must belong to the script: %v", v.Tags)
	}
	if old := c.do("GET", relayPath+"/content/v2?version="+first.ID, nil); !strings.Contains(string(old.Raw), "'one'") {
		t.Errorf("got %s", old.Raw)
	}
	c.do("GET", relayPath+"/content/v2?version="+absentVersion, nil).wantError(404, 100146)
	c.do("GET", relayPath+"/versions/"+absentVersion, nil).wantError(404, 100146)
}

func TestDeployVersionWithOtherSecrets(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	c.upload("relay", `{"main_module":"index.js"}`, replyWith("one")).wantOK(nil)
	first := c.versions()[0].ID
	c.do("PUT", relayPath+"/secrets", `{"name":"K","text":"hidden"}`).wantOK(nil)
	if all := c.versions(); len(all) != 2 || all[0].Annotations["workers/triggered_by"] != "secret" {
		t.Errorf("putting a secret created no version: %+v", all)
	}
	second := c.versions()[0].ID
	r := c.deploy("", first+" 100").wantError(400, 10220)
	if !strings.HasSuffix(r.Errors[0].Message, "The following secrets have changed: K") || strings.Contains(string(r.Raw), "hidden") {
		t.Errorf("got %s", r.Raw)
	}
	c.deploy("?force=true", first+" 100").wantOK(nil)
	if got := c.deployed(); got != "one 2021-11-02" {
		t.Errorf("got %s", got)
	}
	c.do("PUT", relayPath+"/secrets", `{"name":"K","text":"other"}`).wantError(400, 10215)
	c.deploy("", second+" 100").wantOK(nil) // a newer version needs no force
	c.do("DELETE", relayPath+"/secrets/K", nil).wantOK(nil)
	if all := c.versions(); len(all) != 3 || all[0].Number != 3 {
		t.Errorf("got %+v", all)
	}
	c.deploy("", first+" 100").wantOK(nil) // the secrets are unchanged
}

func TestDeploymentErrors(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	c.uploadHello("relay")
	c.uploadHello("relay")
	one, two := c.versions()[0].ID, c.versions()[1].ID
	before := c.bytes()
	for _, shares := range []string{
		"", one + " 99", one + " 60 " + two + " 60", one + " -1 " + two + " 101", one + " 50 " + one + " 50",
		one + " 40 " + two + " 40 " + absentVersion + " 20",
	} {
		c.deploy("", shares).wantError(400, 10210)
	}
	for _, shares := range []string{absentVersion + " 100", one + " 50 " + absentVersion + " 50"} {
		c.deploy("", shares).wantError(404, 10210).wantMessage("Version not found")
	}
	c.deploy("", nullVersion+" 100").wantError(500, 10013)
	c.do("POST", relayPath+"/deployments", `{"versions":[{"version_id":"`+one+`","percentage":100}]}`).wantError(400, 10026)
	c.do("POST", "/accounts/$A/workers/scripts/other/deployments", `{}`).wantError(404, 10007)
	all := c.deployments()
	c.do("DELETE", relayPath+"/deployments/"+all[0].ID, nil).wantError(400, 10336)
	c.do("GET", relayPath+"/deployments/x", nil).wantError(404, 10336)
	c.do("DELETE", relayPath+"/deployments/x", nil).wantError(404, 10336)
	if before != c.bytes() {
		t.Error("a call that failed changed the state")
	}
	c.do("GET", relayPath+"/deployments/"+all[1].ID, nil).wantOK(nil)
	c.do("DELETE", relayPath+"/deployments/"+all[1].ID, nil).wantOK(nil)
	c.do("GET", relayPath+"/deployments/"+all[1].ID, nil).wantError(404, 10336)
}

// The list is as long as the API's, and the file has the text of each module only once.
func TestLastTenVersionsAreKept(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	library := js("lib.js", "export const same = 'in all of them'\n")
	c.upload("relay", `{"main_module":"index.js"}`, replyWith("one"), library).wantOK(nil)
	first := c.versions()[0].ID
	for i := range 12 {
		c.version("", `{"main_module":"index.js"}`, replyWith(fmt.Sprint(i%2)), library).wantOK(nil)
	}
	all := c.versions()
	numbers := names(all, func(v versionView) string { return fmt.Sprint(v.Number) })
	if got := strings.Join(numbers, " "); got != "13 12 11 10 9 8 7 6 5 1" {
		t.Errorf("the deployed version must be kept regardless of its age: %s", got)
	}
	for _, text := range []string{"in all of them", "Response('one')", "Response('0')", "Response('1')"} {
		if got := strings.Count(c.bytes(), text); got != 1 {
			t.Errorf("%q is %d times in the file", text, got)
		}
	}
	again := newClientFor(t, parseStore(t, c.bytes()))
	if again.bytes() != c.bytes() {
		t.Errorf("decoding the file returns another state:\n%s", cmp.Diff(c.bytes(), again.bytes()))
	}
	again.deploy("", all[1].ID+" 100").wantOK(nil)
	if got := again.deployed(); got != "0 2021-11-02" {
		t.Errorf("got %s", got)
	}
	for range 12 {
		again.deploy("", all[0].ID+" 100").wantOK(nil)
	}
	again.version("", `{"main_module":"index.js"}`, replyWith("last")).wantOK(nil)
	again.do("GET", relayPath+"/versions/"+first, nil).wantError(404, 100146)
	if got := len(again.deployments()); got != 10 {
		t.Errorf("%d deployments", got)
	}
	again.do("DELETE", relayPath, nil).wantOK(nil)
	if diff := cmp.Diff(newClient(t, acme).scripts(), again.scripts()); diff != "" {
		t.Errorf("deleting a script does not restore the state: %s", diff)
	}
}

// scripts returns the state up to the authority, which is random.
func (c *client) scripts() string {
	c.t.Helper()
	text, _, _ := strings.Cut(c.bytes(), `"edge"`)
	return text
}

// A file without versions, which only has the deployed one.
func TestFileWithoutHistory(t *testing.T) {
	t.Parallel()
	c := newClient(t, `{"accounts":[{"name":"Acme","zones":[{"name":"example.com"}],"scripts":[{"name":"relay","tag":"5a2db0fa91dd5a0d1ce5d2ad1e8a5c47",
		"created_on":"2026-10-01T00:00:00.000000Z","modified_on":"2026-10-02T00:00:00.000000Z","version":"5a2db0ad-54e0-d44d-7a24-8cc2b4bf0a9b",
		"number":7,"annotations":{"workers/tag":"x"},"main":"index.js","compatibility_date":"2026-06-01","usage_model":"standard",
		"bindings":[{"name":"K","type":"secret_text","text":"hidden"}],
		"modules":[{"name":"index.js","type":"application/javascript+module","text":["export default {","}"]}]}]}]}`)
	const id = "5a2db0ad-54e0-d44d-7a24-8cc2b4bf0a9b"
	if all := c.deployments(); len(all) != 1 || all[0].Versions[0] != (deploymentVersion{id, 100}) || all[0].CreatedOn != "2026-10-02T00:00:00.000000Z" {
		t.Errorf("got %+v", all)
	}
	c.upload("relay", `{"main_module":"index.js","keep_bindings":["secret_text"]}`, replyWith("new")).wantOK(nil)
	if all := c.versions(); len(all) != 2 || all[0].Number != 8 || all[1].ID != id {
		t.Errorf("got %+v", all)
	}
	c.deploy("", id+" 100").wantOK(nil)
	if got := c.deployed(); got != " 2026-06-01 K" {
		t.Errorf("got %q", got)
	}
}

func TestInvalidVersionsInFile(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		`"versions":[null]`:                  "scripts[0].versions[0]: a version needs a unique id",
		`"versions":[{}]`:                    "scripts[0].versions[0]: a version needs a unique id",
		`"versions":[{"version":"v"}]`:       "scripts[0].versions[0]: a version needs a unique id",
		`"versions":[{"version":"w","x":1}]`: `unknown field "x"`,
		`"versions":[{"version":"w","modules":[{"name":"i.js","like":"u"}]}]`:                                      "scripts[0].versions[0].modules: version u above has no module",
		`"modules":[{"name":"i.js","like":"v"}]`:                                                                   "scripts[0].modules: version v above has no module",
		`"deployments":[null]`:                                                                                     "scripts[0].deployments[0]: a deployment needs",
		`"deployments":[{"id":"d","versions":[]}]`:                                                                 "scripts[0].deployments[0]: a deployment needs",
		`"deployments":[{"id":"d","versions":[{"version_id":"u","percentage":100}]}]`:                              "scripts[0].deployments[0]: a deployment needs",
		`"versions":[{"version":"w"}],"deployments":[{"id":"d","versions":[{"version_id":"w","percentage":100}]}]`: "the deployed version is v, not w",
	} {
		_, err := Parse([]byte(`{"accounts":[{"name":"A","scripts":[{"name":"relay","version":"v",` + script + `}]}]}`))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want an error with %q, got %v", script, want, err)
		}
	}
}
