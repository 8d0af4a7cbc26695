package dial

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// nameserver answers every question over UDP until the test ends, with the address or with NXDOMAIN.
func nameserver(t *testing.T, address func() (netip.Addr, bool)) (port string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			if answer, ok := answerTo(buffer[:n], address); ok {
				conn.WriteTo(answer, from)
			}
		}
	}()
	_, port, _ = net.SplitHostPort(conn.LocalAddr().String())
	return port
}

func answerTo(question []byte, address func() (netip.Addr, bool)) ([]byte, bool) {
	var message dnsmessage.Message
	if message.Unpack(question) != nil || len(message.Questions) == 0 {
		return nil, false
	}
	message.Response, message.Authoritative, message.Additionals = true, true, nil
	addr, exists := address()
	if !exists {
		message.RCode = dnsmessage.RCodeNameError
	} else if asked := message.Questions[0]; asked.Type == dnsmessage.TypeA {
		message.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: asked.Name, Type: asked.Type, Class: asked.Class, TTL: 1},
			Body:   &dnsmessage.AResource{A: addr.As4()},
		}}
	}
	answer, err := message.Pack()
	return answer, err == nil
}

// The system's resolver is not asked, and so cannot cache a negative answer, until the zone's nameserver has the name.
func TestSystemResolverIsAskedOnlyAboutExistingNames(t *testing.T) {
	t.Parallel()
	var exists atomic.Bool
	port := nameserver(t, func() (netip.Addr, bool) { return netip.MustParseAddr("104.16.0.1"), exists.Load() })
	asked := 0
	system := func(context.Context, string) ([]netip.Addr, error) {
		asked++
		return []netip.Addr{netip.MustParseAddr("104.16.0.2")}, nil
	}
	lookup := lookupFirstAt([]string{"127.0.0.1"}, port, system)
	if _, err := lookup(context.Background(), "gptapi.example.com"); !isNotFound(err) || asked != 0 {
		t.Errorf("before the name exists: %v, the system was asked %d times", err, asked)
	}
	exists.Store(true)
	addrs, err := lookup(context.Background(), "gptapi.example.com")
	if err != nil || asked != 1 || addrs[0].String() != "104.16.0.2" {
		t.Errorf("once it exists: %v, %v, the system was asked %d times", addrs, err, asked)
	}
}

func TestSystemResolverIsAskedWithoutNameservers(t *testing.T) {
	t.Parallel()
	system := func(context.Context, string) ([]netip.Addr, error) { return nil, &net.DNSError{IsNotFound: true} }
	for _, servers := range [][]string{nil, {"127.0.0.1"}} {
		if _, err := lookupFirstAt(servers, "1", system)(context.Background(), "gptapi.example.com"); !isNotFound(err) {
			t.Errorf("%v: got %v", servers, err)
		}
	}
}
