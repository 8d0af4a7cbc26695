package verify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

// tls opens the connection that the later probes use, and names what is wrong with it or its certificate.
func (p *pass) tls(ctx context.Context, _ Upstream) verdict {
	conn, err := p.link.open(ctx)
	var unknown *net.DNSError
	if errors.As(err, &unknown) && unknown.IsNotFound && !p.net.Direct { // another resolver's answer, which settles like the first's
		return verdict{code: CodeDNSNotFound}
	}
	if err != nil {
		return judgeHandshake(err, p.target.Host, p.link.address(), time.Now())
	}
	p.link.ready = conn
	state := conn.ConnectionState()
	return verdict{CodeTLSTrusted, map[string]string{
		"issuer":      issuer(state.PeerCertificates[0]),
		"expires":     date(state.PeerCertificates[0].NotAfter),
		"tls_version": tls.VersionName(state.Version),
		"alpn":        state.NegotiatedProtocol,
	}}
}

func judgeHandshake(err error, host, address string, now time.Time) verdict {
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) && len(certificate.UnverifiedCertificates) > 0 {
		return judgeCertificate(certificate, host, now)
	}
	details := map[string]string{"address": peer(err, address)}
	var dial dialError
	connecting := errors.As(err, &dial)
	var remote *net.OpError
	var record tls.RecordHeaderError
	switch {
	case isTimeout(err):
		details["stage"] = "handshake"
		if connecting {
			details["stage"] = "connect"
		}
		return verdict{CodeTLSTimeout, details}
	case connecting && isRefused(err):
		return verdict{CodeTLSRefused, details}
	case connecting:
		details["error"] = dial.cause.Error()
		return verdict{CodeTLSUnreachable, details}
	case errors.As(err, &remote) && remote.Op == "remote error": // crypto/tls has no exported type for a received alert
		details["alert"] = strings.TrimPrefix(remote.Err.Error(), "tls: ")
		return verdict{CodeTLSAlert, details}
	case errors.As(err, &record):
		return verdict{CodeTLSNotTLS, details}
	case isReset(err):
		return verdict{CodeTLSReset, details}
	}
	details["error"] = err.Error()
	return verdict{CodeTLSHandshakeFailed, details}
}

// judgeCertificate looks at the certificate itself and not at the error's type, because the verifiers of macOS and
// Windows word their errors in their own ways.
func judgeCertificate(err *tls.CertificateVerificationError, host string, now time.Time) verdict {
	leaf := err.UnverifiedCertificates[0]
	details := map[string]string{"issuer": issuer(leaf)}
	var invalid x509.CertificateInvalidError
	switch {
	case now.Before(leaf.NotBefore):
		details["valid_from"] = date(leaf.NotBefore)
		return verdict{CodeTLSNotYetValid, details}
	case now.After(leaf.NotAfter):
		details["expires"] = date(leaf.NotAfter)
		return verdict{CodeTLSExpired, details}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil: // further up the chain
		return verdict{CodeTLSExpired, map[string]string{"issuer": issuer(invalid.Cert), "expires": date(invalid.Cert.NotAfter)}}
	}
	details["names"] = names(leaf)
	if leaf.VerifyHostname(host) != nil {
		return verdict{CodeTLSNameMismatch, details}
	}
	return verdict{CodeTLSUntrusted, details}
}

func issuer(c *x509.Certificate) string {
	if c.Issuer.CommonName != "" || len(c.Issuer.Organization) == 0 {
		return c.Issuer.CommonName
	}
	return c.Issuer.Organization[0]
}

func names(c *x509.Certificate) string {
	all := c.DNSNames
	for _, ip := range c.IPAddresses {
		all = append(all[:len(all):len(all)], ip.String())
	}
	return strings.Join(all[:min(len(all), maxListed)], ", ")
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// peer is the address that the error is about, which is the resolved one where the dialer tells.
func peer(err error, otherwise string) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil && op.Addr.String() != "" {
		return op.Addr.String()
	}
	return otherwise
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// Winsock's own numbers for a refused and a reset connection; package syscall has them on Windows only. No Unix counts so far.
// https://learn.microsoft.com/windows/win32/winsock/windows-sockets-error-codes-2
const (
	wsaReset   = syscall.Errno(10054)
	wsaRefused = syscall.Errno(10061)
)

func isRefused(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, wsaRefused)
}

func isReset(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, wsaReset)
}
