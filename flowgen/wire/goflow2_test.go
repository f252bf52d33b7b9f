package wire_test

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/netsampler/goflow2/v2/decoders/netflow"
	"github.com/netsampler/goflow2/v2/decoders/netflowlegacy"
	"github.com/netsampler/goflow2/v2/decoders/sflow"
	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

// counts is what two decoders of a datagram have to agree on.
type counts struct {
	flows           int
	packets, octets uint64
	sequence        uint32
}

// goflow2 reads a well-formed datagram with another project's decoders. They
// are no match for malformed ones (an empty IPFIX template makes them loop
// until memory ends), so nothing else is ever given to them.
type goflow2 struct{ templates netflow.NetFlowTemplateSystem }

func (g *goflow2) read(t testing.TB, p flow.Protocol, payload []byte) counts {
	buffer := bytes.NewBuffer(payload)
	var c counts
	switch p {
	case flow.NetFlow5:
		var m netflowlegacy.PacketNetFlowV5
		require.NoError(t, netflowlegacy.DecodeMessageVersion(buffer, &m))
		c.flows, c.sequence = len(m.Records), m.FlowSequence
		for _, r := range m.Records {
			c.packets, c.octets = c.packets+uint64(r.DPkts), c.octets+uint64(r.DOctets)
		}
	case flow.NetFlow9, flow.IPFIX:
		var v9 netflow.NFv9Packet
		var ipfix netflow.IPFIXPacket
		require.NoError(t, netflow.DecodeMessageVersion(buffer, g.templates, &v9, &ipfix))
		c.sequence = v9.SequenceNumber + ipfix.SequenceNumber
		for _, set := range append(v9.FlowSets, ipfix.FlowSets...) {
			data, ok := set.(netflow.DataFlowSet)
			if !ok {
				continue
			}
			c.flows += len(data.Records)
			for _, r := range data.Records {
				c.add(r.Values)
			}
		}
	case flow.SFlow:
		var m sflow.Packet
		require.NoError(t, sflow.DecodeMessageVersion(buffer, &m))
		c.sequence = m.SequenceNumber
		for _, s := range m.Samples {
			if f, ok := s.(sflow.FlowSample); ok {
				c.flows++
				c.packets++
				header := f.Records[0].Data.(sflow.SampledHeader)
				c.octets += uint64(header.FrameLength - 14 - header.Stripped)
			}
		}
	}
	return c
}

func (c *counts) add(fields []netflow.DataField) {
	for _, f := range fields {
		value, ok := f.Value.([]byte)
		if !ok || f.PenProvided {
			continue
		}
		var v uint64
		for _, b := range value {
			v = v<<8 | uint64(b)
		}
		switch f.Type {
		case 1:
			c.octets += v
		case 2:
			c.packets += v
		}
	}
}

// someRecords makes records for tests that need many and do not look at them.
func someRecords(n int, p flow.Protocol, ipv6 bool) []flow.Record {
	rng := rand.New(rand.NewPCG(uint64(n), uint64(p)))
	records := make([]flow.Record, n)
	for i := range records {
		r := &records[i]
		*r = flow.Record{
			Src: netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), Dst: netip.AddrFrom4([4]byte{198, 18, byte(rng.Uint32()), byte(i)}),
			Packets: 1 + rng.Uint64N(1000), Start: now - 5000, End: now - 1000, SrcPort: uint16(i), DstPort: 443, Protocol: 6, TCPFlags: 0x1b,
			Sampling: 1, Ordinal: uint32(i), NextHop: netip.MustParseAddr("192.0.2.1"),
		}
		r.Octets = r.Packets * (80 + rng.Uint64N(1400))
		if p == flow.SFlow {
			r.Packets, r.Octets = 1, 80+rng.Uint64N(1400)
		}
		if ipv6 {
			r.Src, r.Dst = netip.AddrFrom16([16]byte{0x20, 1, 13, 0xb8, 15: byte(i)}), netip.AddrFrom16([16]byte{0x20, 1, 13, 0xb8, 9, 15: byte(i)})
			r.NextHop = netip.MustParseAddr("2001:db8::1")
		}
	}
	return records
}

func TestAnotherDecoderReadsTheSame(t *testing.T) {
	for _, p := range flow.Protocols() {
		for _, over6 := range []bool{false, true} {
			e, d, other := newEncoder(p, over6), &wire.Decoder{}, &goflow2{netflow.CreateTemplateSystem()}
			if keep := e.AppendHousekeeping(nil, now); len(keep) > 0 {
				_, err := d.Decode(router, keep)
				require.NoError(t, err)
				require.Zero(t, other.read(t, p, keep).flows)
			}
			for _, ipv6 := range []bool{false, true} {
				for n := 1; n <= e.Layout.Cap(ipv6); n++ {
					payload, err := e.AppendData(nil, now, someRecords(n, p, ipv6))
					require.NoError(t, err)
					m, err := d.Decode(router, payload)
					require.NoError(t, err)
					require.Equal(t, other.read(t, p, payload), counts{m.Flows, m.Packets, m.Octets, m.Sequence}, "%s, %d records", p, n)
				}
			}
		}
	}
}
