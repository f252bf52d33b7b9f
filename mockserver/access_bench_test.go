package mockserver_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

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
