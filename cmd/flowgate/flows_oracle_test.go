package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// oracle is the path of another project's program. Where it is missing the test is skipped, and fails in CI.
func oracle(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", program)
	}
	t.Skipf("%s is not installed", program)
	return ""
}

// udpQueue is what the kernel holds for a UDP port of 127.0.0.1, and what it dropped; false where nobody listens.
func udpQueue(t *testing.T, port string) (queued, drops int64, listening bool) {
	t.Helper()
	table, err := os.ReadFile("/proc/net/udp")
	require.NoError(t, err)
	number, err := strconv.ParseUint(port, 10, 16)
	require.NoError(t, err)
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) < 13 || !strings.HasSuffix(f[1], fmt.Sprintf(":%04X", number)) {
			continue
		}
		_, waiting, _ := strings.Cut(f[4], ":")
		queued, err = strconv.ParseInt(waiting, 16, 64)
		require.NoError(t, err)
		drops, err = strconv.ParseInt(f[12], 10, 64)
		require.NoError(t, err)
		return queued, drops, true
	}
	return 0, 0, false
}

// foreignCollector is nfcapd or sfcapd at work.
type foreignCollector struct {
	cmd  *exec.Cmd
	dir  string
	port string
	log  strings.Builder
}

func startCollector(t *testing.T, program string) *foreignCollector {
	t.Helper()
	free, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(free.LocalAddr().String())
	require.NoError(t, err)
	require.NoError(t, free.Close())
	c := &foreignCollector{dir: t.TempDir(), port: port}
	c.cmd = exec.CommandContext(t.Context(), oracle(t, program), "-b", "127.0.0.1", "-p", port, "-w", c.dir, "-t", "3600")
	c.cmd.Stdout, c.cmd.Stderr = &c.log, &c.log
	require.NoError(t, c.cmd.Start())
	require.Eventually(t, func() bool { _, _, on := udpQueue(t, port); return on }, time.Minute, 5*time.Millisecond, "%s does not listen", program)
	return c
}

// flows ends the collector and reads what it counted.
func (c *foreignCollector) flows(t *testing.T) uint64 {
	t.Helper()
	require.Eventually(t, func() bool { queued, _, _ := udpQueue(t, c.port); return queued == 0 }, time.Minute, 5*time.Millisecond)
	_, drops, _ := udpQueue(t, c.port)
	require.Zero(t, drops, "the kernel dropped datagrams: nothing can be said of the rest")
	require.NoError(t, c.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, c.cmd.Wait(), "%s", &c.log)
	files, err := filepath.Glob(filepath.Join(c.dir, "nfcapd.*"))
	require.NoError(t, err)
	require.Len(t, files, 1, "%s", &c.log)
	out, err := exec.CommandContext(t.Context(), oracle(t, "nfdump"), "-r", files[0], "-I").CombinedOutput()
	require.NoError(t, err, "%s", out)
	m := regexp.MustCompile(`(?m)^Flows: (\d+)$`).FindSubmatch(out)
	require.NotNil(t, m, "%s", out)
	n, err := strconv.ParseUint(string(m[1]), 10, 64)
	require.NoError(t, err)
	return n
}

// TestOtherProgramsReadWhatIsSent lets nfcapd or sfcapd collect what the command sends, and tshark read its capture.
// They, the truth file and the summary agree.
func TestOtherProgramsReadWhatIsSent(t *testing.T) {
	tshark := oracle(t, "tshark")
	for p, program := range map[flow.Protocol]string{flow.NetFlow5: "nfcapd", flow.NetFlow9: "nfcapd", flow.IPFIX: "nfcapd", flow.SFlow: "sfcapd"} {
		t.Run(p.String(), func(t *testing.T) {
			c, dir := startCollector(t, program), t.TempDir()
			truth, pcap := filepath.Join(dir, "truth.json"), filepath.Join(dir, "sent.pcap")
			code, _, complaints := call(t, "flows", "send", p.String()+"=127.0.0.1:"+c.port, "--sources", "3", "--duration", "3s",
				"--profile", lab(t), "--truth", truth, "--pcap", pcap)
			require.Zero(t, code, complaints)
			var want flow.Bucket
			for _, r := range truthOf(t, truth).Rows {
				want.Add(flow.Bucket{Flows: r.Flows, Packets: r.Packets, Bytes: r.Bytes})
			}
			require.Positive(t, want.Flows)
			require.Equal(t, want.Flows, c.flows(t), program)
			require.Equal(t, want, dissected(t, tshark, pcap, c.port, p))
		})
	}
}

// dissected is what tshark finds in a capture.
func dissected(t *testing.T, tshark, pcap, port string, p flow.Protocol) (b flow.Bucket) {
	t.Helper()
	dissector, counted := "cflow", "cflow.octets"
	if p == flow.SFlow {
		dissector, counted = "sflow", "sflow.flow_sample.sequence_number"
	}
	out, err := exec.CommandContext(t.Context(), tshark, "-n", "-r", pcap, "-2", "-d", "udp.port=="+port+","+dissector,
		"-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-T", "fields", "-E", "separator=;",
		"-e", "frame.len", "-e", counted, "-e", "_ws.expert.message", "-e", "ip.checksum.status", "-e", "udp.checksum.status").Output()
	require.NoError(t, err)
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), ";")
		require.Len(t, f, 5, line)
		length, err := strconv.ParseUint(f[0], 10, 64)
		require.NoError(t, err)
		require.NotContains(t, f[2], "Malformed", line)
		require.Equal(t, "1", f[3][:1], "IP checksum: %s", line)
		require.Equal(t, "1", f[4][:1], "UDP checksum: %s", line)
		datagram := flow.Bucket{Packets: 1, Bytes: length}
		if f[1] != "" {
			datagram.Flows = uint64(strings.Count(f[1], ",") + 1)
		}
		b.Add(datagram)
	}
	return b
}

// TestTwoHundredSourcesInANamespace runs what the page shows: in a network namespace any address can be sent from.
func TestTwoHundredSourcesInANamespace(t *testing.T) {
	truth := filepath.Join(t.TempDir(), "truth.json")
	const lay = "ip link set lo up && ip route add local 10.0.0.0/8 dev lo"
	if out, err := exec.CommandContext(t.Context(), "unshare", "-rn", "sh", "-c", lay).CombinedOutput(); err != nil {
		t.Skipf("this machine does not let a test make a network namespace: %v %s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), "unshare", "-rn", "sh", "-c", lay+` && exec flowgate flows send netflow9=10.0.0.1:9996 ipfix=10.0.0.1:4739 \
		--from 10.20.0.0/16 --sources 200 --duration 2s --truth "$TRUTH" --profile "$LAB"`)
	cmd.Env = append(os.Environ(), "TRUTH="+truth, "LAB="+lab(t))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	v9, ipfix := totals(truthOf(t, truth), flow.NetFlow9), totals(truthOf(t, truth), flow.IPFIX)
	require.Len(t, v9, 100, "%s", out)
	require.Len(t, ipfix, 100)
	require.Contains(t, v9, netip.MustParseAddr("10.20.0.1"))
	require.Contains(t, ipfix, netip.MustParseAddr("10.20.0.200"))
}
