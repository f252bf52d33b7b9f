package mockserver_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"iter"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
	"github.com/flowgate-dev/flowgate/mockserver/journal"
	"github.com/flowgate-dev/flowgate/mockserver/mockservertest"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

type dialectKey = dialect.Key

func selfSigned(t *testing.T) (cert, key []byte) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, private.Public(), private)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

func connect(t *testing.T, a *mockservertest.Running) net.Conn {
	conn, err := net.Dial("tcp", strings.TrimPrefix(strings.TrimPrefix(a.URL, "https://"), "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// send writes a request; line is its method and path.
func send(t *testing.T, conn net.Conn, line, body string, headers ...string) {
	text := line + " HTTP/1.1\r\nHost: mock\r\nAuthorization: Basic YWRtaW46YWRtaW4=\r\n"
	if len(headers) == 0 {
		headers = []string{fmt.Sprintf("Content-Length: %d", len(body))}
	}
	_, err := io.WriteString(conn, text+strings.Join(headers, "\r\n")+"\r\n\r\n"+body)
	require.NoError(t, err)
}

func firstLine(t *testing.T, conn net.Conn) string {
	line, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(line)
}

func plainHTTP(o *mockserver.Options) { o.PlainHTTP = true }

func TestBodiesThatAreTooMuchAreRefused(t *testing.T) {
	a := standing(t)
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	refused(t, ask(t, a, "GET", statsPath, deep(10_000)), 400, mockserver.BadRequest, "deep")
	refused(t, ask(t, a, "GET", statsPath, strings.Repeat(`{"a":`, 10_000)), 400, mockserver.BadRequest, "deep")
	large := templateA + strings.Repeat(" ", 1<<20)
	refused(t, ask(t, a, "GET", statsPath, large), 400, mockserver.BadRequest, "1048576")
	rowsOf(t, a, large[:1<<20])
}

// TestALargeChunkedBodyIsCutOff sends more than the limit without saying so first.
func TestALargeChunkedBodyIsCutOff(t *testing.T) {
	a := mockservertest.Start(t, plainHTTP)
	conn := connect(t, a)
	const chunk = 64 << 10
	send(t, conn, "GET "+statsPath, "", "Transfer-Encoding: chunked")
	piece := fmt.Sprintf("%x\r\n%s\r\n", chunk, strings.Repeat(" ", chunk))
	for range 17 {
		_, err := io.WriteString(conn, piece)
		require.NoError(t, err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	text, _ := io.ReadAll(res.Body)
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
	require.Contains(t, string(text), "too large")
	require.True(t, res.Close)
}

func TestChunkedBodiesOfGETAreAnswered(t *testing.T) {
	a := mockservertest.Start(t, plainHTTP)
	conn := connect(t, a)
	send(t, conn, "GET "+statsPath, fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(templateA), templateA), "Transfer-Encoding: chunked", "Content-Type: application/x-www-form-urlencoded")
	require.Equal(t, "HTTP/1.1 200 OK", firstLine(t, conn))
	conn = connect(t, a)
	send(t, conn, "GET "+statsPath, "zz\r\n", "Transfer-Encoding: chunked")
	require.Equal(t, "HTTP/1.1 400 Bad Request", firstLine(t, conn))
	conn = connect(t, a)
	send(t, conn, "HEAD "+statsPath, "")
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: http.MethodHead})
	require.NoError(t, err)
	require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
	conn = connect(t, a)
	send(t, conn, "OPTIONS *", "")
	require.Equal(t, "HTTP/1.1 404 Not Found", firstLine(t, conn))
}

// TestSlowAndSilentClientsAreCutAndOthersServed opens 500 connections that send nothing, and some that stop half way.
func TestSlowAndSilentClientsAreCutAndOthersServed(t *testing.T) {
	a := mockservertest.Start(t, plainHTTP, func(o *mockserver.Options) { o.Limits.Request = 2 * time.Second })
	var silent []net.Conn
	for range 500 {
		silent = append(silent, connect(t, a))
	}
	half := connect(t, a)
	send(t, half, "GET "+statsPath, templateA[:20], fmt.Sprintf("Content-Length: %d", len(templateA)))
	client := a.Client(t)
	for range 20 {
		require.Equal(t, http.StatusOK, fetch(t, client, a.URL+backupPath).StatusCode)
	}
	require.Equal(t, "HTTP/1.1 400 Bad Request", firstLine(t, half))
	for _, conn := range silent {
		_, err := io.Copy(io.Discard, conn)
		require.NoError(t, err, "closed by the appliance")
	}
	require.Equal(t, http.StatusOK, fetch(t, client, a.URL+backupPath).StatusCode)
}

func TestConnectionsBeyondTheLimitWaitForTheirTurn(t *testing.T) {
	a := mockservertest.Start(t, plainHTTP, func(o *mockserver.Options) { o.Limits.Connections = 2 })
	first, second, third := connect(t, a), connect(t, a), connect(t, a)
	for _, conn := range []net.Conn{first, second} {
		send(t, conn, "GET "+backupPath, "")
		require.Equal(t, "HTTP/1.1 200 OK", firstLine(t, conn))
	}
	send(t, third, "GET "+backupPath, "")
	require.Len(t, a.Journal().Entries(journal.Filter{}), 2)
	require.NoError(t, first.Close())
	require.Equal(t, "HTTP/1.1 200 OK", firstLine(t, third))
}

// endless is a store that never comes to an end by itself.
type endless struct{ stopped chan struct{} }

func (e endless) Sources() []netip.Addr { return rhythm{}.Addresses()[:1] }

func (e endless) Rows(ctx context.Context, _ flowstore.Query) iter.Seq2[flowstore.Row, error] {
	return func(yield func(flowstore.Row, error) bool) {
		defer close(e.stopped)
		for ctx.Err() == nil {
			if !yield(flowstore.Row{Source: e.Sources()[0]}, nil) {
				return
			}
		}
		yield(flowstore.Row{}, ctx.Err())
	}
}

func TestAClientThatLeavesStopsTheWork(t *testing.T) {
	e := endless{stopped: make(chan struct{})}
	a := mockservertest.Start(t, plainHTTP, func(o *mockserver.Options) { o.Store = e })
	conn := connect(t, a)
	send(t, conn, "GET "+statsPath, templateA)
	require.Equal(t, "HTTP/1.1 200 OK", firstLine(t, conn))
	require.NoError(t, conn.Close())
	<-e.stopped
}

func TestAClientThatDoesNotReadIsCut(t *testing.T) {
	e := endless{stopped: make(chan struct{})}
	a := mockservertest.Start(t, plainHTTP, func(o *mockserver.Options) { o.Store, o.Limits.Write = e, 100*time.Millisecond })
	conn := connect(t, a)
	send(t, conn, "GET "+statsPath, templateA)
	<-e.stopped
}

// discarding counts what is written and keeps nothing.
type discarding struct {
	sink
	n int
}

func (d *discarding) Write(p []byte) (int, error) { d.n += len(p); return len(p), nil }

// TestAMonthOfMinutesNeedsNoMemory streams 43 200 rows, about 9 MB.
func TestAMonthOfMinutesNeedsNoMemory(t *testing.T) {
	a := standing(t)
	body := `{"stats_type":"flows_per_minute","interval_type":"days","time_interval":30,"source_ip":"192.0.2.1"}`
	run := func() int {
		w := &discarding{sink: sink{header: http.Header{}}}
		r := httptest.NewRequestWithContext(t.Context(), "GET", statsPath, strings.NewReader(body))
		r.SetBasicAuth("admin", "admin")
		a.Handler().ServeHTTP(w, r)
		return w.n
	}
	run()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	sent := run()
	runtime.ReadMemStats(&after)
	require.Greater(t, sent, 8<<20)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

// panicking is a store with a mistake.
type panicking struct{ endless }

func (panicking) Rows(context.Context, flowstore.Query) iter.Seq2[flowstore.Row, error] {
	panic("secret insides")
}

func TestAPanicBecomesAnInternalErrorThatTellsNothing(t *testing.T) {
	a := standing(t, func(o *mockserver.Options) { o.Store = panicking{} })
	w := ask(t, a, "GET", statsPath, templateA)
	refused(t, w, http.StatusInternalServerError, mockserver.InternalError)
	require.NotContains(t, w.Body.String(), "secret")
	require.Equal(t, http.StatusOK, ask(t, a, "GET", backupPath, "").Code)
}
