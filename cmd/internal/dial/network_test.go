package dial

import (
	"context"
	"errors"
	"net"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

func TestParseConnectTo(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]connectTo{
		"::":                   {},
		":::":                  {},
		"a:443:b:8443":         {"a", "443", "b", "8443"},
		"::127.0.0.1:8443":     {"", "", "127.0.0.1", "8443"},
		"[::1]:443:[fe80::1]:": {"::1", "443", "fe80::1", ""},
		"a:443:b":              {},
	} {
		got, err := parseConnectTo(value)
		if wantErr := len(splitColons(value)) != 4; (err != nil) != wantErr || got != want {
			t.Errorf("%s: got %+v, %v", value, got, err)
		}
	}
}

func TestConnectToReplacesTheAddress(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(nil)
	defer server.Close()
	address := server.Listener.Addr().String()
	n, err := New([]string{"Relay.example.com:443:" + address}, "")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := n.Dial(context.Background(), "tcp", "relay.example.com:443")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := conn.RemoteAddr().String(); got != address {
		t.Errorf("connected to %s, want %s", got, address)
	}
	if !n.For("relay.example.com").Direct || n.For("other.example.com").Direct {
		t.Error("Direct is not of the host in --connect-to")
	}
	if want := []string{"--connect-to", "Relay.example.com:443:" + address}; !slices.Equal(n.CurlArgs, want) {
		t.Errorf("CurlArgs %q, want %q", n.CurlArgs, want)
	}
	if _, err := n.Dial(context.Background(), "tcp", "no port"); err == nil {
		t.Error("an address without a port was accepted")
	}
}

func TestNewReportsWrongFlags(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for code, flags := range map[string]struct {
		connectTo []string
		caCert    string
	}{
		"connect-to-invalid": {connectTo: []string{"a:b"}},
		"cacert-unreadable":  {caCert: empty + ".missing"},
		"cacert-empty":       {caCert: empty},
	} {
		_, err := New(flags.connectTo, flags.caCert)
		if e := (*problem.Error)(nil); !errors.As(err, &e) || e.Code != code {
			t.Errorf("got %v, want %s", err, code)
		}
	}
}

func TestSystemResolver(t *testing.T) {
	t.Parallel()
	n, err := New(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	addrs, err := n.Lookup(context.Background(), "127.0.0.1")
	if err != nil || len(addrs) != 1 || !net.IP(addrs[0].AsSlice()).IsLoopback() {
		t.Errorf("got %v, %v", addrs, err)
	}
}

// The nameservers of one host's zone are not asked about hosts of other zones.
func TestForNewLeavesOtherHostsAlone(t *testing.T) {
	t.Parallel()
	n, err := New(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	n.Lookup = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("system") }
	n.ForNew("b.example.com", []string{"127.0.0.1"})
	if _, err := n.For("a.example.com").Lookup(context.Background(), "a.example.com"); err == nil || err.Error() != "system" {
		t.Errorf("got %v", err)
	}
}
