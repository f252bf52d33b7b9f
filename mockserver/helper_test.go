package mockserver_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/clock"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
)

const restorePath = "/api/mgmt.gateway_backup/1.0/restore"

// moment is when the clock of most tests stands still: 30 s into a minute.
var moment = time.Date(2024, 1, 8, 22, 11, 30, 0, time.UTC)

// rhythm is traffic that one can reckon in one's head: the first source sends s%60+1 flows in second s, the second the
// tenfold in even minutes only, the third nothing ever. A datagram carries one flow and has 100 bytes.
type rhythm struct{}

func (rhythm) Addresses() []netip.Addr {
	return []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("192.0.2.3")}
}

func (rhythm) Second(source int, s int64) flow.Bucket {
	n := uint64(s%60 + 1)
	switch {
	case source == 1 && s/60%2 == 0:
		n *= 10
	case source >= 1:
		n = 0
	}
	return flow.Bucket{Flows: n, Packets: n, Bytes: 100 * n}.Second()
}

func (r rhythm) Minute(source int, m int64) (b flow.Bucket) {
	for s := m * 60; s < m*60+60; s++ {
		b.Add(r.Second(source, s))
	}
	return b
}

func (r rhythm) Hour(source int, h int64) (b flow.Bucket) {
	for m := h * 60; m < h*60+60; m++ {
		b.Add(r.Minute(source, m))
	}
	return b
}

// standing is an appliance without ports whose clock stands still at moment, with the rhythm's traffic.
func standing(t testing.TB, with ...func(*mockserver.Options)) *mockserver.Appliance {
	t.Helper()
	c, err := clock.Starting(moment, 0)
	require.NoError(t, err)
	o := mockserver.Options{
		Clock: c, PasswordCost: 4, WorkFactor: 5,
		Store: flowstore.NewSynthetic(rhythm{}, moment.AddDate(-1, 0, 0)),
	}
	for _, change := range with {
		change(&o)
	}
	a, err := mockserver.New(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	return a
}

// ask sends a request as admin and returns the answer. Headers are given as pairs; "Authorization", "" sends none.
func ask(t testing.TB, a *mockserver.Appliance, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.SetBasicAuth("admin", "admin")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	return w
}

// row is one row of import_stats as the document shows it.
type row struct {
	Time        string `json:"time"`
	Source      string `json:"source_ip"`
	Flows       uint64 `json:"n_flows"`
	Bytes       uint64 `json:"n_bytes"`
	BadBytes    uint64 `json:"n_bad_bytes"`
	Packets     uint64 `json:"n_packets"`
	BadPackets  uint64 `json:"n_bad_packets"`
	PeakFlows   string `json:"peak_n_flows"`
	PeakBytes   string `json:"peak_n_bytes"`
	PeakPackets string `json:"peak_n_packets"`
}

// rowsOf asks import_stats, which must succeed.
func rowsOf(t testing.TB, a *mockserver.Appliance, body string) []row {
	t.Helper()
	w := ask(t, a, http.MethodGet, statsPath, body)
	require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
	var rows []row
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &rows))
	require.NotNil(t, rows)
	return rows
}

// refused asks, and checks that the documented error comes: exactly two keys, and a text with each of the words.
func refused(t testing.TB, w *httptest.ResponseRecorder, status int, id string, words ...string) {
	t.Helper()
	require.Equal(t, status, w.Code, "%s", w.Body)
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	var body map[string]string
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body), "%s", w.Body)
	require.Len(t, body, 2)
	require.Equal(t, id, body["error_id"], "%s", w.Body)
	for _, word := range words {
		require.Contains(t, body["error_text"], word)
	}
}

// settled waits until no job runs and returns the status at path.
func settled(t testing.TB, a *mockserver.Appliance, path string) string {
	t.Helper()
	for {
		text := ask(t, a, http.MethodGet, path, "").Body.String()
		if !strings.Contains(text, `"EXECUTING"`) {
			return text
		}
		a.Clock().Advance(time.Minute)
		require.NoError(t, t.Context().Err())
	}
}
