package sandbox

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
	"math/big"
	"strings"
	"sync"
	"time"
)

// ensureAuthority gives the state a certificate authority of its own, once. It is random, not derived: people may
// come to trust it.
func (s *state) ensureAuthority() error {
	if s.Edge != nil {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("edge certificate authority: %w", err)
	}
	serial, err := serialNumber()
	if err != nil {
		return err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "Sandbox edge CA, one machine only", Organization: []string{"cfproxy sandbox"}},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.AddDate(10, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return fmt.Errorf("edge certificate authority: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("edge certificate authority: %w", err)
	}
	s.Edge = &authority{
		Certificate: text(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		Key:         text(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
	}
	return nil
}

func serialNumber() (*big.Int, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("certificate serial: %w", err)
	}
	return n.Add(n, big.NewInt(1)), nil
}

// signer makes the leaf certificates of the edge, one for each zone, when they are first asked for.
type signer struct {
	root *x509.Certificate
	key  crypto.Signer

	mu     sync.Mutex
	leaves map[string]*tls.Certificate
}

func newSigner(a *authority) (*signer, error) {
	root, _ := pem.Decode([]byte(a.Certificate))
	secret, _ := pem.Decode([]byte(a.Key))
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
	able, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("edge certificate authority: the key cannot sign")
	}
	return &signer{root: certificate, key: able, leaves: map[string]*tls.Certificate{}}, nil
}

// leaf returns the certificate of a zone with the names that Universal SSL puts into it: the apex and one label below,
// https://developers.cloudflare.com/ssl/edge-certificates/universal-ssl/limitations/.
func (s *signer) leaf(zone string) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.leaves[zone]; c != nil && time.Now().Before(c.Leaf.NotAfter.Add(-time.Hour)) {
		return c, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("edge certificate: %w", err)
	}
	serial, err := serialNumber()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: zone},
		DNSNames:     []string{zone, "*." + zone},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(0, 0, 90),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, s.root, key.Public(), s.key)
	if err != nil {
		return nil, fmt.Errorf("edge certificate: %w", err)
	}
	c := &tls.Certificate{Certificate: [][]byte{der, s.root.Raw}, PrivateKey: key}
	if c.Leaf, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("edge certificate: %w", err)
	}
	s.leaves[zone] = c
	return c, nil
}

// unserved is a certificate that no client can agree to. crypto/tls answers it with the alert handshake_failure, as
// Cloudflare does for a name that it has no certificate for; an error from GetCertificate would be internal_error.
func unserved(from *tls.Certificate) *tls.Certificate {
	c := *from
	c.SupportedSignatureAlgorithms = []tls.SignatureScheme{0}
	return &c
}

// covered tells whose certificate serves the name, if any: that of its active zone, or of its own custom domain.
func (s *state) covered(host string) (string, bool) {
	a, z := s.zoneOf(host)
	if z == nil || z.Status != statusActive || z.Paused {
		return "", false
	}
	below := strings.TrimSuffix(strings.TrimSuffix(host, z.Name), ".")
	if strings.Contains(below, ".") {
		return host, a.domain(host) != nil
	}
	return z.Name, true
}
