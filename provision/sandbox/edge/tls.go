package edge

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/cfproxy/cfproxy/provision/sandbox"
)

// certificate returns the certificate for a handshake, which is chosen by its SNI.
func (e *Edge) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	host := normalizeHost(hello.ServerName)
	f, err := e.store.TakeFault(sandbox.FaultAtTLS, "", host)
	if err != nil {
		return nil, err
	}
	if !f.Wait(hello.Context()) {
		return nil, hello.Context().Err()
	}
	if f.Fails() && f.Drop {
		hello.Conn.Close()
	}
	snapshot, err := e.store.Snapshot()
	if err != nil {
		return nil, err
	}
	name, ok := certificateName(snapshot, host)
	if !ok || f.Fails() {
		other, err := e.signer.leaf("invalid")
		if err != nil {
			return nil, err
		}
		return unusable(other), nil
	}
	return e.signer.leaf(name)
}

// certificateName returns the name of the certificate that covers a host: the zone's, for the zone and one label below it,
// or that of a custom domain.
func certificateName(s sandbox.Snapshot, host string) (string, bool) {
	z, ok := s.Zone(host)
	if !ok || !z.Active() || z.Paused() {
		return "", false
	}
	below := strings.TrimSuffix(strings.TrimSuffix(host, z.Name()), ".")
	if strings.Contains(below, ".") {
		_, ok := z.CustomDomain(host)
		return host, ok
	}
	return z.Name(), true
}

// signer issues the leaf certificates of the edge when they are first needed.
type signer struct {
	root *x509.Certificate
	key  crypto.Signer

	mu     sync.Mutex
	leaves map[string]*tls.Certificate
}

func newSigner(certificatePEM, keyPEM []byte) (*signer, error) {
	root, _ := pem.Decode(certificatePEM)
	secret, _ := pem.Decode(keyPEM)
	if root == nil || secret == nil {
		return nil, errors.New("edge certificate authority: not PEM")
	}
	certificate, err := x509.ParseCertificate(root.Bytes)
	if err != nil {
		return nil, fmt.Errorf("edge certificate authority: %w", err)
	}
	key, err := x509.ParsePKCS8PrivateKey(secret.Bytes)
	if err != nil {
		return nil, fmt.Errorf("edge certificate authority: %w", err)
	}
	private, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("edge certificate authority: the key cannot sign")
	}
	return &signer{root: certificate, key: private, leaves: map[string]*tls.Certificate{}}, nil
}

// leaf returns a certificate for a zone with the names that Universal SSL covers: the apex and one label below it,
// https://developers.cloudflare.com/ssl/edge-certificates/universal-ssl/limitations/.
func (s *signer) leaf(zone string) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.leaves[zone]; c != nil && time.Now().Before(c.Leaf.NotAfter.Add(-time.Hour)) {
		return c, nil
	}
	c, err := s.issue(zone)
	if err != nil {
		return nil, fmt.Errorf("edge certificate: %w", err)
	}
	s.leaves[zone] = c
	return c, nil
}

func (s *signer) issue(zone string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: zone},
		DNSNames:    []string{zone, "*." + zone},
		NotBefore:   now.Add(-time.Hour),
		NotAfter:    now.AddDate(0, 0, 90),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, s.root, key.Public(), s.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, s.root.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

// unusable returns a copy of a certificate that no client can negotiate. crypto/tls responds with the alert
// handshake_failure, as Cloudflare does for names without a certificate; an error from GetCertificate would result in
// internal_error.
func unusable(c *tls.Certificate) *tls.Certificate {
	out := *c
	out.SupportedSignatureAlgorithms = []tls.SignatureScheme{0}
	return &out
}
