package mockserver_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/mockservertest"
)

// oracle finds a program to compare with. Without it the test is skipped, and fails in CI.
func oracle(t *testing.T, program string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin") {
		if path, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", program)
	}
	t.Skipf("%s is not installed", program)
	return ""
}

// conversations writes a pcap file of that many UDP flows, of one to nine packets each.
func conversations(t *testing.T, n int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "traffic.pcap")
	f, err := os.Create(path)
	require.NoError(t, err)
	w, err := flowgen.NewPcapWriter(f)
	require.NoError(t, err)
	begin := time.Date(2024, 1, 8, 0, 0, 0, 0, time.UTC)
	for packet := range 9 {
		for i := range n {
			if packet > i%9 {
				continue
			}
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 40000+uint16(i))
			to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i % 200)}), 53)
			require.NoError(t, w.Write(begin.Add(time.Duration(packet*n+i)*time.Millisecond), from, to, make([]byte, 20+i%400)))
		}
	}
	require.NoError(t, f.Close())
	return path
}

// meter is a program that reads packets from a file and exports what it saw to a port of 127.0.0.1.
type meter struct {
	program string
	version int
	args    func(dir, traffic, port string) []string
	untidy  bool // it may end with 1 although all is sent
}

func softflowd(version int) meter {
	return meter{program: "softflowd", version: version, args: func(_, traffic, port string) []string {
		// Without -c none it waits for ever on its control socket after it has read a file.
		return []string{"-r", traffic, "-n", "127.0.0.1:" + port, "-v", fmt.Sprint(version), "-d", "-c", "none"}
	}}
}

func pmacctd(version int) meter {
	// Its core process ends with 1 where the exporting one is done before it.
	return meter{program: "pmacctd", version: version, untidy: true, args: func(dir, traffic, port string) []string {
		config := filepath.Join(dir, "pmacctd-"+port+".conf")
		text := fmt.Sprintf("daemonize: false\npcap_savefile: %s\nplugins: nfprobe\nnfprobe_receiver: 127.0.0.1:%s\nnfprobe_version: %d\n"+
			"aggregate: src_host, dst_host, src_port, dst_port, proto, tos\nplugin_pipe_size: 10240000\nplugin_buffer_size: 10240\n", traffic, port, version)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			return nil
		}
		return []string{"-f", config}
	}}
}

// export runs the meter to its end.
func (m meter) export(t *testing.T, dir, traffic, port string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), oracle(t, m.program), m.args(dir, traffic, port)...).CombinedOutput()
	if ended := new(exec.ExitError); m.untidy && errors.As(err, &ended) && ended.ExitCode() == 1 {
		return
	}
	require.NoError(t, err, "%s", out)
}

// heard runs the meter and counts, by itself, the datagrams that it exports and their bytes as IP packets.
func (m meter) heard(t *testing.T, dir, traffic string) (datagrams, bytes uint64) {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer c.Close() //nolint:errcheck // of a test
	require.NoError(t, c.SetReadBuffer(4<<20))
	_, port, err := net.SplitHostPort(c.LocalAddr().String())
	require.NoError(t, err)
	m.export(t, dir, traffic, port)
	// All of it is in the buffer now; an empty datagram of our own stands behind it.
	to, err := net.Dial("udp4", c.LocalAddr().String())
	require.NoError(t, err)
	defer to.Close() //nolint:errcheck // of a test
	_, err = to.Write(nil)
	require.NoError(t, err)
	for room := make([]byte, 1<<16); ; datagrams++ {
		n, err := c.Read(room)
		require.NoError(t, err)
		if n == 0 {
			return datagrams, bytes
		}
		bytes += uint64(n) + 28
	}
}

// Exporters of other people, with known traffic: what import_stats tells is exactly what they exported.
func TestExportersOfOthers(t *testing.T) {
	for _, m := range []meter{softflowd(1), softflowd(5), softflowd(9), softflowd(10), pmacctd(5), pmacctd(9), pmacctd(10)} {
		t.Run(fmt.Sprintf("%s-%d", m.program, m.version), func(t *testing.T) {
			t.Parallel()
			const flows = 700
			dir, traffic := t.TempDir(), conversations(t, flows)
			datagrams, bytes := m.heard(t, dir, traffic)
			require.GreaterOrEqual(t, datagrams, uint64(flows/100))

			a := mockservertest.Start(t, collecting(t, ""), func(o *mockserver.Options) { o.Collectors = o.Collectors[:1] })
			_, port, err := net.SplitHostPort(a.Endpoint.Collectors["netflow"])
			require.NoError(t, err)
			m.export(t, dir, traffic, port)
			require.Eventually(t, func() bool { return a.Appliance.Collectors()[0].Datagrams >= datagrams }, time.Minute, time.Millisecond)
			rows := rowsOf(t, a.Appliance, theMinute)
			require.Len(t, rows, 1)
			got := rows[0]
			require.Equal(t, "127.0.0.1", got.Source)
			want := flow.Bucket{Flows: flows, Packets: datagrams, Bytes: bytes}
			require.Equal(t, want, flow.Bucket{Flows: got.Flows, Packets: got.Packets, Bytes: got.Bytes, BadPackets: got.BadPackets, BadBytes: got.BadBytes})
			require.Equal(t, fmt.Sprint(flows), got.PeakFlows)
		})
	}
}
