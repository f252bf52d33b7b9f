package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

// labProfile is traffic that comes in every second, in so few datagrams that a socket holds those of a test unread.
const labProfile = `name: lab
flows_per_minute: {median: 1800, spread: 0.2, min: 1500, max: 2100}
weekday: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
weekend: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
variation: 0
hurst: 0.8
burstiness: {min: 0.2, max: 0.2}
flush_seconds: [1]
template_refresh: 60
ipv6_share: 0.2
protocols: [netflow5]
utc_offsets: ["+00:00"]
events_per_day: {outage: 0, burst: 0, ddos: 0, scan: 0, broken: 0}
`

// lab writes the profile to a file.
func lab(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lab.yaml")
	require.NoError(t, os.WriteFile(path, []byte(labProfile), 0o600))
	return path
}

// udpSocket is a collector that only keeps.
func udpSocket(t *testing.T) (c *net.UDPConn, address string) {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c, c.LocalAddr().String()
}

// received counts what a socket holds, by source.
func received(t *testing.T, c *net.UDPConn) map[netip.Addr]flow.Bucket {
	t.Helper()
	last, err := net.Dial("udp", c.LocalAddr().String())
	require.NoError(t, err)
	defer last.Close()
	_, err = last.Write([]byte("the end"))
	require.NoError(t, err)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
	out, decoder, buffer := map[netip.Addr]flow.Bucket{}, &wire.Decoder{}, make([]byte, 65536)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buffer)
		require.NoError(t, err)
		if string(buffer[:n]) == "the end" {
			return out
		}
		addr := from.Addr().Unmap()
		m, err := decoder.Decode(addr, buffer[:n])
		require.NoError(t, err)
		require.Zero(t, m.Unknown, "data before its template")
		b := out[addr]
		b.Add(flow.Bucket{Flows: uint64(m.Flows), Packets: 1, Bytes: uint64(n + 28)})
		out[addr] = b
	}
}

func truthOf(t *testing.T, path string) flowgen.Truth {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	truth, err := flowgen.ReadTruth(file)
	require.NoError(t, err)
	return truth
}

// totals sums a truth file by source, of one protocol.
func totals(truth flowgen.Truth, p flow.Protocol) map[netip.Addr]flow.Bucket {
	out := map[netip.Addr]flow.Bucket{}
	for _, r := range truth.Rows {
		if r.Protocol != p {
			continue
		}
		b := out[r.Source]
		b.Add(flow.Bucket{Flows: r.Flows, Packets: r.Packets, Bytes: r.Bytes})
		out[r.Source] = b
	}
	return out
}

func TestWhatIsSentIsWhatTheTruthSaysAndWhatArrives(t *testing.T) {
	t.Parallel()
	sockets, args := map[flow.Protocol]*net.UDPConn{}, []string{"flows", "send"}
	for _, p := range flow.Protocols() {
		c, address := udpSocket(t)
		sockets[p] = c
		args = append(args, p.String()+"="+address)
	}
	path := filepath.Join(t.TempDir(), "truth.json")
	code, out, complaints := call(t, append(args, "--duration", "3s", "--truth", path, "--profile", lab(t), "--seed", "5")...)
	require.Zero(t, code, complaints)
	truth := truthOf(t, path)
	require.EqualValues(t, 5, truth.Seed)
	var flows, datagrams, bytes uint64
	for _, p := range flow.Protocols() {
		want := totals(truth, p)
		require.Len(t, want, 2, "eight sources speak four protocols in turn")
		require.Equal(t, want, received(t, sockets[p]), p)
		for addr, b := range want {
			require.True(t, netip.MustParsePrefix("127.1.0.0/24").Contains(addr), addr)
			require.Positive(t, b.Flows, addr)
			flows, datagrams, bytes = flows+b.Flows, datagrams+b.Packets, bytes+b.Bytes
		}
	}
	require.Regexp(t, fmt.Sprintf(`(?m)^ +sent +8 +%d +%d +%d +0$`, flows, datagrams, bytes), out)
	require.Contains(t, complaints, "8 sources send for 3s")

	// stats counts the same out of the truth file
	code, table, complaints := call(t, "flows", "stats", "--truth", path, "--interval", "hour", "--format", "table")
	require.Zero(t, code, complaints)
	var sum uint64
	for line := range strings.Lines(table) {
		var day, clock, source string
		var n uint64
		if _, err := fmt.Sscan(line, &day, &clock, &source, &n); err == nil {
			sum += n
		}
	}
	require.Equal(t, flows, sum, table)
}

func TestAnotherSeedSendsOtherFlows(t *testing.T) {
	t.Parallel()
	var got []map[netip.Addr]flow.Bucket
	for _, seed := range []string{"1", "2"} {
		c, address := udpSocket(t)
		code, _, complaints := call(t, "flows", "send", "netflow5="+address, "--duration", "2s", "--profile", lab(t), "--seed", seed, "--sources", "3")
		require.Zero(t, code, complaints)
		got = append(got, received(t, c))
		require.Len(t, got[len(got)-1], 3)
	}
	require.NotEqual(t, got[0], got[1])
}

func TestASignalEndsSendingWithItsTruth(t *testing.T) {
	t.Parallel()
	c, address := udpSocket(t)
	dir := t.TempDir()
	truth, pcap := filepath.Join(dir, "truth.json"), filepath.Join(dir, "sent.pcap")
	ctx, stop := context.WithCancel(t.Context())
	var out, complaints strings.Builder
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{
			"flows", "send", "netflow9=" + address, "--from", "127.3.0.1", "--truth", truth, "--pcap", pcap, "--profile", lab(t),
		}, strings.NewReader(""), &out, &complaints)
	}()
	buffer := make([]byte, 65536)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
	n, from, err := c.ReadFromUDPAddrPort(buffer) // it sends: that is the ready signal
	require.NoError(t, err)
	require.Equal(t, netip.MustParseAddr("127.3.0.1"), from.Addr().Unmap())
	require.EqualValues(t, 9, buffer[1])
	require.Positive(t, n)
	stop()
	require.Zero(t, <-ended, complaints.String())
	var packets, bytes uint64
	for _, r := range truthOf(t, truth).Rows {
		packets, bytes = packets+r.Packets, bytes+r.Bytes
	}
	require.Positive(t, packets)
	info, err := os.Stat(pcap)
	require.NoError(t, err)
	require.EqualValues(t, 24+packets*16+bytes, info.Size(), "every datagram that the truth counts is in the capture, whole")
	require.Regexp(t, `(?m)^ +sent +1 `, out.String())
}

func TestALowRateIsToldAndTheDurationKept(t *testing.T) {
	t.Parallel()
	_, address := udpSocket(t)
	code, out, complaints := call(t, "flows", "send", "netflow5="+address, "--duration", "1s", "--rate", "1", "--profile", lab(t), "--sources", "30", "--truth", "-")
	require.Zero(t, code, complaints)
	require.Contains(t, complaints, "the sources export more than 1 datagrams a second")
	require.Contains(t, complaints, "hint: give a higher --rate")
	require.Contains(t, complaints, "datagrams", "where the truth goes to standard output the sum does not")
	require.True(t, strings.HasPrefix(out, "{\n \"seed\": 1"), out)
}

func TestEveryFlagOfFlowsStandsOnItsPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(rootFolder(t), "docs", "flows.md"))
	require.NoError(t, err)
	for _, c := range (&app{}).flows().Commands() {
		_, help, _ := call(t, "flows", c.Name(), "--help")
		for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(help, -1) {
			if flag != "--help" {
				require.Contains(t, string(page), flag, "flows %s", c.Name())
			}
		}
	}
}

// TestTheProfileOfThePageWorks reads the example that the page shows.
func TestTheProfileOfThePageWorks(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(rootFolder(t), "docs", "flows.md"))
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(page), "```yaml\n")
	require.True(t, ok)
	example, _, _ := strings.Cut(rest, "```")
	p, err := flowgen.ParseProfile([]byte(example))
	require.NoError(t, err)
	require.NotEmpty(t, p.Name)
}

// TestThePictureOfThePageIsUpToDate draws it anew. Whoever changes the drawing looks at it and writes it with
// flowgate flows plot --seed 2 --sources 6 --day 2026-02-06 -o docs/flows.svg.
func TestThePictureOfThePageIsUpToDate(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(rootFolder(t), "docs", "flows.svg"))
	require.NoError(t, err)
	code, out, complaints := call(t, "flows", "plot", "--seed", "2", "--sources", "6", "--day", "2026-02-06")
	require.Zero(t, code, complaints)
	require.True(t, out == string(page), "docs/flows.svg is not what flows plot draws")
}

// rowsOf reads rows of import_stats and sums them by source.
func rowsOf(t *testing.T, text []byte) map[string][3]uint64 {
	t.Helper()
	var rows []struct {
		Source  string `json:"source_ip"`
		Flows   uint64 `json:"n_flows"`
		Packets uint64 `json:"n_packets"`
		Bytes   uint64 `json:"n_bytes"`
	}
	require.NoError(t, json.Unmarshal(text, &rows), "%s", text)
	out := map[string][3]uint64{}
	for _, r := range rows {
		sum := out[r.Source]
		out[r.Source] = [3]uint64{sum[0] + r.Flows, sum[1] + r.Packets, sum[2] + r.Bytes}
	}
	return out
}

// TestTheMockCountsWhatIsSent closes the loop between the commands: what send sends, the mock's collectors take in, and
// import_stats answers what stats makes of the truth file.
func TestTheMockCountsWhatIsSent(t *testing.T) {
	t.Parallel()
	args, targets := []string{"mock", "--listen", "127.0.0.1:0", "--plain-http"}, []string{"flows", "send"}
	for _, p := range flow.Protocols() {
		args = append(args, "--collector", p.String()+"=127.0.0.1:0")
	}
	cmd := exec.Command("flowgate", args...)
	mock := startMock(t, cmd)
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait())
	})
	for _, p := range flow.Protocols() {
		targets = append(targets, p.String()+"="+mock.Collectors[p.String()])
	}
	truth := filepath.Join(t.TempDir(), "truth.json")
	code, _, complaints := call(t, append(targets, "--duration", "3s", "--profile", lab(t), "--truth", truth)...)
	require.Zero(t, code, complaints)
	code, out, complaints := call(t, "flows", "stats", "--truth", truth)
	require.Zero(t, code, complaints)
	want := rowsOf(t, []byte(out))
	require.Len(t, want, 8)

	first := truthOf(t, truth).Rows[0].Second
	body := fmt.Sprintf(`{"stats_type":"flows_per_minute","start_time":%d,"end_time":%d,"source_ip":""}`, first, first+3600)
	require.Eventually(t, func() bool {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, mock.URL+"/api/mgmt.flowgateway_analytics/1.0/import_stats", strings.NewReader(body))
		require.NoError(t, err)
		r.SetBasicAuth("admin", "admin")
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return maps.Equal(want, rowsOf(t, text))
	}, time.Minute, 50*time.Millisecond, "import_stats does not answer what was sent: %v", want)
}
