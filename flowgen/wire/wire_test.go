package wire_test

import (
	"cmp"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

// now is a whole second, because the headers of NetFlow v9 and IPFIX have no
// smaller unit and record times are counted from them.
const now = 1704672000_000

var router = netip.MustParseAddr("10.1.2.3")

func newEncoder(p flow.Protocol, ipv6 bool) *wire.Encoder {
	agent := router
	if ipv6 {
		agent = netip.MustParseAddr("2001:db8::3")
	}
	return &wire.Encoder{Layout: wire.Layout{Protocol: p, IPv6: ipv6}, Agent: agent, Domain: 7, Boot: now - 3600_000}
}

// anyRecord draws a record that every protocol can carry whole.
func anyRecord(t *rapid.T, p flow.Protocol, ipv6 bool) flow.Record {
	b := rapid.SliceOfN(rapid.Byte(), 48, 48).Draw(t, "addresses")
	word := rapid.Uint32()
	r := flow.Record{
		Src: netip.AddrFrom4([4]byte(b)), Dst: netip.AddrFrom4([4]byte(b[16:])), NextHop: netip.AddrFrom4([4]byte(b[32:])),
		Packets: uint64(word.Draw(t, "packets")), Octets: uint64(word.Draw(t, "octets")),
		Start: now - rapid.Int64Range(0, 3600_000).Draw(t, "start"), End: now - rapid.Int64Range(0, 3600_000).Draw(t, "end"),
		Input: rapid.Uint32Range(0, 65535).Draw(t, "input"), Output: rapid.Uint32Range(0, 65535).Draw(t, "output"),
		SrcAS: rapid.Uint32Range(0, 65535).Draw(t, "from"), DstAS: rapid.Uint32Range(0, 65535).Draw(t, "to"),
		SrcPort: rapid.Uint16().Draw(t, "source port"), DstPort: rapid.Uint16().Draw(t, "port"),
		Protocol: rapid.SampledFrom([]uint8{1, 6, 17}).Draw(t, "protocol"), TOS: rapid.Byte().Draw(t, "tos"),
		SrcMask: rapid.Uint8Range(0, 32).Draw(t, "mask"), DstMask: rapid.Uint8Range(0, 32).Draw(t, "mask"),
	}
	if r.Protocol == 6 {
		r.TCPFlags = rapid.Byte().Draw(t, "flags")
	}
	if ipv6 {
		b[0], b[16], b[32] = 0x20, 0x20, 0x20
		r.Src, r.Dst, r.NextHop = netip.AddrFrom16([16]byte(b)), netip.AddrFrom16([16]byte(b[16:])), netip.AddrFrom16([16]byte(b[32:]))
	}
	switch p {
	case flow.IPFIX:
		r.Packets, r.Octets = rapid.Uint64().Draw(t, "packets"), rapid.Uint64().Draw(t, "octets")
		r.SrcAS, r.Input = word.Draw(t, "as"), word.Draw(t, "input")
		r.Ordinal, r.EndReason = word.Draw(t, "ordinal"), rapid.Byte().Draw(t, "reason")
	case flow.SFlow: // one packet, and no more than its header shows
		r.Packets, r.Octets, r.Sampling = 1, rapid.Uint64Range(80, 1500).Draw(t, "octets"), rapid.Uint32Range(1, 4096).Draw(t, "rate")
		r.NextHop, r.Start, r.End, r.SrcAS, r.DstAS, r.SrcMask, r.DstMask = netip.Addr{}, 0, 0, 0, 0, 0, 0
		if r.Protocol == 1 {
			r.SrcPort = 0
		}
	}
	return r
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(flow.Protocols()).Draw(t, "protocol")
		over6 := rapid.Bool().Draw(t, "over IPv6")
		ipv6 := p != flow.NetFlow5 && rapid.Bool().Draw(t, "IPv6")
		e, d := newEncoder(p, over6), &wire.Decoder{}
		e.Sequence = rapid.Uint32().Draw(t, "sequence")
		keep := e.AppendHousekeeping(nil, now)
		if len(keep) > 0 {
			m, err := d.Decode(router, keep)
			if err != nil || m.Flows != 0 || len(keep)+e.Layout.Overhead() != e.Layout.Housekeeping() {
				t.Fatalf("housekeeping of %s: %+v, %v, %d bytes, foretold %d", p, m, err, len(keep), e.Layout.Housekeeping())
			}
			if p != flow.SFlow && (m.Templates != 3 || m.OptionRecords != 1) || p == flow.SFlow && m.Counters != 2 {
				t.Fatalf("housekeeping of %s holds %+v", p, m)
			}
		}
		n := rapid.IntRange(1, e.Layout.Cap(ipv6)).Draw(t, "records")
		records := make([]flow.Record, n)
		var packets, octets uint64
		for i := range records {
			records[i] = anyRecord(t, p, ipv6)
			packets, octets = packets+records[i].Packets, octets+records[i].Octets
		}
		sequence := e.Sequence
		payload, err := e.AppendData([]byte("prefix"), now, records)
		if err != nil {
			t.Fatal(err)
		}
		payload = payload[len("prefix"):]
		if got, want := len(payload)+e.Layout.Overhead(), e.Layout.Bytes(n, ipv6); got != want || got > wire.DefaultMTU {
			t.Fatalf("%s: %d records are %d bytes, foretold %d", p, n, got, want)
		}
		read, m, err := d.Records(router, payload, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(read) != n || m.Flows != n || m.Packets != packets || m.Octets != octets || m.Sequence != sequence ||
			m.Domain != 7 || m.Protocol != p {
			t.Fatalf("%s: %+v of %d records, %d packets, %d octets", p, m, n, packets, octets)
		}
		for i := range read {
			if read[i] != records[i] {
				t.Fatalf("%s: wrote %+v\nread %+v", p, records[i], read[i])
			}
		}
		counted, err := d.Decode(router, payload)
		if err != nil || counted != m {
			t.Fatalf("Decode says %+v, Records %+v (%v)", counted, m, err)
		}
	})
}

func TestSequenceNumbersCountWhatTheProtocolSays(t *testing.T) {
	for p, want := range map[flow.Protocol][2]uint32{ // after housekeeping, then after three records
		flow.NetFlow5: {0, 3}, flow.NetFlow9: {1, 2}, flow.IPFIX: {1, 4}, flow.SFlow: {1, 2},
	} {
		e := newEncoder(p, false)
		e.AppendHousekeeping(nil, now)
		require.Equal(t, want[0], e.Sequence, p)
		_, err := e.AppendData(nil, now, make([]flow.Record, 3))
		require.NoError(t, err)
		require.Equal(t, want[1], e.Sequence, p)
		e.AppendBad(nil, now, wire.CutShort)
		require.Equal(t, want[1], e.Sequence, p)
		e.Restart(now + 5000)
		require.Zero(t, e.Sequence)
		require.EqualValues(t, now+5000, e.Boot)
		require.EqualValues(t, 7, e.Domain)
	}
}

func TestCountersSaturateAndLongASNumbersAreTransitional(t *testing.T) {
	e, d := newEncoder(flow.NetFlow5, false), &wire.Decoder{}
	payload, err := e.AppendData(nil, now, []flow.Record{{Packets: 1 << 40, Octets: 1 << 50, SrcAS: 1 << 20, DstAS: 65535, Start: 0, End: now}})
	require.NoError(t, err)
	read, _, err := d.Records(router, payload, nil)
	require.NoError(t, err)
	require.EqualValues(t, 1<<32-1, read[0].Packets)
	require.EqualValues(t, 1<<32-1, read[0].Octets)
	require.EqualValues(t, 23456, read[0].SrcAS)
	require.EqualValues(t, 65535, read[0].DstAS)
	require.Equal(t, e.Boot, read[0].Start, "a flow cannot be older than its exporter")
}

func TestEncoderRefusesWhatDoesNotFit(t *testing.T) {
	six := flow.Record{Src: netip.MustParseAddr("2001:db8::1")}
	for _, p := range flow.Protocols() {
		e := newEncoder(p, false)
		dst := []byte("kept")
		out, err := e.AppendData(dst, now, make([]flow.Record, e.Layout.Cap(false)+1))
		require.ErrorIs(t, err, wire.ErrTooMany, p)
		require.Equal(t, dst, out)
		_, err = e.AppendData(dst, now, []flow.Record{{}, six})
		require.ErrorIs(t, err, wire.ErrFamily, p)
		out, err = e.AppendData(dst, now, nil)
		require.NoError(t, err)
		require.Equal(t, dst, out)
		require.Zero(t, e.Sequence)
	}
	_, err := newEncoder(flow.NetFlow5, false).AppendData(nil, now, []flow.Record{six})
	require.ErrorIs(t, err, wire.ErrFamily)
}

func TestEveryDefectIsRefused(t *testing.T) {
	for _, p := range flow.Protocols() {
		for _, over6 := range []bool{false, true} {
			for n := range uint64(3) {
				e, d, defect := newEncoder(p, over6), &wire.Decoder{}, wire.DefectOf(n)
				if keep := e.AppendHousekeeping(nil, now); len(keep) > 0 {
					_, err := d.Decode(router, keep)
					require.NoError(t, err)
				}
				bad := e.AppendBad(nil, now, defect)
				require.Equal(t, e.Layout.Bad(defect), len(bad)+e.Layout.Overhead(), "%s, defect %d", p, n)
				_, err := d.Decode(router, bad)
				var fault *wire.DecodeError
				require.ErrorAs(t, err, &fault, "%s, defect %d", p, n)
				require.Contains(t, err.Error(), fault.Fault.Error())
			}
		}
	}
}

func TestNothingIsAllocatedPerDatagram(t *testing.T) {
	for _, p := range flow.Protocols() {
		e, d := newEncoder(p, false), &wire.Decoder{}
		records := make([]flow.Record, e.Layout.Cap(false))
		payload, err := e.AppendData(nil, now, records)
		require.NoError(t, err)
		keep := e.AppendHousekeeping(nil, now)
		if len(keep) > 0 {
			_, err = d.Decode(router, keep)
			require.NoError(t, err)
		}
		buffer := make([]byte, 0, 4096)
		var failed error
		allocations := testing.AllocsPerRun(100, func() {
			_, err1 := e.AppendData(buffer, now, records)
			e.AppendHousekeeping(buffer, now)
			e.AppendBad(buffer, now, wire.WrongVersion)
			_, err2 := d.Decode(router, payload)
			var err3 error
			if len(keep) > 0 {
				_, err3 = d.Decode(router, keep)
			}
			_, _, err4 := d.Records(router, payload, records[:0])
			failed = cmp.Or(failed, err1, err2, err3, err4)
		})
		require.NoError(t, failed)
		require.Zero(t, allocations, p)
	}
}

func TestLayoutsThatCannotCarryARecordAreRefused(t *testing.T) {
	for _, p := range flow.Protocols() {
		require.NoError(t, wire.Layout{Protocol: p}.Validate())
		require.NoError(t, wire.Layout{Protocol: p, IPv6: true, MTU: 576}.Validate())
		require.Error(t, wire.Layout{Protocol: p, MTU: 60}.Validate())
		require.Error(t, wire.Layout{Protocol: p, MTU: 70000}.Validate())
		require.Error(t, wire.Layout{Protocol: p, Limit: -1}.Validate())
		require.Equal(t, 5, wire.Layout{Protocol: p, Limit: 5}.Cap(false))
	}
	require.Error(t, wire.Layout{}.Validate())
	require.Equal(t, 30, wire.Layout{Protocol: flow.NetFlow5, MTU: 9000}.Cap(false))
}
