// Package mockservertest starts an appliance for a test.
package mockservertest

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"testing"

	"github.com/flowgate-dev/flowgate/mockserver"
)

// The account of an appliance that is started without options.
const (
	User     = "admin"
	Password = "admin"
)

// Running is an appliance that listens and ends with its test.
type Running struct {
	*mockserver.Appliance
	mockserver.Endpoint
}

// Start starts an appliance with one change or more to the zero Options and stops it when the test ends. Passwords and
// backups are protected at the lowest cost that there is, unless an option says otherwise.
func Start(t testing.TB, with ...func(*mockserver.Options)) *Running {
	t.Helper()
	o := mockserver.Options{PasswordCost: 4, WorkFactor: 10}
	for _, change := range with {
		change(&o)
	}
	a, err := mockserver.New(o)
	if err != nil {
		t.Fatalf("mockservertest: %v", err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("mockservertest: %v", err)
		}
	})
	e, err := a.Start()
	if err != nil {
		t.Fatalf("mockservertest: %v", err)
	}
	return &Running{Appliance: a, Endpoint: e}
}

// Client returns a client that trusts the appliance and nobody else, and speaks HTTP/2 where it can. Its idle
// connections are closed when the test ends.
func (r *Running) Client(t testing.TB) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(r.CA)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}
