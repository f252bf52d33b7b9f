package mockserver_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/mockservertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func fetch(t testing.TB, client *http.Client, url string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	r.SetBasicAuth(mockservertest.User, mockservertest.Password)
	res, err := client.Do(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res
}

func TestTheZeroOptionsMakeAnHTTPSApplianceWithHTTP2(t *testing.T) {
	a, err := mockserver.New(mockserver.Options{})
	require.NoError(t, err)
	e, err := a.Start()
	require.NoError(t, err)
	block, _ := pem.Decode(e.CA)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	require.Equal(t, x509.ECDSA, cert.PublicKeyAlgorithm)
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		require.NoError(t, cert.VerifyHostname(name))
	}
	r := &mockservertest.Running{Appliance: a, Endpoint: e}
	res := fetch(t, r.Client(t), e.URL+backupPath)
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, 2, res.ProtoMajor)
	require.NotEmpty(t, res.Header.Get("Strict-Transport-Security"))
	require.Regexp(t, "^sha256:[0-9a-f]{64}$", e.Fingerprint)
	require.NoError(t, a.Close())
	require.NoError(t, a.Close(), "Close may be called twice")
	_, err = a.Start()
	require.ErrorContains(t, err, "hint:")
	_, err = net.Dial("tcp", e.URL[len("https://"):])
	require.Error(t, err, "nobody listens any more")
}

func TestACertificateIsGoodForTheAddressThatItListensOn(t *testing.T) {
	a := mockservertest.Start(t, func(o *mockserver.Options) { o.Listen = "127.0.0.5:0" })
	require.Equal(t, http.StatusOK, fetch(t, a.Client(t), a.URL+backupPath).StatusCode)
}

func TestAGivenCertificateIsUsed(t *testing.T) {
	made := mockservertest.Start(t)
	conn, err := tls.Dial("tcp", made.URL[len("https://"):], &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // only looks
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	cert, key := selfSigned(t)
	a := mockservertest.Start(t, func(o *mockserver.Options) { o.TLSCert, o.TLSKey = cert, key })
	require.Equal(t, cert, a.CA)
	require.Equal(t, http.StatusOK, fetch(t, a.Client(t), a.URL+backupPath).StatusCode)
}

func TestOptionsThatCannotBeUsedAreRefused(t *testing.T) {
	cert, _ := selfSigned(t)
	cases := map[string]struct {
		options mockserver.Options
		says    string
	}{
		"default account for all the world": {mockserver.Options{Listen: "0.0.0.0:0"}, "hint: give users"},
		"certificate without key":           {mockserver.Options{TLSCert: cert}, "hint: give both"},
		"broken certificate":                {mockserver.Options{TLSCert: []byte("x"), TLSKey: []byte("y")}, "cannot be used"},
		"unlawful dialect":                  {mockserver.Options{Dialect: map[dialectKey]string{"start-status": "299"}}, "expected one of"},
		"a profile that nobody knows":       {mockserver.Options{Profile: "zz"}, "zz"},
		"a user without a name":             {mockserver.Options{Users: map[string]string{"": "x"}}, "user"},
		"too dear passwords":                {mockserver.Options{PasswordCost: 99}, "cost"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := mockserver.New(c.options)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestStartSaysThatAnAddressIsTaken(t *testing.T) {
	first := mockservertest.Start(t, func(o *mockserver.Options) { o.PlainHTTP = true })
	address := first.URL[len("http://"):]
	for _, o := range []mockserver.Options{{Listen: address, PasswordCost: 4}, {Control: address, PasswordCost: 4}} {
		a, err := mockserver.New(o)
		require.NoError(t, err)
		_, err = a.Start()
		require.ErrorContains(t, err, address)
		require.NoError(t, a.Close())
	}
}

func TestCloseSaysWhatItHadToCut(t *testing.T) {
	a, err := mockserver.New(mockserver.Options{PlainHTTP: true, PasswordCost: 4, Limits: mockserver.Limits{Drain: time.Millisecond}})
	require.NoError(t, err)
	e, err := a.Start()
	require.NoError(t, err)
	conn, err := net.Dial("tcp", e.URL[len("http://"):])
	require.NoError(t, err)
	defer conn.Close()
	// A stream of seconds over months, which is never read to its end.
	body := `{"stats_type":"flows_per_second","start_time":1704000000,"end_time":1804000000,"source_ip":""}`
	send(t, conn, "GET "+statsPath, body)
	require.Equal(t, "HTTP/1.1 200 OK", firstLine(t, conn))
	require.ErrorContains(t, a.Close(), "API")
}
