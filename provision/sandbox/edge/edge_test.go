package edge

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEdgeWithoutWorkerd(t *testing.T) {
	t.Parallel()
	c := newClient(t, parse(t, edgeState), "")
	c.wantPage("https://relay.example.com/", 522, "relay.example.com | 522: Connection timed out") // the route names a script that does not exist
	c.deploy(relaySource)
	c.wantPage("https://relay.example.com/", 503, "Worker not run | relay.example.com | Cloudflare")
	c.wantPage("https://off.example.com/", 522, "off.example.com | 522: Connection timed out")
	c.wantPage("https://lost.example.com/", 522, "lost.example.com | 522: Connection timed out")
	c.wantPage("https://nobody.example.com/", 409, "DNS resolution error | nobody.example.com | Cloudflare")
	c.wantPage("https://grey.example.com/", 409, "DNS resolution error | grey.example.com | Cloudflare")
}

func TestEdgeCertificates(t *testing.T) {
	t.Parallel()
	c := newClient(t, parse(t, edgeState), "")
	dial := func(name string, config *tls.Config) (*tls.Conn, error) {
		raw, err := c.edge.Dial(t.Context(), "tcp", name+":443")
		if err != nil {
			return nil, err
		}
		config.RootCAs, config.ServerName = c.roots, name
		conn := tls.Client(raw, config)
		t.Cleanup(func() { conn.Close() })
		err = conn.HandshakeContext(t.Context())
		return conn, err
	}
	for _, name := range []string{"example.com", "relay.example.com", "nobody.example.com", "RELAY.example.com"} {
		conn, err := dial(name, &tls.Config{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff([]string{"example.com", "*.example.com"}, conn.ConnectionState().PeerCertificates[0].DNSNames); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, name := range []string{"a.b.example.com", "relay.example.net", "example.org", "www.example.edu", "localhost"} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			_, err := dial(name, &tls.Config{MaxVersion: version})
			// crypto/tls does not export the type of a received alert.
			if err == nil || err.Error() != "remote error: tls: handshake failure" {
				t.Errorf("%s: want the alert handshake_failure, got %v", name, err)
			}
		}
	}
	for _, protocol := range []string{"h2", "http/1.1"} {
		conn, err := dial("example.com", &tls.Config{NextProtos: []string{protocol}})
		if err != nil || conn.ConnectionState().NegotiatedProtocol != protocol {
			t.Errorf("%s: %v", protocol, err)
		}
	}
}

func TestAuthorityIsPersistent(t *testing.T) {
	t.Parallel()
	path := stateFile(t, edgeState)
	one, two := newClient(t, openStore(t, path), ""), newClient(t, openStore(t, path), "")
	if !bytes.Equal(one.edge.CAPEM(), two.edge.CAPEM()) {
		t.Error("two edges of one file have different authorities")
	}
	if bytes.Equal(one.edge.CAPEM(), newClient(t, parse(t, edgeState), "").edge.CAPEM()) {
		t.Error("two files have the same authority")
	}
}

func TestLookupHost(t *testing.T) {
	t.Parallel()
	c := newClient(t, parse(t, edgeState), "")
	for host, want := range map[string]string{
		"relay.example.com": "edge", "RELAY.example.com.": "edge", "x.wild.example.com": "edge", "x.y.wild.example.com": "edge",
		"grey.example.com": "192.0.2.7 2001:db8::7", "alias.example.com": "192.0.2.7 2001:db8::7", "192.0.2.1": "192.0.2.1",
		"text.example.com": "", "wild.example.com": "", "nobody.example.com": "", "loop.example.com": "", "relay.example.net": "", "www.example.edu": "",
	} {
		addrs, err := c.edge.LookupHost(t.Context(), host)
		var got []string
		for _, a := range addrs {
			got = append(got, a.String())
		}
		if want == "edge" {
			v4, v6 := netip.MustParsePrefix("104.16.0.0/13"), netip.MustParsePrefix("2606:4700::/32")
			for _, a := range addrs {
				if !v4.Contains(a) && !v6.Contains(a) {
					t.Errorf("%s: %v is not in the ranges of the edge", host, a)
				}
			}
			if len(addrs) != 4 {
				t.Errorf("%s: got %v, %v", host, addrs, err)
			}
			continue
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v", host, got)
		}
		var missing *net.DNSError
		if want == "" && (!errors.As(err, &missing) || !missing.IsNotFound) {
			t.Errorf("%s: want not found, got %v", host, err)
		}
	}
}

func TestFaultsAtTheEdge(t *testing.T) {
	t.Parallel()
	c := newClient(t, parse(t, strings.TrimSuffix(edgeState, "}")+`,"faults":[
		{"at":"dns","path":"relay.example.com","times":2},
		{"at":"tls","path":"relay.example.com"},
		{"at":"edge","path":"relay.example.com/v1/**","status":521,"message":"Web server is down"},
		{"at":"edge","path":"relay.example.com/v1/**","status":200,"body":"parked"}]}`), "")
	for i := range 3 {
		_, err := c.edge.LookupHost(t.Context(), "relay.example.com")
		if (err != nil) != (i < 2) {
			t.Errorf("lookup %d: %v", i, err)
		}
	}
	if _, err := c.try("GET", "https://relay.example.com/", ""); err == nil {
		t.Error("the handshake succeeded")
	}
	c.wantPage("https://relay.example.com/v1/x", 521, "relay.example.com | 521: Web server is down")
	if res := c.send("GET", "https://relay.example.com/v1/x", ""); res.StatusCode != 200 || res.body != "parked" {
		t.Errorf("got %d %s", res.StatusCode, res.body)
	}
}

func TestLookupThatHangs(t *testing.T) {
	t.Parallel()
	c := newClient(t, parse(t, withFaults(`{"at":"dns","hang":true}`)), "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.edge.LookupHost(ctx, "a.example.com"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
