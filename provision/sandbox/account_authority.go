package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"time"
)

// Authority returns the certificate and the private key of the edge's certificate authority, as PEM. They are part of the
// state and stay the same for one state file.
func (s *Store) Authority() (certificate, key []byte, err error) {
	st, err := s.state()
	if err == nil && st.Edge == nil { // it was removed after Open
		if err = s.update((*state).ensureAuthority); err == nil {
			st, err = s.state()
		}
	}
	if err != nil {
		return nil, nil, err
	}
	return []byte(st.Edge.Certificate), []byte(st.Edge.Key), nil
}

// ensureAuthority adds a certificate authority to a state without one. Its key is random and not derived from names, because
// people may add it to their trusted certificates.
func (s *state) ensureAuthority() error {
	if s.Edge != nil {
		return nil
	}
	a, err := newAuthority()
	if err != nil {
		return fmt.Errorf("edge certificate authority: %w", err)
	}
	s.Edge = a
	return nil
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
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
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return &authority{
		Certificate: text(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		Key:         text(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
	}, nil
}
