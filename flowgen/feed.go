package flowgen

import (
	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

// Datagram is one UDP payload of an exporter. The payload is valid until the
// next one is made.
type Datagram struct {
	Payload []byte
	Flows   int  // flow records in it
	Bad     bool // damaged on purpose
}

// Feed turns one source into datagrams: what it emits for a second is what
// Generator.Second counts for it. It remembers what an exporter does, its
// sequence numbers and when it started. It is not safe for concurrent use.
type Feed struct {
	generator *Generator
	source    *source
	encoder   wire.Encoder
	records   []flow.Record
	payload   []byte
}

// Feed makes the feed of a source whose exporter starts at a Unix second.
func (g *Generator) Feed(source int, start int64) *Feed {
	s := &g.sources[source]
	return &Feed{
		generator: g, source: s,
		encoder: wire.Encoder{Layout: s.Layout, Agent: s.Addr, Domain: s.Domain, Boot: start * 1000},
	}
}

// Second emits the datagrams of a second in the order in which they go:
// templates or counters, IPv4 flows, IPv6 flows, damaged datagrams. At the end
// of an outage the exporter starts anew. An error of emit ends it.
func (f *Feed) Second(unixSecond int64, emit func(Datagram) error) error {
	s := f.source
	minute := floorDiv(unixSecond, 60)
	sp := s.span(minute)
	var cut seconds
	s.cut(sp, &cut)
	c := cut[unixSecond-minute*60]
	at := unixSecond * 1000
	if sp.restart && unixSecond == minute*60 {
		f.encoder.Restart(at)
	}
	if c.keep {
		if err := f.Housekeeping(at, emit); err != nil {
			return err
		}
	}
	f.records = f.generator.Records(s.Index, unixSecond, f.records[:0])
	if err := f.Send(at, f.records, emit); err != nil {
		return err
	}
	for range c.bad {
		if err := f.Bad(at, c.defect, emit); err != nil {
			return err
		}
	}
	return nil
}

// Send emits records in as few datagrams as hold them, IPv4 before IPv6 as
// they come. Times are Unix milliseconds.
func (f *Feed) Send(at int64, records []flow.Record, emit func(Datagram) error) error {
	for len(records) > 0 {
		ipv6 := records[0].IPv6()
		n := 1
		for most := f.encoder.Layout.Cap(ipv6); n < min(most, len(records)) && records[n].IPv6() == ipv6; n++ {
		}
		payload, err := f.encoder.AppendData(f.payload[:0], at, records[:n])
		if err != nil {
			return err
		}
		f.payload = payload
		if err := emit(Datagram{Payload: payload, Flows: n}); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

// Housekeeping emits templates (NetFlow v9, IPFIX) or counters (sFlow).
func (f *Feed) Housekeeping(at int64, emit func(Datagram) error) error {
	f.payload = f.encoder.AppendHousekeeping(f.payload[:0], at)
	if len(f.payload) == 0 {
		return nil
	}
	return emit(Datagram{Payload: f.payload})
}

// Bad emits a damaged datagram.
func (f *Feed) Bad(at int64, d wire.Defect, emit func(Datagram) error) error {
	f.payload = f.encoder.AppendBad(f.payload[:0], at, d)
	return emit(Datagram{Payload: f.payload, Bad: true})
}

// Restart makes the exporter start anew: sequence numbers, uptime.
func (f *Feed) Restart(at int64) { f.encoder.Restart(at) }

// Sequence is the next sequence number.
func (f *Feed) Sequence() uint32 { return f.encoder.Sequence }
