package mockserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"

	"github.com/flowgate-dev/flowgate/mockserver/depot"
)

// certificate is the one that was given, or one made for the address.
func (a *Appliance) certificate(listen net.Addr) (tls.Certificate, error) {
	if len(a.options.TLSCert) > 0 {
		return tls.X509KeyPair(a.options.TLSCert, a.options.TLSKey)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("mockserver: cannot make a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("mockserver: cannot make a certificate: %w", err)
	}
	// Clients judge a certificate by their own clock, which is the machine's, whatever the appliance's says.
	now := a.clock.Machine()
	template := x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: a.State().Name, Organization: []string{"flowgate mock appliance"}},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:        true, BasicConstraintsValid: true,
		DNSNames: []string{"localhost"}, IPAddresses: addresses(listen),
	}
	if name, err := os.Hostname(); err == nil && depot.IsHostname(name) && name != "localhost" {
		template.DNSNames = append(template.DNSNames, name)
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("mockserver: cannot make a certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// addresses are those that a certificate is good for: the loopback ones, and those that the socket answers on.
func addresses(listen net.Addr) []net.IP {
	out := []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	tcp, ok := listen.(*net.TCPAddr)
	switch {
	case !ok:
	case !tcp.IP.IsUnspecified():
		if !tcp.IP.Equal(out[0]) && !tcp.IP.Equal(out[1]) {
			out = append(out, tcp.IP)
		}
	default:
		all, err := net.InterfaceAddrs()
		if err != nil {
			return out
		}
		for _, addr := range all {
			if n, ok := addr.(*net.IPNet); ok && !n.IP.IsLoopback() {
				out = append(out, n.IP)
			}
		}
	}
	return out
}

func pemOf(c tls.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[len(c.Certificate)-1]})
}

func fingerprint(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	return "sha256:" + hex.EncodeToString(sum[:])
}
