package mockserver_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/clock"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
	"github.com/flowgate-dev/flowgate/mockserver/ingest"
	"github.com/flowgate-dev/flowgate/mockserver/mockservertest"
)

// collecting lets an appliance collect all protocols; its clock stands still at moment.
func collecting(t testing.TB, data string) func(*mockserver.Options) {
	c, err := clock.Starting(moment, 0)
	require.NoError(t, err)
	return func(o *mockserver.Options) {
		o.Clock, o.Data, o.PlainHTTP = c, data, true
		o.Collectors = []mockserver.Collector{{Listen: "127.0.0.1:0"}, {Listen: "127.0.0.1:0"}, {Protocol: "sflow", Listen: "127.0.0.1:0"}}
	}
}

// sendAll sends half a minute of four protocols from four addresses to an appliance, waits until all of it was read,
// and returns the exporter.
func sendAll(t testing.TB, a *mockservertest.Running) *flowgen.Exporter {
	t.Helper()
	g, err := flowgen.New(flowgen.Options{Seed: 9, Addrs: flowgen.LoopbackAddrs(4), Protocols: flow.Protocols()})
	require.NoError(t, err)
	netflow, sflow := netip.MustParseAddrPort(a.Endpoint.Collectors["netflow"]), netip.MustParseAddrPort(a.Endpoint.Collectors["sflow"])
	e, err := flowgen.NewExporter(g, flowgen.ExporterOptions{
		Rate: 5000, Now: time.Now,
		Targets: map[flow.Protocol]netip.AddrPort{flow.NetFlow5: netflow, flow.NetFlow9: netflow, flow.IPFIX: netflow, flow.SFlow: sflow},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	for s := range int64(30) {
		require.NoError(t, e.SendSecond(t.Context(), moment.Unix()+s))
		sent := uint64(0)
		for _, r := range e.Ledger().Rows() {
			sent += r.Packets
		}
		require.Eventually(t, func() bool { // small buffers hold no more than a second
			read := uint64(0)
			for _, c := range a.Appliance.Collectors() {
				read += c.Datagrams
			}
			return read == sent
		}, time.Minute, time.Millisecond)
	}
	return e
}

// truthRows are the rows that import_stats must show of one exporter, all of it in the minute of moment.
func truthRows(e *flowgen.Exporter) []row {
	var out []row
	for _, s := range e.Sources() {
		b := e.Ledger().Total(s.Addr, 0, 1<<40)
		out = append(out, row{
			Time: "2024-01-08 22:11:00+00:00", Source: s.Addr.String(), Flows: b.Flows, Bytes: b.Bytes, BadBytes: b.BadBytes,
			Packets: b.Packets, BadPackets: b.BadPackets,
			// The clock stands still: all of it came in one second.
			PeakFlows: fmt.Sprint(b.Flows), PeakBytes: fmt.Sprint(b.Bytes), PeakPackets: fmt.Sprint(b.Packets),
		})
	}
	return out
}

var theMinute = fmt.Sprintf(`{"stats_type":"flows_per_minute","start_time":%d,"end_time":%d,"source_ip":""}`, moment.Unix()-30, moment.Unix()+30)

func TestCollectedStatistics(t *testing.T) {
	a := mockservertest.Start(t, collecting(t, ""))
	require.Len(t, a.Endpoint.Collectors, 3)
	require.Contains(t, a.Endpoint.Collectors, "netflow-2")
	require.Empty(t, rowsOf(t, a.Appliance, theMinute), "nothing is made up")
	e := sendAll(t, a)
	require.Equal(t, truthRows(e), rowsOf(t, a.Appliance, theMinute))

	dropped, err := a.Reset(t.Context())
	require.NoError(t, err)
	require.Equal(t, 4, dropped.Sources)
	require.Empty(t, rowsOf(t, a.Appliance, theMinute))
}

// After a reset the templates of exporters are forgotten too: data without them is bad.
func TestResetForgetsTemplates(t *testing.T) {
	a := mockservertest.Start(t, collecting(t, ""))
	e := sendAll(t, a)
	_, err := a.Reset(t.Context())
	require.NoError(t, err)
	before := a.Appliance.Collectors()[0]
	require.NoError(t, e.SendSecond(t.Context(), moment.Unix()+30))
	require.Eventually(t, func() bool {
		for _, c := range a.Appliance.Collectors() {
			text, err := json.Marshal(c.Bad)
			require.NoError(t, err)
			if string(text) != `{}` {
				return c.Protocol == "netflow" && c.Datagrams > before.Datagrams
			}
		}
		return false
	}, time.Minute, time.Millisecond)
}

func TestMadeUpSourcesBesideCollectedOnes(t *testing.T) {
	a := mockservertest.Start(t, collecting(t, ""), func(o *mockserver.Options) { o.Sources = 3 })
	require.Len(t, a.Sources(), 3)
	sendAll(t, a)
	require.Len(t, a.Sources(), 7)
	require.NotEmpty(t, rowsOf(t, a.Appliance, fmt.Sprintf(`{"stats_type":"flows_per_hour","start_time":1702580400,"end_time":1702584000,"source_ip":%q}`, a.Sources()[0])))
}

func TestCollectedStatisticsSurviveARestart(t *testing.T) {
	data := t.TempDir()
	o := mockserver.Options{PasswordCost: 4, WorkFactor: 5}
	collecting(t, data)(&o)
	first, err := mockserver.New(o)
	require.NoError(t, err)
	at, err := first.Start()
	require.NoError(t, err)
	e := sendAll(t, &mockservertest.Running{Appliance: first, Endpoint: at})
	require.NoError(t, first.Close())
	require.NoError(t, first.Close())

	second := mockservertest.Start(t, collecting(t, data))
	require.Equal(t, truthRows(e), rowsOf(t, second.Appliance, theMinute))
	third, err := mockserver.New(o)
	require.NoError(t, err)
	_, err = third.Start()
	require.ErrorContains(t, err, "another process")
	require.NoError(t, third.Close())
}

func TestTheControlPlaneTellsOfCollectors(t *testing.T) {
	a := mockservertest.Start(t, collecting(t, ""))
	conn, err := net.Dial("udp", a.Endpoint.Collectors["sflow"])
	require.NoError(t, err)
	defer conn.Close() //nolint:errcheck // of a test
	for _, payload := range []string{"", "\x00\x05\x00\x01", "\x00\x00\x00\x05\x00"} {
		_, err = conn.Write([]byte(payload))
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return a.Appliance.Collectors()[2].Datagrams == 3 }, time.Minute, time.Millisecond)
	get := func(path string) string {
		w := httptest.NewRecorder()
		a.ControlHandler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		require.Equal(t, http.StatusOK, w.Code)
		return w.Body.String()
	}
	var state struct{ Collectors []map[string]any }
	require.NoError(t, json.Unmarshal([]byte(get("/api/v1/state")), &state))
	require.Len(t, state.Collectors, 3)
	require.Equal(t, map[string]any{
		"protocol": "sflow", "address": a.Endpoint.Collectors["sflow"], "datagrams": 3.0, "bytes": 3*28 + 9.0, "flows": 0.0,
		"bad": map[string]any{"short": 2.0, "version": 1.0}, "refused": 0.0, "dropped": 0.0,
	}, state.Collectors[2])
	metrics := get("/metrics")
	label := fmt.Sprintf(`{protocol="sflow",address=%q`, a.Endpoint.Collectors["sflow"])
	require.Contains(t, metrics, "flowgate_mock_collector_datagrams_total"+label+"} 3\n")
	require.Contains(t, metrics, "flowgate_mock_collector_bad_total"+label+`,cause="short"} 2`+"\n")
}

func TestCollectorsThatCannotBe(t *testing.T) {
	_, err := mockserver.New(mockserver.Options{Collectors: []mockserver.Collector{{Protocol: "netflow8"}}})
	require.ErrorContains(t, err, `"netflow8" is no protocol`)
	_, err = mockserver.New(mockserver.Options{Collectors: []mockserver.Collector{{}}, Store: flowstore.NewCollected(flowstore.CollectedOptions{})})
	require.ErrorContains(t, err, "not both")

	taken := mockservertest.Start(t, collecting(t, ""))
	a, err := mockserver.New(mockserver.Options{Collectors: []mockserver.Collector{{Listen: "127.0.0.1:0"}, {Listen: taken.Endpoint.Collectors["sflow"]}}})
	require.NoError(t, err)
	_, err = a.Start()
	var failed *net.OpError
	require.ErrorAs(t, err, &failed)
	require.NoError(t, a.Close())
	require.Equal(t, []string{"netflow", "netflow5", "netflow9", "ipfix", "sflow"}, ingest.Protocols())
}
