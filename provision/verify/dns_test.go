package verify

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDNS(t *testing.T) {
	t.Parallel()
	fails := func(err error) func(context.Context, string) ([]netip.Addr, error) {
		return func(context.Context, string) ([]netip.Addr, error) { return nil, err }
	}
	tests := map[string]struct {
		lookup func(context.Context, string) ([]netip.Addr, error)
		direct bool
		paused bool
		code   string
		want   map[string]string
	}{
		"resolved":           {lookup: resolveTo("2606:4700::1", "104.16.1.1"), code: CodeDNSResolved, want: map[string]string{"addresses": "104.16.1.1, 2606:4700::1"}},
		"many":               {lookup: resolveTo("1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4", "1.1.1.5", "1.1.1.6", "1.1.1.7", "1.1.1.8", "1.1.1.9"), code: CodeDNSResolved, want: map[string]string{"addresses": "1.1.1.1, 1.1.1.2, 1.1.1.3, 1.1.1.4, 1.1.1.5, 1.1.1.6, 1.1.1.7, 1.1.1.8"}},
		"direct":             {lookup: fails(errors.New("must not be called")), direct: true, code: CodeDNSDirect},
		"nxdomain":           {lookup: fails(&net.DNSError{Err: "no such host", IsNotFound: true}), code: CodeDNSNotFound},
		"empty":              {lookup: resolveTo(), code: CodeDNSNotFound},
		"servfail":           {lookup: fails(&net.DNSError{Err: "server misbehaving", Name: "x", IsTemporary: true}), code: CodeDNSResolverFailed, want: map[string]string{"error": "lookup x: server misbehaving"}},
		"other error":        {lookup: fails(errors.New("broken\x1b[31m")), code: CodeDNSResolverFailed, want: map[string]string{"error": "broken[31m"}},
		"origin":             {lookup: resolveTo("2.2.2.2"), code: CodeDNSNotProxied, want: map[string]string{"addresses": "2.2.2.2", "origin": "2.2.2.2"}},
		"origin in 6":        {lookup: resolveTo("::ffff:2.2.2.2", "104.16.1.1"), code: CodeDNSNotProxied, want: map[string]string{"addresses": "2.2.2.2, 104.16.1.1", "origin": "2.2.2.2"}},
		"paused":             {lookup: resolveTo("2.2.2.2"), paused: true, code: CodeDNSZonePaused, want: map[string]string{"addresses": "2.2.2.2", "origin": "2.2.2.2"}},
		"paused, cached":     {lookup: resolveTo("104.16.1.1"), paused: true, code: CodeDNSResolved, want: map[string]string{"addresses": "104.16.1.1"}},
		"private":            {lookup: resolveTo("192.168.1.5"), code: CodeDNSPrivateAddress, want: map[string]string{"addresses": "192.168.1.5"}},
		"loopback":           {lookup: resolveTo("::1", "104.16.1.1"), code: CodeDNSPrivateAddress, want: map[string]string{"addresses": "104.16.1.1, ::1"}},
		"sinkhole":           {lookup: resolveTo("0.0.0.0"), code: CodeDNSPrivateAddress, want: map[string]string{"addresses": "0.0.0.0"}},
		"carrier NAT":        {lookup: resolveTo("100.64.0.9"), code: CodeDNSPrivateAddress, want: map[string]string{"addresses": "100.64.0.9"}},
		"fake IP of a proxy": {lookup: resolveTo("198.18.0.7"), code: CodeDNSLocalProxy, want: map[string]string{"addresses": "198.18.0.7"}},
	}
	refused := errors.New("no network in this test")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := testTarget()
			target.Paused = test.paused
			report := Run(t.Context(), target, Net{Lookup: test.lookup, Direct: test.direct, Dial: func(context.Context, string, string) (net.Conn, error) {
				return nil, refused
			}}, Options{})
			checkReport(t, report, target)
			got := findResult(t, report, ProbeDNS)
			if got.Code != test.code {
				t.Errorf("code = %s, want %s", got.Code, test.code)
			}
			if diff := cmp.Diff(test.want, got.Details); diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
			if next := findResult(t, report, ProbeTLS).Code; (next == CodeSkipped) != (got.Status == Fail) {
				t.Errorf("tls is %s after %+v", next, got)
			}
		})
	}
}

func TestDNSTimeout(t *testing.T) {
	t.Parallel()
	deadline := newDeadline(t)
	hang := func(ctx context.Context, _ string) ([]netip.Addr, error) {
		deadline.expire()
		<-ctx.Done()
		return nil, &net.DNSError{Err: ctx.Err().Error(), IsTimeout: true}
	}
	report := Run(deadline, testTarget(), Net{Lookup: hang}, Options{})
	if got := findResult(t, report, ProbeDNS).Code; got != CodeDNSResolverFailed {
		t.Errorf("code = %s, want %s", got, CodeDNSResolverFailed)
	}
}

func TestInvalidTargets(t *testing.T) {
	t.Parallel()
	edits := map[string]func(*Target){
		"host":   func(t *Target) { t.Host = "gptapi.example.com/x" },
		"path":   func(t *Target) { t.Upstreams[0].Path = "v1" },
		"chat":   func(t *Target) { t.Upstreams[0].ChatPath = "/a b" },
		"method": func(t *Target) { t.Upstreams[0].Method = "GET /\r\n" },
	}
	for field, edit := range edits {
		target := testTarget()
		edit(&target)
		got := findResult(t, Run(t.Context(), target, Net{}, Options{}), ProbeDNS)
		if got.Code != CodeTargetInvalid || got.Details["field"] != field {
			t.Errorf("%s: %+v", field, got)
		}
	}
	for _, host := range []string{"", "a:443", "a b", "[::1]", "user@a", "例.com", "a\nb"} {
		target := testTarget()
		target.Host = host
		if got := findResult(t, Run(t.Context(), target, Net{}, Options{}), ProbeDNS); got.Code != CodeTargetInvalid {
			t.Errorf("host %q: %+v", host, got)
		}
	}
}
