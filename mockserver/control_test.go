package mockserver_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/journal"
	"github.com/flowgate-dev/flowgate/mockserver/mockservertest"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

func controlled(t *testing.T, a *mockserver.Appliance, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(t.Context(), method, "http://control"+path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	a.ControlHandler().ServeHTTP(w, r)
	return w
}

// askControl asks the control plane, which must succeed.
func askControl(t *testing.T, a *mockserver.Appliance, method, path, body string) string {
	t.Helper()
	w := controlled(t, a, method, path, body)
	require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
	return w.Body.String()
}

func TestTheClockIsSteeredFromOutside(t *testing.T) {
	a := standing(t)
	require.JSONEq(t, `{"now":"2024-01-08T22:11:30Z","rate":0}`, askControl(t, a, "GET", "/api/v1/clock", ""))
	askControl(t, a, "POST", "/api/v1/clock/advance", `{"by":"90m"}`)
	require.Equal(t, moment.Add(90*time.Minute), a.Clock().Now())
	askControl(t, a, "PUT", "/api/v1/clock", `{"now":"2030-01-01T00:00:00+01:00"}`)
	require.Equal(t, "2029-12-31T23:00:00Z", a.Clock().Now().Format(time.RFC3339))
	askControl(t, a, "PUT", "/api/v1/clock", `{"rate":2}`)
	require.InDelta(t, 2, a.Clock().Rate(), 0)
	for _, bad := range []string{`{"rate":-1,"now":"2031-01-01T00:00:00Z"}`, `{"now":"yesterday"}`, `{"by":1}`, `{`, `{} {}`, ``} {
		w := controlled(t, a, "PUT", "/api/v1/clock", bad)
		require.Equal(t, http.StatusBadRequest, w.Code, bad)
		require.Contains(t, w.Body.String(), `"hint"`)
	}
	require.Equal(t, 2029, a.Clock().Now().Year())
	require.Equal(t, http.StatusBadRequest, controlled(t, a, "POST", "/api/v1/clock/advance", `{"by":"soon"}`).Code)
}

func TestTheDialectIsSteeredFromOutside(t *testing.T) {
	a := standing(t)
	require.Contains(t, askControl(t, a, "GET", "/api/v1/dialect", ""), `"start-status": "200"`)
	askControl(t, a, "PUT", "/api/v1/dialect", `{"start-status":"202"}`)
	require.Equal(t, http.StatusAccepted, ask(t, a, "POST", backupPath, localJob).Code)
	w := controlled(t, a, "PUT", "/api/v1/dialect", `{"start-status":"299"}`)
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Contains(t, w.Body.String(), "204")
	require.Equal(t, "202", a.Dialect().Answer(dialect.StartStatus))
}

func TestResetBringsTheStartBackAndSaysWhatItDropped(t *testing.T) {
	a := standing(t)
	start := askControl(t, a, "GET", "/api/v1/state", "")
	ask(t, a, "POST", backupPath, localJob)
	settled(t, a, backupPath)
	ask(t, a, "POST", restorePath, localJob) // still runs
	renamed := a.State()
	renamed.Name = "renamed"
	a.SetState(renamed)
	askControl(t, a, "PUT", "/api/v1/dialect", `{"start-status":"202"}`)
	exchanges := len(a.Journal().Entries(journal.Filter{}))
	var said struct{ Dropped mockserver.Dropped }
	require.NoError(t, json.Unmarshal([]byte(askControl(t, a, "POST", "/api/v1/reset", "")), &said))
	require.Equal(t, mockserver.Dropped{Jobs: 2, Backups: 1, Exchanges: exchanges}, said.Dropped)
	after := askControl(t, a, "GET", "/api/v1/state", "")
	cut := func(s string) string { head, _, _ := strings.Cut(s, `"exchanges"`); return head }
	require.Equal(t, cut(start), cut(after))
	ask(t, a, "POST", restorePath, localJob)
	require.Contains(t, settled(t, a, restorePath), "no backup is there")
}

func TestTheJournalIsFilteredAndCleared(t *testing.T) {
	a := standing(t)
	ask(t, a, "GET", backupPath, "")
	ask(t, a, "GET", statsPath, templateA)
	ask(t, a, "GET", statsPath, "[]")
	ids := func(query string) (out []uint64) {
		var got struct {
			Exchanges []struct {
				ID       uint64
				Status   int
				Request  string
				Response string
				ErrorID  string `json:"error_id"`
				Reason   string
			}
		}
		require.NoError(t, json.Unmarshal([]byte(askControl(t, a, "GET", "/api/v1/journal"+query, "")), &got))
		for _, e := range got.Exchanges {
			out = append(out, e.ID)
			if e.ID == 3 {
				require.Equal(t, []string{"[]", "BAD_REQUEST"}, []string{e.Request, e.ErrorID})
				require.Contains(t, e.Reason, "empty")
			}
			if e.ID == 2 {
				require.Equal(t, templateA, e.Request)
				require.Contains(t, e.Response, `"n_flows":1830`)
			}
		}
		return out
	}
	require.Equal(t, []uint64{1, 2, 3}, ids(""))
	require.Equal(t, []uint64{2, 3}, ids("?operation=getImportStats"))
	require.Equal(t, []uint64{3}, ids("?operation=getImportStats&status=400"))
	require.Equal(t, []uint64{3}, ids("?since=2"))
	require.Equal(t, []uint64{1, 2, 3}, ids("?since=2024-01-08T22:11:29Z"))
	require.Empty(t, ids("?since=2024-01-08T22:11:30Z"))
	for _, bad := range []string{"?since=x", "?status=ok", "?zz=1"} {
		require.Equal(t, http.StatusBadRequest, controlled(t, a, "GET", "/api/v1/journal"+bad, "").Code)
	}
	require.Contains(t, controlled(t, a, "GET", "/api/v1/journal?zz=1&status=ok&aa=1", "").Body.String(), `parameter \"aa\" cannot be used`)
	require.Contains(t, askControl(t, a, "DELETE", "/api/v1/journal", ""), `"exchanges": 3`)
	require.Empty(t, ids(""))
	require.Contains(t, askControl(t, a, "GET", "/metrics", ""), `flowgate_mock_exchanges_total{operation="getImportStats",status="400"} 1`)
}

func TestForeignPagesCannotSteer(t *testing.T) {
	a := standing(t)
	require.Equal(t, http.StatusForbidden, controlled(t, a, "POST", "/api/v1/reset", "", "Sec-Fetch-Site", "cross-site").Code)
	require.Equal(t, http.StatusForbidden, controlled(t, a, "POST", "/api/v1/reset", "", "Origin", "http://evil.example").Code)
}

func TestTheControlPlaneHasItsOwnPortAndStreamsEvents(t *testing.T) {
	a := mockservertest.Start(t, func(o *mockserver.Options) { o.Control, o.PlainHTTP = "127.0.0.1:0", true })
	require.NotEqual(t, a.URL, a.Control)
	client := a.Client(t)
	get := func(url string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		require.NoError(t, err)
		r.SetBasicAuth("admin", "admin")
		res, err := client.Do(r)
		require.NoError(t, err)
		t.Cleanup(func() { _ = res.Body.Close() })
		return res
	}
	for _, path := range []string{"/", "/healthz", "/readyz", "/openapi.yaml"} {
		require.Equal(t, http.StatusOK, get(a.Control+path).StatusCode)
		require.Equal(t, http.StatusNotFound, get(a.URL+path).StatusCode)
	}
	events := bufio.NewScanner(get(a.Control + "/api/v1/stream").Body)
	require.True(t, events.Scan())
	require.Equal(t, http.StatusOK, get(a.URL+backupPath).StatusCode)
	for events.Scan() && !strings.HasPrefix(events.Text(), "data: ") {
		continue
	}
	require.Contains(t, events.Text(), `"operation":"getBackup"`)
	require.NoError(t, a.Close(), "a stream that is open does not hold Close up")
}
