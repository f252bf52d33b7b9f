package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
)

func TestCollectorsOnTheCommandLine(t *testing.T) {
	for _, c := range []struct{ value, want string }{
		{"netflow8=127.0.0.1:0", `"netflow8" is no protocol (expected one of netflow, netflow5, netflow9, ipfix, sflow)`},
		{"sflow=6343", "expected [PROTO=]HOST:PORT"},
		{"=127.0.0.1:0", `"" is no protocol`},
	} {
		code, out, complaint := call(t, "mock", "--listen", "127.0.0.1:0", "--collector", c.value)
		require.Equal(t, 2, code, complaint)
		require.Empty(t, out)
		require.Contains(t, complaint, c.want)
		require.Contains(t, complaint, "hint: ")
	}
}

// keeper starts a mock in a process of its own that collects and keeps what it counts.
func keeper(t *testing.T, data string) (*exec.Cmd, ready) {
	t.Helper()
	cmd := exec.Command("flowgate", "mock", "--listen", "127.0.0.1:0", "--plain-http", "--collector", "127.0.0.1:0", "--collector", "sflow=127.0.0.1:0",
		"--data", data, "--clock", "2024-01-08T22:11:10Z", "--clock-rate", "0")
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	return cmd, startMock(t, cmd).ready
}

// hourly asks a mock for all rows of the hour in which its clock stands still.
func hourly(t *testing.T, url string) map[string]flow.Bucket {
	t.Helper()
	const body = `{"stats_type":"flows_per_hour","start_time":1704751200,"end_time":1704754800,"source_ip":""}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/mgmt.flowgateway_analytics/1.0/import_stats", strings.NewReader(body))
	require.NoError(t, err)
	r.SetBasicAuth("admin", "admin")
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close() //nolint:errcheck // it was read to its end
	require.Equal(t, http.StatusOK, answer.StatusCode)
	var rows []struct {
		Source     string `json:"source_ip"`
		Flows      uint64 `json:"n_flows"`
		Bytes      uint64 `json:"n_bytes"`
		Packets    uint64 `json:"n_packets"`
		BadPackets uint64 `json:"n_bad_packets"`
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&rows))
	out := map[string]flow.Bucket{}
	for _, r := range rows {
		out[r.Source] = flow.Bucket{Flows: r.Flows, Bytes: r.Bytes, Packets: r.Packets, BadPackets: r.BadPackets}
	}
	return out
}

// written is what a mock's data directory holds at this moment, read from a copy.
func written(t *testing.T, data string) map[string]flow.Bucket {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "flows")
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join(data, "flows"))))
	store := flowstore.NewCollected(flowstore.CollectedOptions{})
	archive, _, err := flowstore.OpenArchive(dir, store, flowstore.ArchiveOptions{})
	require.NoError(t, err)
	defer archive.Close() //nolint:errcheck // of a copy
	out := map[string]flow.Bucket{}
	const hour = 1704751200
	q := flowstore.Query{Interval: flowstore.Hour, Window: flowstore.Window{From: hour, To: hour + 3600}, Now: hour + 3600}
	for row, err := range store.Rows(t.Context(), q) {
		require.NoError(t, err)
		out[row.Source.String()] = flow.Bucket{Flows: row.Flows, Bytes: row.Bytes, Packets: row.Packets, BadPackets: row.BadPackets}
	}
	return out
}

// nonzero is without the sources that have sent nothing yet.
func nonzero(all map[string]flow.Bucket) map[string]flow.Bucket {
	out := maps.Clone(all)
	maps.DeleteFunc(out, func(_ string, b flow.Bucket) bool { return b.IsZero() })
	return out
}

// What was written is there again after a mock was killed. It is killed once its directory holds what
// was sent, with no chance to write more.
func TestCollectedStatisticsSurviveAKill(t *testing.T) {
	data := t.TempDir()
	want := map[string]flow.Bucket{}
	for round := range 3 {
		cmd, r := keeper(t, data)
		require.Len(t, r.Collectors, 2)
		require.Equal(t, want, hourly(t, r.URL), "round %d", round)
		to := netip.MustParseAddrPort(r.Collectors["netflow"])
		g, err := flowgen.New(flowgen.Options{Seed: uint64(round + 1), Addrs: flowgen.LoopbackAddrs(3), Protocols: []flow.Protocol{flow.NetFlow5, flow.NetFlow9, flow.IPFIX}, NoEvents: true})
		require.NoError(t, err)
		e, err := flowgen.NewExporter(g, flowgen.ExporterOptions{Targets: map[flow.Protocol]netip.AddrPort{flow.NetFlow5: to, flow.NetFlow9: to, flow.IPFIX: to}})
		require.NoError(t, err)
		before := maps.Clone(want)
		for s := range int64(20) {
			require.NoError(t, e.SendSecond(t.Context(), 1704751200+s))
			for _, s := range e.Sources() {
				sum := before[s.Addr.String()]
				sum.Add(e.Ledger().Total(s.Addr, 0, 1<<40))
				want[s.Addr.String()] = flow.Bucket{Flows: sum.Flows, Bytes: sum.Bytes, Packets: sum.Packets}
			}
			// Small buffers hold no more than a second.
			require.Eventually(t, func() bool { return maps.Equal(hourly(t, r.URL), nonzero(want)) }, time.Minute, time.Millisecond)
		}
		want = nonzero(want)
		require.NoError(t, e.Close())
		require.Eventually(t, func() bool { return maps.Equal(written(t, data), want) }, time.Minute, 50*time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())
	}
}
