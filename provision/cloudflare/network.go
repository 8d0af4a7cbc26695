package cloudflare

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/cfproxy/cfproxy/provision/errcode"
)

// noResponse returns the error for a call without a response. A write may have taken effect, unless the failure is
// permanent.
func noResponse(r *http.Request, err error) error {
	if permanent := permanentFailure(r, err); permanent != nil {
		permanent.Err = err
		return permanent
	}
	e := temporaryError(err)
	e.Details = callDetails(r)
	return e
}

// temporaryError returns the error for a call that may succeed if it is repeated.
func temporaryError(err error) *errcode.Error {
	code := errcode.Unreachable
	if errors.Is(err, context.DeadlineExceeded) {
		code = errcode.Timeout
	}
	return &errcode.Error{Code: code, Temporary: true, Err: err}
}

// permanentFailure returns the error for a connection that would fail again in the same way, or nil. Nothing was sent.
func permanentFailure(r *http.Request, err error) *errcode.Error {
	host, proxy := r.URL.Hostname(), proxyHost(r)
	dial, dns := (*net.OpError)(nil), (*net.DNSError)(nil)
	isDial := errors.As(err, &dial)
	if isDial && dial.Op == "proxyconnect" {
		host = (&url.URL{Host: proxy}).Hostname()
	}
	verification := (*tls.CertificateVerificationError)(nil)
	switch {
	case errors.As(err, &verification) && len(verification.UnverifiedCertificates) > 0:
		return certificateFailure(verification, host, time.Now())
	case errors.As(err, &dns): // first, since a DNS server may refuse connections for a moment
		if dns.IsNotFound && !isDefaultHost(dns.Name) {
			return errcode.New(errcode.HostUnknown, "host", dns.Name)
		}
	case isTLSRefused(err):
		return errcode.New(errcode.TLSFailed, "host", host)
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, wsaConnRefused):
		switch {
		case isDial && dial.Op == "proxyconnect":
			host = proxy
		case isDial && dial.Addr != nil && dial.Addr.String() != r.URL.Host:
			host += " (" + dial.Addr.String() + ")"
		default:
			host = r.URL.Host
		}
		return errcode.New(errcode.ConnectionRefused, "host", host)
	case isProxyRefusal(err):
		return errcode.New(errcode.ProxyRefused, "host", proxy)
	}
	return nil
}

// proxyHost returns the host and port of the proxy for a request, "–" without one.
func proxyHost(r *http.Request) string {
	if u, err := http.ProxyFromEnvironment(r); err == nil && u != nil {
		return u.Host
	}
	return "–"
}

// isTLSRefused reports whether the server speaks no TLS, or refused the handshake. Other alerts may follow a request, which
// has perhaps been carried out.
func isTLSRefused(err error) bool {
	var noTLS tls.RecordHeaderError
	if errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &noTLS) && noTLS.Conn != nil {
		return true
	}
	dial := (*net.OpError)(nil)
	if !errors.As(err, &dial) || dial.Op != "remote error" {
		return false
	}
	handshake := []string{
		"tls: handshake failure", "tls: protocol version not supported", "tls: unrecognized name", "tls: insufficient security level",
		"tls: no application protocol",
	}
	return slices.Contains(handshake, dial.Err.Error())
}

// isDefaultHost reports whether a name is that of Cloudflare's API. If it does not exist, the network is at fault, as
// after a notebook woke up, and the call may succeed later. The name in CLOUDFLARE_BASE_URL may be misspelt.
func isDefaultHost(name string) bool {
	return strings.TrimSuffix(name, ".") == "api.cloudflare.com"
}

// isProxyRefusal reports whether a proxy has refused to connect. The error of net/http is the proxy's status as a text.
func isProxyRefusal(err error) bool {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	for _, status := range []int{http.StatusProxyAuthRequired, http.StatusForbidden, http.StatusMethodNotAllowed} {
		if err.Error() == http.StatusText(status) {
			return true
		}
	}
	return false
}

// wsaConnRefused is Winsock's number for a refused connection. Package syscall defines it on Windows only; no Unix has
// numbers this large. https://learn.microsoft.com/windows/win32/winsock/windows-sockets-error-codes-2
const wsaConnRefused = syscall.Errno(10061)

// certificateFailure returns the error for a certificate that is not accepted. It inspects the certificate instead of the
// error, because the system verifiers of macOS and Windows return errors of their own.
func certificateFailure(err *tls.CertificateVerificationError, host string, now time.Time) *errcode.Error {
	leaf := err.UnverifiedCertificates[0]
	dated := leaf
	invalid := x509.CertificateInvalidError{}
	isDated := now.Before(leaf.NotBefore) || now.After(leaf.NotAfter)
	if !isDated && errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil {
		dated, isDated = invalid.Cert, true // another certificate of the chain
	}
	switch {
	case isDated:
		return errcode.New(errcode.TLSClock, "host", host, "now", formatTime(now),
			"from", formatTime(dated.NotBefore), "until", formatTime(dated.NotAfter))
	case leaf.VerifyHostname(host) != nil:
		return errcode.New(errcode.TLSWrongHost, "host", host, "names", errcode.Abbreviate(leaf.DNSNames))
	}
	issuer := leaf.Issuer.CommonName
	if issuer == "" {
		issuer = strings.Join(leaf.Issuer.Organization, ", ")
	}
	return errcode.New(errcode.TLSUntrusted, "host", host, "issuer", issuer)
}

// formatTime returns a time in UTC, to the minute.
func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
