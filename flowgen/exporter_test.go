package flowgen_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

// wall is a collector without a network: it keeps what it is sent.
type wall struct {
	from     netip.Addr
	payloads *[][]byte
	from2    *[]netip.Addr
	fail     error
	closed   int
}

func (w *wall) WriteToUDPAddrPort(payload []byte, _ netip.AddrPort) (int, error) {
	*w.payloads = append(*w.payloads, bytes.Clone(payload))
	*w.from2 = append(*w.from2, w.from)
	return len(payload), w.fail
}

func (w *wall) LocalAddr() net.Addr { return &net.UDPAddr{Port: 40000} }

func (w *wall) Close() error { w.closed++; return nil }

type catch struct {
	payloads [][]byte
	sources  []netip.Addr
	walls    []*wall
}

func (c *catch) listen(s flowgen.Source) (flowgen.Socket, error) {
	w := &wall{from: s.Addr, payloads: &c.payloads, from2: &c.sources}
	c.walls = append(c.walls, w)
	return w, nil
}

func targets(to netip.AddrPort) map[flow.Protocol]netip.AddrPort {
	all := map[flow.Protocol]netip.AddrPort{}
	for _, p := range flow.Protocols() {
		all[p] = to
	}
	return all
}

var collector = netip.MustParseAddrPort("127.0.0.1:9995")

func newExporter(t *testing.T, g *flowgen.Generator, o flowgen.ExporterOptions) *flowgen.Exporter {
	t.Helper()
	e, err := flowgen.NewExporter(g, o)
	require.NoError(t, err)
	return e
}

// tally counts what was caught the way a collector does.
func tally(t *testing.T, c *catch, layouts map[netip.Addr]wire.Layout) map[netip.Addr]flow.Bucket {
	t.Helper()
	decoder, sums := &wire.Decoder{}, map[netip.Addr]flow.Bucket{}
	for i, payload := range c.payloads {
		from := c.sources[i]
		b := flow.Bucket{Packets: 1, Bytes: uint64(len(payload) + layouts[from].Overhead())}
		m, err := decoder.Decode(from, payload)
		require.Zero(t, m.Unknown, "data before its template")
		b.Flows = uint64(m.Flows)
		if err != nil {
			b.BadPackets, b.BadBytes = 1, b.Bytes
		}
		sum := sums[from]
		sum.Add(b)
		sums[from] = sum
	}
	return sums
}

func TestTheLedgerIsWhatWasSentAndWhatTheModelCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGenerator(t, flowgen.Options{
			Addrs: flowgen.LoopbackAddrs(8), Protocols: flow.Protocols(), NoEvents: true,
			Events: []flowgen.Event{{Kind: flowgen.Broken, Start: time.Now().Unix() / 60, Minutes: 3, Percent: 30}},
		})
		c := &catch{}
		e := newExporter(t, g, flowgen.ExporterOptions{Targets: targets(collector), Listen: c.listen, Rate: 100_000})
		start := time.Now().Unix()
		require.NoError(t, e.Run(t.Context(), 61*time.Second))
		layouts := map[netip.Addr]wire.Layout{}
		for _, s := range e.Sources() {
			layouts[s.Addr] = s.Layout
		}
		sums := tally(t, c, layouts)
		for i, s := range e.Sources() {
			var want flow.Bucket
			for second := start + 1; second <= start+60; second++ {
				want.Add(g.Second(i, second))
			}
			if s.Protocol == flow.NetFlow9 || s.Protocol == flow.IPFIX { // the templates of the start
				want.Packets++
				want.Bytes += uint64(s.Layout.Housekeeping())
			}
			got := e.Ledger().Total(s.Addr, start, start+120)
			got.PeakBytes, got.PeakFlows, got.PeakPackets = 0, 0, 0
			want.PeakBytes, want.PeakFlows, want.PeakPackets = 0, 0, 0
			require.Equal(t, want, got, "%s of %s", s.Protocol, s.Addr)
			require.Equal(t, want, sums[s.Addr], "%s of %s", s.Protocol, s.Addr)
		}
		require.NoError(t, e.Close())
		require.NoError(t, e.Close())
		for _, w := range c.walls {
			require.Equal(t, 1, w.closed)
		}
	})
}

func TestSendingKeepsToItsRateAndItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGenerator(t, flowgen.Options{Addrs: flowgen.LoopbackAddrs(1), Protocols: []flow.Protocol{flow.NetFlow5}})
		c := &catch{}
		e := newExporter(t, g, flowgen.ExporterOptions{Targets: targets(collector), Listen: c.listen, Rate: 10})
		start := time.Now()
		require.NoError(t, e.SendRecords(t.Context(), 0, make([]flow.Record, 100*g.Sources()[0].Layout.Cap(false))))
		require.Len(t, c.payloads, 100)
		want := time.Duration(len(c.payloads)-8) * 100 * time.Millisecond // eight may go at once
		require.Equal(t, want, time.Since(start))
		require.InDelta(t, 10, e.Ledger().Rows()[3].Packets, 1)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, e.Run(ctx, time.Hour), context.DeadlineExceeded)
		require.ErrorIs(t, e.SendBad(ctx, 0, wire.Stump), context.DeadlineExceeded)
	})
}

func TestTemplatesComeFirstAndAgainAfterARestart(t *testing.T) {
	for _, p := range []flow.Protocol{flow.NetFlow9, flow.IPFIX} {
		g := newGenerator(t, flowgen.Options{Addrs: flowgen.LoopbackAddrs(1), Protocols: []flow.Protocol{p}})
		c := &catch{}
		e := newExporter(t, g, flowgen.ExporterOptions{Targets: targets(collector), Listen: c.listen, Rate: -1})
		records := []flow.Record{{Src: netip.MustParseAddr("10.0.0.1")}}
		for range 2 {
			require.NoError(t, e.SendRecords(t.Context(), 0, records))
			require.NoError(t, e.SendRecords(t.Context(), 0, records))
			require.NoError(t, e.Restart(0))
		}
		require.NoError(t, e.SendHousekeeping(t.Context(), 0))
		decoder := &wire.Decoder{}
		var sequences []uint32
		var templates []int
		for _, payload := range c.payloads {
			m, err := decoder.Decode(netip.Addr{}, payload)
			require.NoError(t, err)
			sequences, templates = append(sequences, m.Sequence), append(templates, m.Templates)
		}
		require.Equal(t, []int{3, 0, 0, 3, 0, 0, 3}, templates)
		require.Equal(t, []uint32{0, 1, 2, 0, 1, 2, 0}, sequences, p)
	}
}

func TestExporterErrorsSayWhatToDo(t *testing.T) {
	g := newGenerator(t, flowgen.Options{Sources: 1, Protocols: []flow.Protocol{flow.NetFlow5}})
	for _, to := range []map[flow.Protocol]netip.AddrPort{
		nil, {flow.IPFIX: collector}, {flow.NetFlow5: netip.MustParseAddrPort("[::1]:2055")},
	} {
		_, err := flowgen.NewExporter(g, flowgen.ExporterOptions{Targets: to})
		require.ErrorContains(t, err, "hint:")
	}
	e := newExporter(t, g, flowgen.ExporterOptions{Targets: targets(collector)})
	require.ErrorContains(t, e.SendBad(t.Context(), 0, wire.Stump), "hint:", "10.x is no address of this machine")
	require.ErrorContains(t, e.SendBad(t.Context(), 1, wire.Stump), "hint:")
	require.ErrorContains(t, e.Restart(-1), "hint:")
	require.Empty(t, e.Ledger().Rows())

	broken := errors.New("cable cut")
	c := &catch{}
	e = newExporter(t, g, flowgen.ExporterOptions{Targets: targets(collector), Listen: func(s flowgen.Source) (flowgen.Socket, error) {
		w, err := c.listen(s)
		c.walls[0].fail = broken
		return w, err
	}})
	require.ErrorContains(t, e.SendHousekeeping(t.Context(), 0), "hint:", "NetFlow v5 has no templates")
	require.ErrorIs(t, e.SendRaw(t.Context(), 0, flowgen.Datagram{Payload: []byte("x")}), broken)
	require.Empty(t, e.Ledger().Rows(), "what could not be sent is not in the ledger")
}

func TestDatagramsArriveFromTheAddressOfTheirSource(t *testing.T) {
	defer goleak.VerifyNone(t)
	server, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	require.NoError(t, err)
	defer server.Close()
	g := newGenerator(t, flowgen.Options{Addrs: flowgen.LoopbackAddrs(3), Protocols: []flow.Protocol{flow.NetFlow5}})
	e := newExporter(t, g, flowgen.ExporterOptions{Targets: targets(server.LocalAddr().(*net.UDPAddr).AddrPort())})
	defer e.Close()
	buffer := make([]byte, 2000)
	require.NoError(t, server.SetReadDeadline(time.Now().Add(30*time.Second)))
	for i, s := range e.Sources() {
		require.NoError(t, e.SendRecords(t.Context(), i, make([]flow.Record, 4)))
		n, from, err := server.ReadFromUDPAddrPort(buffer)
		require.NoError(t, err)
		require.Equal(t, s.Addr, from.Addr().Unmap())
		require.Equal(t, 24+4*48, n)
	}
}

func TestTruthFilesReadBack(t *testing.T) {
	var l flowgen.Ledger
	six, four := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("10.0.0.1")
	l.Record(six, flow.IPFIX, 7, flow.Bucket{Flows: 5, Packets: 1, Bytes: 400})
	l.Record(four, flow.NetFlow5, 8, flow.Bucket{Flows: 1, Packets: 1, Bytes: 100})
	l.Record(four, flow.NetFlow5, 7, flow.Bucket{Flows: 2, Packets: 1, Bytes: 148})
	l.Record(four, flow.NetFlow5, 7, flow.Bucket{Packets: 1, Bytes: 31, BadPackets: 1, BadBytes: 31})
	var file bytes.Buffer
	require.NoError(t, l.WriteJSON(&file, 42))
	require.JSONEq(t, `{"seed":42,"rows":[
		{"source":"10.0.0.1","protocol":"netflow5","second":7,"flows":2,"packets":2,"bytes":179,"bad_packets":1,"bad_bytes":31},
		{"source":"2001:db8::1","protocol":"ipfix","second":7,"flows":5,"packets":1,"bytes":400,"bad_packets":0,"bad_bytes":0},
		{"source":"10.0.0.1","protocol":"netflow5","second":8,"flows":1,"packets":1,"bytes":100,"bad_packets":0,"bad_bytes":0}]}`, file.String())
	truth, err := flowgen.ReadTruth(&file)
	require.NoError(t, err)
	require.Equal(t, flowgen.Truth{Seed: 42, Rows: l.Rows()}, truth)
	require.Equal(t, flow.Bucket{Flows: 3, Packets: 3, Bytes: 279, BadPackets: 1, BadBytes: 31, PeakFlows: 2, PeakPackets: 2, PeakBytes: 179},
		l.Total(four, 7, 9))
	_, err = flowgen.ReadTruth(bytes.NewBufferString("[]"))
	require.ErrorContains(t, err, "hint:")
}
