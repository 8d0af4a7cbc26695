package contracttest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/provision/sandbox"
)

// contract runs all tests, by subject.
func contract(t *testing.T, a *api) {
	for _, part := range []struct {
		name string
		run  func(*api)
	}{
		{"tokens", tokens}, {"zones", zones},
		{"scripts/upload", upload}, {"scripts/upload again", uploadAgain}, {"scripts/inherit", inherit}, {"scripts/delete", deleteScript},
		{"scripts/workers.dev", workersDev}, {"scripts/annotations", annotations},
		{"versions/list", versionList}, {"versions/deploy an older one", deployOlder}, {"versions/changed secret", changedSecret},
		{"versions/wrong deployment", wrongDeployment},
		{"routes/lifecycle", routeLifecycle}, {"routes/errors", routeErrors},
		{"records/lifecycle", recordLifecycle}, {"records/conflicts", recordConflicts}, {"records/comment", recordComment}, {"records/pages", recordPages},
		{"domains", domains}, {"batch/order", batchOrder}, {"batch/all or nothing", batchAtomic},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(a.forTest(t)) })
	}
}

func TestSandbox(t *testing.T) {
	t.Parallel()
	contract(t, inSandbox(t))
}

// inSandbox returns an empty account in which names are the same in every run.
func inSandbox(t *testing.T) *api {
	t.Helper()
	store, err := sandbox.Parse([]byte(`{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}, {"name": "example.net"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	created := 0
	a := &api{
		token: store.Token(), zoneName: "example.com", transport: sandbox.Transport(sandbox.Handler(store)),
		unique: func() string { created++; return nameAt(time.Unix(1_800_000_000, 0), fmt.Sprintf("%06x", created)) },
	}
	a.locate(t)
	return a
}

func TestLive(t *testing.T) {
	token, zone := os.Getenv("CFPROXY_LIVE_TOKEN"), os.Getenv("CFPROXY_LIVE_ZONE")
	if token == "" || zone == "" {
		t.Skip("CFPROXY_LIVE_TOKEN and CFPROXY_LIVE_ZONE are not set")
	}
	a := &api{
		token: token, zoneName: zone, live: true, transport: http.DefaultTransport,
		unique: func() string {
			random := make([]byte, 3)
			rand.Read(random) // never fails
			return nameAt(time.Now(), hex.EncodeToString(random))
		},
	}
	a.locate(t)
	a.forTest(t).sweep(time.Now().Add(-time.Hour))
	contract(t, a)
}

// locate finds the zone and its account.
func (a *api) locate(t *testing.T) {
	t.Helper()
	var found []zone
	a.forTest(t).do("GET", "/zones?name="+a.zoneName, nil).wantOK(&found)
	if len(found) != 1 {
		t.Fatalf("the token sees %d zones named %s", len(found), a.zoneName)
	}
	a.zone, a.account = found[0].ID, found[0].Account.ID
}
