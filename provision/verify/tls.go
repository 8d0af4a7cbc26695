package verify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"
)

// tls opens the connection that the later probes use.
func (a *attempt) tls(ctx context.Context, _ Upstream) Result {
	tlsConn, err := a.conn.connect(ctx)
	var dnsErr *net.DNSError
	if errors.As(err, &dnsErr) && dnsErr.IsNotFound && !a.net.Direct { // Dial resolved the name again, with another resolver
		return Result{Code: CodeDNSNotFound}
	}
	if err != nil {
		return classifyHandshakeError(err, a.target.Host, a.conn.address(), time.Now())
	}
	a.conn.handshaken = tlsConn
	state := tlsConn.ConnectionState()
	return Result{Code: CodeTLSTrusted, Details: map[string]string{
		"issuer":      issuerName(state.PeerCertificates[0]),
		"expires":     formatDate(state.PeerCertificates[0].NotAfter),
		"tls_version": tls.VersionName(state.Version),
		"alpn":        state.NegotiatedProtocol,
	}}
}

// classifyHandshakeError classifies an error of conn.connect.
func classifyHandshakeError(err error, host, address string, now time.Time) Result {
	var certErr *tls.CertificateVerificationError
	if errors.As(err, &certErr) && len(certErr.UnverifiedCertificates) > 0 {
		return classifyCertificateError(certErr, host, now)
	}
	details := map[string]string{"address": peerAddress(err, address)}
	var dialErr dialError
	dialing := errors.As(err, &dialErr)
	var opErr *net.OpError
	var headerErr tls.RecordHeaderError
	switch {
	case isTimeout(err):
		details["stage"] = "handshake"
		if dialing {
			details["stage"] = "connect"
		}
		return Result{Code: CodeTLSTimeout, Details: details}
	case dialing && isConnRefused(err):
		return Result{Code: CodeTLSRefused, Details: details}
	case dialing:
		details["error"] = dialErr.cause.Error()
		return Result{Code: CodeTLSUnreachable, Details: details}
	case errors.As(err, &opErr) && opErr.Op == "remote error": // crypto/tls has no exported type for a received alert
		details["alert"] = strings.TrimPrefix(opErr.Err.Error(), "tls: ")
		return Result{Code: CodeTLSAlert, Details: details}
	case errors.As(err, &headerErr):
		return Result{Code: CodeTLSNotTLS, Details: details}
	case isConnReset(err):
		return Result{Code: CodeTLSReset, Details: details}
	}
	details["error"] = err.Error()
	return Result{Code: CodeTLSHandshakeFailed, Details: details}
}

// classifyCertificateError inspects the certificate instead of the error, because the system verifiers of macOS and
// Windows return errors of their own.
func classifyCertificateError(err *tls.CertificateVerificationError, host string, now time.Time) Result {
	leaf := err.UnverifiedCertificates[0]
	details := map[string]string{"issuer": issuerName(leaf)}
	var invalid x509.CertificateInvalidError
	switch {
	case now.Before(leaf.NotBefore):
		details["valid_from"] = formatDate(leaf.NotBefore)
		return Result{Code: CodeTLSNotYetValid, Details: details}
	case now.After(leaf.NotAfter):
		details["expires"] = formatDate(leaf.NotAfter)
		return Result{Code: CodeTLSExpired, Details: details}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil: // another certificate of the chain
		return Result{Code: CodeTLSExpired, Details: map[string]string{
			"issuer": issuerName(invalid.Cert), "expires": formatDate(invalid.Cert.NotAfter)}}
	}
	details["names"] = certificateNames(leaf)
	if leaf.VerifyHostname(host) != nil {
		return Result{Code: CodeTLSNameMismatch, Details: details}
	}
	return Result{Code: CodeTLSUntrusted, Details: details}
}

func issuerName(c *x509.Certificate) string {
	if c.Issuer.CommonName != "" || len(c.Issuer.Organization) == 0 {
		return c.Issuer.CommonName
	}
	return c.Issuer.Organization[0]
}

func certificateNames(c *x509.Certificate) string {
	all := c.DNSNames
	for _, ip := range c.IPAddresses {
		all = append(slices.Clip(all), ip.String())
	}
	return strings.Join(all[:min(len(all), maxListed)], ", ")
}

func formatDate(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// peerAddress returns the resolved address from a dialer's error, or fallback if the error has none.
func peerAddress(err error, fallback string) string {
	var opErr *net.OpError
	if errors.As(err, &opErr) && opErr.Addr != nil && opErr.Addr.String() != "" {
		return opErr.Addr.String()
	}
	return fallback
}

func isTimeout(err error) bool {
	var netErr net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &netErr) && netErr.Timeout()
}

// Winsock's error numbers for a refused and a reset connection. Package syscall defines them on Windows only; no Unix has
// numbers this large. https://learn.microsoft.com/windows/win32/winsock/windows-sockets-error-codes-2
const (
	wsaConnReset   = syscall.Errno(10054)
	wsaConnRefused = syscall.Errno(10061)
)

func isConnRefused(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, wsaConnRefused)
}

func isConnReset(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, wsaConnReset)
}
