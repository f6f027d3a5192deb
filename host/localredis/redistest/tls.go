package redistest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/henge-run/henge/host/localredis"
)

// Secured is a redis-server that speaks TLS, and the files of its clients.
type Secured struct {
	// Addr is where it speaks TLS. The server has a plain port as well, for
	// those who start it.
	Addr string

	// CACert, Cert and Key are PEM files: the authority's certificate, and a
	// client's own, which the server asks for.
	CACert, Cert, Key string

	Server *localredis.Server
}

// TLS starts a redis-server that asks for certificates, made for this test. It
// skips the test where the server was built without TLS.
func TLS(t testing.TB) *Secured {
	t.Helper()
	dir := t.TempDir()
	authority, authorityKey := certify(t, dir, "ca", nil, nil)
	certify(t, dir, "server", authority, authorityKey)
	certify(t, dir, "client", authority, authorityKey)
	file := func(name string) string { return filepath.Join(dir, name) }
	if out, _ := exec.Command("redis-server", "--tls-port", "bad").CombinedOutput(); strings.Contains(string(out), "Bad directive") {
		t.Skip("this redis-server was built without TLS")
	}
	port := FreePort(t)
	server := Server(t, localredis.Options{Args: []string{
		"--tls-port", strconv.Itoa(port), "--tls-ca-cert-file", file("ca.crt"),
		"--tls-cert-file", file("server.crt"), "--tls-key-file", file("server.key"),
	}})
	return &Secured{
		Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), CACert: file("ca.crt"),
		Cert: file("client.crt"), Key: file("client.key"), Server: server,
	}
}

// certify writes a key and a certificate for 127.0.0.1, signed by the authority
// or, without one, by itself.
func certify(t testing.TB, dir, name string, by *x509.Certificate, byKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	fail := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fail(err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	fail(err)
	cert := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if by == nil {
		cert.IsCA, cert.BasicConstraintsValid, cert.KeyUsage = true, true, x509.KeyUsageCertSign
		by, byKey = cert, key
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, by, &key.PublicKey, byKey)
	fail(err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	fail(err)
	for ending, block := range map[string]*pem.Block{".crt": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: keyDER}} {
		fail(os.WriteFile(filepath.Join(dir, name+ending), pem.EncodeToMemory(block), 0o600))
	}
	made, err := x509.ParseCertificate(der)
	fail(err)
	return made, key
}
