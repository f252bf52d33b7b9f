package ingest_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
	"github.com/flowgate-dev/flowgate/mockserver/ingest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when everything arrives.
var noon = time.Date(2026, time.March, 4, 12, 0, 30, 0, time.UTC)

func listen(t testing.TB, protocol, at string, store *flowstore.Collected) *ingest.Collector {
	t.Helper()
	c, err := ingest.Listen(ingest.Options{Protocol: protocol, Listen: at, Sink: store, Now: func() time.Time { return noon }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// arrived waits until a collector has read so many datagrams.
func arrived(t testing.TB, c *ingest.Collector, n uint64) ingest.Counters {
	t.Helper()
	require.Eventually(t, func() bool { return c.Counters().Datagrams >= n }, time.Minute, time.Millisecond)
	return c.Counters()
}

// minute is the row of a source in the minute in which everything arrives.
func minute(t testing.TB, s flowstore.Store, source netip.Addr) flow.Bucket {
	t.Helper()
	from := noon.Unix() - 30
	q := flowstore.Query{Source: source, Interval: flowstore.Minute, Window: flowstore.Window{From: from, To: from + 60}, Now: from + 60}
	var sum flow.Bucket
	n := 0
	for row, err := range s.Rows(t.Context(), q) {
		require.NoError(t, err)
		sum = row.Bucket
		n++
	}
	require.LessOrEqual(t, n, 1)
	return sum
}

// sender is an exporter with one source of a protocol at an address.
func sender(t *testing.T, p flow.Protocol, from netip.Addr, to netip.AddrPort) *flowgen.Exporter {
	t.Helper()
	g, err := flowgen.New(flowgen.Options{Seed: 5, Protocols: []flow.Protocol{p}, Addrs: []netip.Addr{from}})
	require.NoError(t, err)
	e, err := flowgen.NewExporter(g, flowgen.ExporterOptions{Targets: map[flow.Protocol]netip.AddrPort{p: to}, Now: func() time.Time { return noon }, Rate: -1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// Whatever exporters of this project send, in each protocol, over both IP versions, damaged datagrams and templates
// included, is counted as their ledger has it.
func TestWhatIsSentIsCounted(t *testing.T) {
	for _, at := range []struct{ listen, from string }{{"127.0.0.1:0", "127.0.0.9"}, {"[::1]:0", "::1"}} {
		for _, p := range flow.Protocols() {
			protocols := []string{p.String(), "netflow"}
			if p == flow.SFlow {
				protocols = protocols[:1]
			}
			for _, protocol := range protocols {
				t.Run(at.from+"/"+p.String()+"/"+protocol, func(t *testing.T) {
					if probe, err := net.ListenPacket("udp", at.listen); err != nil {
						t.Skipf("this machine has no %s: %v", at.from, err)
					} else {
						require.NoError(t, probe.Close())
					}
					store := flowstore.NewCollected(flowstore.CollectedOptions{})
					c := listen(t, protocol, at.listen, store)
					from := netip.MustParseAddr(at.from)
					e := sender(t, p, from, c.Addr())
					for s := range int64(40) {
						require.NoError(t, e.SendSecond(t.Context(), noon.Unix()+s))
						arrived(t, c, e.Ledger().Total(from, 0, noon.Unix()+1).Packets) // small buffers hold no more
					}
					for d := range uint64(4) {
						require.NoError(t, e.SendBad(t.Context(), 0, wire.DefectOf(d)))
					}
					truth := e.Ledger().Total(from, 0, noon.Unix()+1)
					require.NotZero(t, truth.Flows)
					require.NotZero(t, truth.BadPackets)
					arrived(t, c, truth.Packets)
					require.Equal(t, truth, minute(t, store, from))
					require.Equal(t, p, store.Export(from).Protocol, "what was last read well")
				})
			}
		}
	}
}

// held is a Sink that takes nothing until it is let go, so that the receive buffer fills.
type held struct {
	*flowstore.Collected
	free chan struct{}
}

func (h held) Count(arrivals []flowstore.Arrival) int {
	<-h.free
	return h.Collected.Count(arrivals)
}

// What the kernel drops because nobody reads in time is told to the last datagram.
func TestDroppedDatagramsAreTold(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems do not tell")
	}
	sink := held{flowstore.NewCollected(flowstore.CollectedOptions{}), make(chan struct{})}
	c, err := ingest.Listen(ingest.Options{Listen: "127.0.0.1:0", Sink: sink, Now: func() time.Time { return noon }, Buffer: 64 << 10})
	require.NoError(t, err)
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(c.Addr()))
	require.NoError(t, err)
	defer conn.Close() //nolint:errcheck // of a test
	const sent = 3000
	for range sent {
		_, err := conn.Write(full())
		require.NoError(t, err)
	}
	close(sink.free)
	require.Eventually(t, func() bool { n := c.Counters(); return n.Datagrams+n.Dropped == sent }, time.Minute, time.Millisecond)
	n := c.Counters()
	require.NotZero(t, n.Dropped)
	require.Equal(t, n.Datagrams, minute(t, sink.Collected, netip.MustParseAddr("127.0.0.1")).Packets)
	require.NoError(t, c.Close())
	require.NoError(t, c.Close())
}

func TestSourcesBeyondTheLimitAreTold(t *testing.T) {
	store := flowstore.NewCollected(flowstore.CollectedOptions{Sources: 3})
	c := listen(t, "netflow5", "127.0.0.1:0", store)
	for _, from := range flowgen.LoopbackAddrs(5) {
		e := sender(t, flow.NetFlow5, from, c.Addr())
		require.NoError(t, e.SendRecords(t.Context(), 0, []flow.Record{{Src: from, Dst: from}}))
	}
	require.EqualValues(t, 2, arrived(t, c, 5).Refused)
	require.Len(t, store.Sources(), 3)
}

// A port of one protocol calls the others bad, by the version in their first bytes.
func TestPortsOfOneProtocol(t *testing.T) {
	for _, port := range ingest.Protocols()[1:] {
		for _, p := range flow.Protocols() {
			store := flowstore.NewCollected(flowstore.CollectedOptions{})
			c := listen(t, port, "127.0.0.1:0", store)
			e := sender(t, p, netip.MustParseAddr("127.0.0.5"), c.Addr())
			require.NoError(t, e.SendRecords(t.Context(), 0, []flow.Record{{Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2")}}))
			truth := e.Ledger().Total(netip.MustParseAddr("127.0.0.5"), 0, 1<<40)
			arrived(t, c, truth.Packets)
			got := minute(t, store, netip.MustParseAddr("127.0.0.5"))
			if port == p.String() {
				require.Equal(t, truth, got)
				continue
			}
			require.Zero(t, got.Flows)
			require.Equal(t, truth.Packets, got.BadPackets)
			require.Equal(t, got.Bytes, got.BadBytes)
		}
	}
}

func TestWhatCannotBeListenedOn(t *testing.T) {
	c := listen(t, "", "127.0.0.1:0", flowstore.NewCollected(flowstore.CollectedOptions{}))
	require.Equal(t, "netflow", c.Counters().Protocol)
	for _, o := range []ingest.Options{{Protocol: "netflow4", Listen: "127.0.0.1:0"}, {Listen: c.Addr().String()}, {Listen: "127.0.0.1"}, {Listen: "192.0.2.1:0"}} {
		_, err := ingest.Listen(o)
		require.Error(t, err)
	}
}

// What other people's exporters have sent, as it was captured, comes to what they had seen.
func TestCapturesOfOtherExporters(t *testing.T) {
	for file, flows := range map[string]uint64{
		"softflowd-1.pcap": 40, "softflowd-5.pcap": 40, "softflowd-9.pcap": 40, "softflowd-10.pcap": 40,
		"pmacct-9.pcap": 40, "pmacct-10.pcap": 40, "fprobe-7.pcap": 10,
	} {
		t.Run(file, func(t *testing.T) {
			b, err := os.ReadFile("../../fixtures/packets/" + file)
			require.NoError(t, err)
			store := flowstore.NewCollected(flowstore.CollectedOptions{})
			c := listen(t, "netflow", "127.0.0.1:0", store)
			conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(c.Addr()))
			require.NoError(t, err)
			defer conn.Close() //nolint:errcheck // of a test
			want := flow.Bucket{Flows: flows}
			const fileHeader, recordHeader, ethernet, ipAndUDP = 24, 16, 14, 28
			for b = b[fileHeader:]; len(b) > 0; {
				n := binary.LittleEndian.Uint32(b[8:])
				packet := b[recordHeader+ethernet : recordHeader+n]
				b = b[recordHeader+n:]
				_, err := conn.Write(packet[ipAndUDP:])
				require.NoError(t, err)
				want.Packets++
				want.Bytes += uint64(len(packet))
			}
			arrived(t, c, want.Packets)
			require.Equal(t, want.Second(), minute(t, store, netip.MustParseAddr("127.0.0.1")))
		})
	}
}
