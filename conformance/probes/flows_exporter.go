package probes

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

// exporter is one source device that the harness plays: a mission, from an address, over some minutes.
type exporter struct {
	corpus.Mission

	protocol flow.Protocol
	source   netip.Addr
	to       netip.AddrPort
	first    int // minute of the campaign
	encoder  wire.Encoder
	socket   flowgen.Socket
	serial   uint32 // of the next flow, so that no two are the same
	ledger   flowgen.Ledger
	sent     corpus.Sent // in the running minute
}

// shot is one datagram.
type shot struct {
	payload []byte
	flows   int
	kind    string // of a malformed one; corpus.MissionTemplates for templates and counters
}

// crowd is how many records a large datagram of the calibration holds.
const crowd = 29

// newExporter prepares a mission; nothing is opened. Number tells the exporters of a run apart.
func newExporter(m corpus.Mission, c check.Collector, number int) *exporter {
	return &exporter{Mission: m, protocol: c.Protocol, to: c.Addr, serial: uint32(number) << 20} //nolint:gosec // a few dozen
}

// place gives the exporter its address. Observation domains are of this run, so that no device knows
// their templates.
func (e *exporter) place(source netip.Addr, domain uint32, now time.Time) {
	e.source = source
	e.encoder = wire.Encoder{
		Layout: wire.Layout{Protocol: e.protocol, IPv6: source.Is6()}, Agent: source, Domain: domain,
		Boot: now.Add(-corpus.Late - time.Hour).UnixMilli(),
	}
}

// begin opens the account of a minute.
func (e *exporter) begin(minute time.Time) {
	e.sent = corpus.Sent{Mission: e.Name, Protocol: e.protocol, Source: e.source, Collector: e.to, Minute: minute}
	if e.Name == corpus.MissionLate {
		e.sent.Header = minute.Add(-corpus.Late)
	}
	e.ledger = flowgen.Ledger{}
}

// shots are what goes out in a burst of the mission's minute; at is the time that they tell.
func (e *exporter) shots(minute, burst int, at time.Time) ([]shot, error) {
	if e.Name == corpus.MissionLate {
		at = at.Add(-corpus.Late)
	}
	var out []shot
	if burst == 0 && e.needsTemplates() {
		out = append(out, shot{payload: e.encoder.AppendHousekeeping(nil, at.UnixMilli()), kind: corpus.MissionTemplates})
	}
	for _, n := range e.sizes(minute) {
		s := shot{flows: n}
		var err error
		if s.payload, err = e.encoder.AppendData(nil, at.UnixMilli(), e.records(n, at)); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	switch e.Name {
	case corpus.MissionBad:
		out = append(out, e.malformed(burst, at)...)
	case corpus.MissionTemplates, corpus.MissionCounters:
		out = append(out, shot{payload: e.encoder.AppendHousekeeping(nil, at.UnixMilli()), kind: corpus.MissionTemplates})
	case corpus.MissionVersions:
		return e.oldVersions(burst, at)
	}
	return out, nil
}

func (e *exporter) needsTemplates() bool {
	templated := e.protocol == flow.NetFlow9 || e.protocol == flow.IPFIX
	return templated && e.Name != corpus.MissionOrphans && e.Name != corpus.MissionTemplates
}

// sizes are the numbers of flows in the datagrams of a burst.
func (e *exporter) sizes(minute int) []int {
	most := e.encoder.Layout.Cap(false)
	switch e.Name {
	case corpus.MissionThin:
		return []int{1, 1, 1, 1}
	case corpus.MissionFull:
		return []int{crowd, crowd}
	case corpus.MissionFlows:
		return [][]int{{1, most, most / 2}, {2, most}}[minute]
	case corpus.MissionBad:
		return []int{8}
	case corpus.MissionLate:
		return []int{5}
	case corpus.MissionOrphans:
		return []int{6}
	}
	return nil
}

// kinds are the malformed datagrams, so many of each in a minute, each kind in a burst of its own.
var kinds = []struct {
	name   string
	defect wire.Defect
	n      int
}{{corpus.BadStump, wire.Stump, 1}, {corpus.BadVersion, wire.WrongVersion, 2}, {corpus.BadCut, wire.CutShort, 4}}

func (e *exporter) malformed(burst int, at time.Time) []shot {
	var out []shot
	if burst < 1 || burst > len(kinds) {
		return nil
	}
	k := kinds[burst-1]
	for range k.n {
		out = append(out, shot{payload: e.encoder.AppendBad(nil, at.UnixMilli(), k.defect), kind: k.name})
	}
	return out
}

// records makes flows up, no two of a run alike, so that a device which drops duplicates drops none.
func (e *exporter) records(n int, at time.Time) []flow.Record {
	out := make([]flow.Record, n)
	for i := range out {
		e.serial++
		host := binary.BigEndian.AppendUint32(nil, 10<<24|e.serial)
		octets := uint64(700) + uint64(e.serial%5)*40
		out[i] = flow.Record{
			Src: netip.AddrFrom4([4]byte(host)), Dst: netip.AddrFrom4([4]byte{198, 51, 100, 7}), NextHop: netip.AddrFrom4([4]byte{192, 0, 2, 1}),
			Packets: 3 + uint64(e.serial%4), Octets: octets, Start: at.Add(-2 * time.Second).UnixMilli(), End: at.Add(-time.Second).UnixMilli(),
			Input: 1, Output: 2, SrcPort: uint16(20000 + e.serial%40000), DstPort: 443, Protocol: 6, TCPFlags: 0x1b, Ordinal: e.serial,
			Sampling: corpus.Sampling, //nolint:gosec // below 65536
		}
		e.sent.DescribedPackets += out[i].Packets
		e.sent.DescribedOctets += octets
	}
	return out
}

// oldVersions turns NetFlow v5 into v1 (first burst) and v7 (second burst).
func (e *exporter) oldVersions(burst int, at time.Time) ([]shot, error) {
	n := map[int]int{0: corpus.FlowsOfV1, 1: corpus.FlowsOfV7}[burst]
	if n == 0 {
		return nil, nil
	}
	var out []shot
	for range burst + 1 {
		five, err := e.encoder.AppendData(nil, at.UnixMilli(), e.records(n, at))
		if err != nil {
			return nil, err
		}
		out = append(out, shot{payload: rewrite(five, burst == 0), flows: n})
	}
	return out, nil
}

// rewrite makes NetFlow v1 or v7 of a v5 datagram. The three share the first 16 bytes of the header and the first 36
// of each record; records of v1 and v7 have 52 bytes.
func rewrite(five []byte, one bool) []byte {
	const header, record = 24, 48
	version, kept := byte(7), 20 // v7 has the sequence, and four reserved bytes
	if one {
		version, kept = 1, 16
	}
	out := append([]byte{0, version}, five[2:kept]...)
	if !one {
		out = append(out, 0, 0, 0, 0)
	}
	for r := five[header:]; len(r) >= record; r = r[record:] {
		if one {
			flags, protocol, tos := r[37], r[38], r[39]
			out = append(out, r[:36]...)
			out = append(out, 0, 0, protocol, tos, flags)
			out = append(out, make([]byte, 11)...)
			continue
		}
		out = append(append(out, r[:record]...), 0, 0, 0, 0)
	}
	return out
}

// account enters a datagram into the truth; at is when it went, by the device's clock.
func (e *exporter) account(s shot, at time.Time) {
	n := uint64(len(s.payload))
	length := n + uint64(e.encoder.Layout.Overhead())                   //nolint:gosec // 28 or 48
	b := flow.Bucket{Packets: 1, Bytes: length, Flows: uint64(s.flows)} //nolint:gosec // a few dozen
	switch s.kind {
	case "":
		e.sent.Flows += b.Flows
		e.sent.Datagrams++
		e.sent.Payload += n
	case corpus.MissionTemplates:
		e.sent.Templates++
		e.sent.TemplatePayload += n
	default:
		b.BadPackets, b.BadBytes = 1, length
		e.malform(s.kind, n)
	}
	e.ledger.Record(e.source, e.protocol, at.Unix(), b)
	e.sent.Seconds = e.ledger.Rows()
}

func (e *exporter) malform(kind string, n uint64) {
	for i := range e.sent.Malformed {
		if m := &e.sent.Malformed[i]; m.Kind == kind {
			m.Datagrams++
			m.Payload += n
			return
		}
	}
	e.sent.Malformed = append(e.sent.Malformed, corpus.Malformation{Kind: kind, Datagrams: 1, Payload: n})
}

// open makes the exporter's socket.
func (e *exporter) open(f *check.Flows) error {
	listen := f.Listen
	if listen == nil {
		listen = listenUDP
	}
	var err error
	e.socket, err = listen(e.source)
	return err
}

func (e *exporter) send(s shot) error {
	if _, err := e.socket.WriteToUDPAddrPort(s.payload, e.to); err != nil {
		return fmt.Errorf("%s could not be sent from %s to %s: %w", e.protocol, e.source, e.to, err)
	}
	return nil
}
