package mockserver

import (
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/mockserver/clock"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
)

// wireRow is a row for encoding/json.
type wireRow struct {
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

func wireRowOf(r *flowstore.Row) wireRow {
	return wireRow{
		Time: time.Unix(r.Time, 0).UTC().Format("2006-01-02 15:04:05+00:00"), Source: r.Source.String(),
		Flows: r.Flows, Bytes: r.Bytes, BadBytes: r.BadBytes, Packets: r.Packets, BadPackets: r.BadPackets,
		PeakFlows: strconv.FormatUint(r.PeakFlows, 10), PeakBytes: strconv.FormatUint(r.PeakBytes, 10), PeakPackets: strconv.FormatUint(r.PeakPackets, 10),
	}
}

// busyRow is the second example row of the documents, at a later minute for each n.
func busyRow(n int) flowstore.Row {
	return flowstore.Row{
		Time: 1704751860 + int64(n)*60, Source: netip.AddrFrom4([4]byte{10, 1, 2, byte(n)}),
		Bucket: flow.Bucket{Flows: 23677, Bytes: 1179508, Packets: 827, PeakFlows: 1508, PeakBytes: 75088, PeakPackets: 52},
	}
}

func processorTime(b testing.TB) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRowsBesideEncodingJSON renders the same rows in turns: as import_stats does, with an Encoder of encoding/json,
// and with one from rows whose times, addresses and peaks are texts already.
func BenchmarkRowsBesideEncodingJSON(b *testing.B) {
	const turn = 20000
	rows := make([]flowstore.Row, turn)
	ready := make([]wireRow, turn)
	for i := range rows {
		rows[i] = busyRow(i)
		ready[i] = wireRowOf(&rows[i])
	}
	want, err := json.Marshal(ready[0])
	require.NoError(b, err)
	require.Equal(b, string(want), string(new(rowTimes).appendRow(nil, &rows[0])))
	var ours, theirs, prepared time.Duration
	var allocated uint64
	buf := make([]byte, 0, 2*piece)
	var times rowTimes
	encoder := json.NewEncoder(io.Discard)
	var before, after runtime.MemStats
	for n := 0; n < b.N; n += turn {
		runtime.ReadMemStats(&before)
		began := processorTime(b)
		for i := range rows {
			if buf = times.appendRow(buf, &rows[i]); len(buf) >= piece {
				buf = buf[:0]
			}
		}
		ours += processorTime(b) - began
		runtime.ReadMemStats(&after)
		allocated += after.Mallocs - before.Mallocs
		began = processorTime(b)
		for i := range ready {
			_ = encoder.Encode(&ready[i])
		}
		prepared += processorTime(b) - began
		began = processorTime(b)
		for i := range rows {
			r := wireRowOf(&rows[i])
			_ = encoder.Encode(&r)
		}
		theirs += processorTime(b) - began
	}
	total := float64((b.N + turn - 1) / turn * turn)
	b.ReportMetric(total/ours.Seconds()/1e6, "Mrows/cpu-s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "times-encoding/json")
	b.ReportMetric(prepared.Seconds()/ours.Seconds(), "times-it-with-texts-ready")
	b.ReportMetric(float64(allocated)/total, "allocs/row")
	b.ReportMetric(0, "ns/op")
}

// steady is traffic of n sources that never changes.
type steady int

func (s steady) Addresses() []netip.Addr {
	out := make([]netip.Addr, s)
	for i := range out {
		out[i] = netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})
	}
	return out
}

func (steady) Second(int, int64) flow.Bucket { return busyRow(0).Bucket }
func (steady) Minute(int, int64) flow.Bucket { return busyRow(0).Bucket }
func (steady) Hour(int, int64) flow.Bucket   { return busyRow(0).Bucket }

// resident is the most memory that the process ever had resident, in MiB.
func resident(tb testing.TB) float64 {
	text, err := os.ReadFile("/proc/self/status")
	require.NoError(tb, err)
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmHWM:" {
			kib, err := strconv.Atoi(f[1])
			require.NoError(tb, err)
			return float64(kib) / 1024
		}
	}
	return 0
}

// served is a mock that listens and whose clock stands still, and a function that asks it for the last minutes of all
// sources and reads up to so many bytes of the answer; it returns when the first came and how many there were.
func served(b *testing.B, o Options) (ask func(minutes int, most int64) (first time.Duration, n int64)) {
	at := time.Unix(1704751860, 0)
	c, err := clock.Starting(at, 0)
	require.NoError(b, err)
	o.Clock, o.PlainHTTP, o.PasswordCost = c, true, 4
	a, err := New(o)
	require.NoError(b, err)
	b.Cleanup(func() { _ = a.Close() })
	e, err := a.Start()
	require.NoError(b, err)
	return func(minutes int, most int64) (first time.Duration, n int64) {
		body := `{"stats_type":"flows_per_minute","interval_type":"minutes","time_interval":` + strconv.Itoa(minutes) + `,"source_ip":""}`
		r, err := http.NewRequest(http.MethodGet, e.URL+"/api/mgmt.flowgateway_analytics/1.0/import_stats", strings.NewReader(body))
		require.NoError(b, err)
		r.SetBasicAuth("admin", "admin")
		began := time.Now()
		answer, err := http.DefaultClient.Do(r)
		require.NoError(b, err)
		defer answer.Body.Close() //nolint:errcheck // what is left of it is not wanted
		_, err = answer.Body.Read(make([]byte, 1))
		require.NoError(b, err)
		first = time.Since(began)
		n, err = io.Copy(io.Discard, io.LimitReader(answer.Body, most))
		require.NoError(b, err)
		return first, n + 1
	}
}

// BenchmarkTenMillionRows asks, over HTTP, for ten million rows of minutes of 200 sources, and reads them as they come.
// What it reports as memory is the most that the whole process, client included, ever had resident.
func BenchmarkTenMillionRows(b *testing.B) {
	const sources, minutes = 200, 50000
	ask := served(b, Options{Store: flowstore.NewSynthetic(steady(sources), time.Unix(1600000000, 0))})
	ask(1, 1<<40)
	b.ResetTimer()
	for range b.N {
		first, n := ask(minutes, 1<<40)
		b.ReportMetric(float64(first.Microseconds())/1000, "ms-to-first-byte")
		b.ReportMetric(resident(b), "MiB-resident")
		b.ReportMetric(float64(n)/(1<<20), "MiB-sent")
	}
}

// BenchmarkYearsOfMinutes asks for two years of minutes of 300 made-up sources, 315 million rows, reads 200 MiB of them
// and leaves.
func BenchmarkYearsOfMinutes(b *testing.B) {
	ask := served(b, Options{Sources: 300})
	ask(1, 1<<40)
	b.ResetTimer()
	for range b.N {
		first, _ := ask(2*365*24*60, 200<<20)
		b.ReportMetric(float64(first.Microseconds())/1000, "ms-to-first-byte")
		b.ReportMetric(resident(b), "MiB-resident")
	}
}
