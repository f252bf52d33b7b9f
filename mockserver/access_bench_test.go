package mockserver_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/mockservertest"
)

// BenchmarkWays is a whole request by each way to log in, without sockets: path, credentials, answer, journal. The bar
// for Basic is 15 µs. "none" is a resource that needs no credentials, with a body; a wrong password pays the hash.
func BenchmarkWays(b *testing.B) {
	a := mockservertest.Start(b)
	token := tokenFor(b, a.Appliance, codeOf(b, a.Appliance))
	cookie := session(b, a.Appliance)
	for _, c := range []struct {
		name, path, header, value string
		status                    int
	}{
		{"none", commonPath + "services.json", "Accept", "*/*", http.StatusOK},
		{"basic", commonPath + "ping", "Authorization", "Basic YWRtaW46YWRtaW4=", http.StatusNoContent},
		{"session", commonPath + "ping", "Cookie", cookie, http.StatusNoContent},
		{"bearer", commonPath + "ping", "Authorization", "Bearer " + token, http.StatusNoContent},
		{"wrong", commonPath + "ping", "Authorization", "Basic YWRtaW46d3Jvbmc=", http.StatusUnauthorized},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, c.path, nil)
			r.Header.Set(c.header, c.value)
			w := &sink{header: http.Header{}}
			a.Handler().ServeHTTP(w, r) // the first one compares
			b.ReportAllocs()
			before, n := spent(b), 0
			for b.Loop() {
				clear(w.header)
				a.Handler().ServeHTTP(w, r)
				n++
			}
			b.ReportMetric(float64((spent(b)-before).Nanoseconds())/float64(n), "cpu-ns/op")
			require.Equal(b, c.status, w.status)
		})
	}
}

// BenchmarkFlowSources is what 64 sources cost; their hours are remembered from one request to the next.
func BenchmarkFlowSources(b *testing.B) {
	a := mockservertest.Start(b, func(o *mockserver.Options) { o.Sources = 64 })
	r := httptest.NewRequest(http.MethodGet, sourcesPath, nil)
	r.SetBasicAuth(mockservertest.User, mockservertest.Password)
	w := &sink{header: http.Header{}}
	a.Handler().ServeHTTP(w, r)
	before, n := spent(b), 0
	for b.Loop() {
		clear(w.header)
		a.Handler().ServeHTTP(w, r)
		n++
	}
	b.ReportMetric(float64((spent(b)-before).Microseconds())/float64(n), "cpu-µs/op")
	require.Equal(b, http.StatusOK, w.status)
}

// BenchmarkHotConnection asks over one connection that stays open, in turns: for info with Basic, and for auth_info, which
// needs no credentials and is answered in as few bytes. What lies between the two is what Basic costs; the bar is 15 µs.
func BenchmarkHotConnection(b *testing.B) {
	a := mockservertest.Start(b, func(o *mockserver.Options) { o.PlainHTTP = true })
	connection := dial(b, a.URL)[:1]
	request := func(resource, header string) string {
		return "GET " + commonPath + resource + ".json HTTP/1.1\r\nHost: mock\r\n" + header + "\r\n"
	}
	basic, open := request("info", "Authorization: Basic YWRtaW46YWRtaW4=\r\n"), request("auth_info", "")
	connection[0].exchange(b, basic) // the first one compares
	var with, without, withCPU, withoutCPU time.Duration
	const turn = 500
	b.ResetTimer()
	for n := 0; n < b.N; n += turn {
		before := spent(b)
		without += connection.exchange(b, open, turn)
		between := spent(b)
		with += connection.exchange(b, basic, turn)
		withoutCPU += between - before
		withCPU += spent(b) - between
	}
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 / float64((b.N+turn-1)/turn*turn) }
	b.ReportMetric(each(with), "basic-µs")
	b.ReportMetric(each(without), "open-µs")
	b.ReportMetric(each(withCPU), "basic-cpu-µs")
	b.ReportMetric(each(withoutCPU), "open-cpu-µs")
	b.ReportMetric(0, "ns/op")
}
