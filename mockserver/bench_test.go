package mockserver_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/mockservertest"
)

const (
	statsPath  = "/api/mgmt.flowgateway_analytics/1.0/import_stats"
	backupPath = "/api/mgmt.gateway_backup/1.0/backup"
)

// BenchmarkBesideBareHandler sends the same requests over loopback, in turns, to the appliance (credentials, full
// validation, journal) and to a net/http handler that does nothing but write a constant answer of the same size, headers included. The
// client is as lean as can be, so that the ratio is that of the servers.
func BenchmarkBesideBareHandler(b *testing.B) {
	a := mockservertest.Start(b, func(o *mockserver.Options) { o.PlainHTTP = true })
	source := firstIPv4(b, a)
	cases := []struct{ name, path, body string }{
		{"backup-status", backupPath, ""},
		{"import-stats-C", statsPath, fmt.Sprintf(`{"stats_type":"flows_per_minute","start_time":1702580400,"end_time":1702580460,"source_ip":%q}`, source)},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			request := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: mock\r\nAuthorization: Basic YWRtaW46YWRtaW4=\r\n", c.path)
			if c.body != "" {
				request += fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n", len(c.body))
			}
			request += "\r\n" + c.body
			mock := dial(b, a.URL)
			size := mock[0].exchange(b, request)
			constant := []byte(strings.Repeat("x", size))
			bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				h := w.Header()
				h.Set("Content-Type", "application/json")
				h.Set("Cache-Control", "no-store, no-cache, must-revalidate")
				h.Set("X-Content-Type-Options", "nosniff")
				h.Set("X-Frame-Options", "SAMEORIGIN")
				_, _ = w.Write(constant)
			}))
			defer bare.Close()
			plain := dial(b, bare.URL)
			var mockTime, bareTime, mockCPU, bareCPU time.Duration
			const turn = 500
			b.ResetTimer()
			for n := 0; n < b.N; n += turn {
				before := spent(b)
				bareTime += plain.exchange(b, request, turn)
				between := spent(b)
				mockTime += mock.exchange(b, request, turn)
				bareCPU += between - before
				mockCPU += spent(b) - between
			}
			rounds := float64((b.N+turn-1)/turn) * turn
			b.ReportMetric(rounds/mockTime.Seconds(), "mock-req/s")
			b.ReportMetric(rounds/bareTime.Seconds(), "bare-req/s")
			b.ReportMetric(bareTime.Seconds()/mockTime.Seconds(), "ratio")
			b.ReportMetric(bareCPU.Seconds()/mockCPU.Seconds(), "cpu-ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// spent is the processor time of this process, which a busy machine disturbs less than the time of day.
func spent(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func firstIPv4(tb testing.TB, a interface{ Sources() []netip.Addr }) string {
	for _, s := range a.Sources() {
		if s.Is4() {
			return s.String()
		}
	}
	tb.Fatal("no IPv4 source")
	return ""
}

// lane is one connection of the lean client.
type lane struct {
	net.Conn
	read *bufio.Reader
}

type lanes []*lane

func dial(b *testing.B, url string) lanes {
	out := make(lanes, 4)
	for i := range out {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		require.NoError(b, err)
		b.Cleanup(func() { _ = conn.Close() })
		out[i] = &lane{conn, bufio.NewReader(conn)}
	}
	return out
}

// exchange sends n requests over all lanes and returns how long it took.
func (l lanes) exchange(b *testing.B, request string, n int) time.Duration {
	began := time.Now()
	var all sync.WaitGroup
	for _, one := range l {
		all.Go(func() {
			for range n / len(l) {
				one.exchange(b, request)
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

// exchange sends a request and returns the size of the answer's body.
func (l *lane) exchange(b *testing.B, request string) int {
	if _, err := io.WriteString(l, request); err != nil {
		b.Error(err)
		return 0
	}
	size, chunked := 0, false
	for first := true; ; first = false {
		line, err := l.read.ReadSlice('\n')
		if err != nil || first && string(line[9:12]) != "200" {
			b.Errorf("%q, %v", line, err)
			return 0
		}
		if len(line) == 2 {
			break
		}
		if text, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			size, _ = strconv.Atoi(string(bytes.TrimSpace(text)))
		}
		chunked = chunked || bytes.HasPrefix(line, []byte("Transfer-Encoding: chunked"))
	}
	if chunked {
		return l.chunks(b)
	}
	if _, err := l.read.Discard(size); err != nil {
		b.Error(err)
	}
	return size
}

// chunks reads a body that comes in pieces, as an answer does that was held up for a moment, and returns its size.
func (l *lane) chunks(b *testing.B) (size int) {
	for {
		line, err := l.read.ReadString('\n')
		n, wrong := strconv.ParseInt(strings.TrimSpace(line), 16, 32)
		if err == nil && wrong == nil {
			_, err = l.read.Discard(int(n) + 2)
		}
		if err != nil || wrong != nil {
			b.Errorf("%q, %v, %v", line, err, wrong)
			return size
		}
		if n == 0 {
			return size
		}
		size += int(n)
	}
}

// BenchmarkHandler is the cost of the appliance alone, without sockets.
func BenchmarkHandler(b *testing.B) {
	a := mockservertest.Start(b)
	cases := []struct{ name, path, body string }{
		{"backup-status", backupPath, ""},
		{"import-stats-C", statsPath, fmt.Sprintf(`{"stats_type":"flows_per_minute","start_time":1702580400,"end_time":1702580460,"source_ip":%q}`, firstIPv4(b, a))},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, c.path, nil)
			r.SetBasicAuth(mockservertest.User, mockservertest.Password)
			w := &sink{header: http.Header{}}
			body := strings.NewReader(c.body)
			b.ReportAllocs()
			for b.Loop() {
				body.Reset(c.body)
				r.Body, r.ContentLength = io.NopCloser(body), int64(len(c.body))
				clear(w.header)
				a.Handler().ServeHTTP(w, r)
			}
			require.Equal(b, http.StatusOK, w.status)
		})
	}
}

// sink is a ResponseWriter that forgets.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(status int)      { s.status = status }
