package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// Encoder writes the datagrams of one exporter and keeps what an exporter
// remembers: when it started and how far its sequence numbers are. Fill in the
// exported fields, then append. An Encoder is not safe for concurrent use.
//
// The Append methods add one UDP payload to the caller's bytes and allocate
// nothing when those have room. Times are Unix milliseconds.
type Encoder struct {
	Layout Layout

	// Agent is the address an sFlow datagram names; the other protocols do not
	// carry one. Its family has to be that of Layout.
	Agent netip.Addr

	// Domain is the engine id of NetFlow v5 (its low byte), the source id of v9,
	// the observation domain of IPFIX and the sub-agent of sFlow.
	Domain uint32

	// Boot is when the exporter started.
	Boot int64

	// Sequence is the number of the next datagram: flows so far in NetFlow v5,
	// datagrams in v9 and sFlow, data records in IPFIX, each modulo 2^32.
	Sequence uint32

	samples, pool, polls uint32 // sFlow: of the one data source
}

// Errors of Encoder.AppendData.
var (
	ErrTooMany = errors.New("wire: more records than a datagram holds; hint: ask Layout.Cap")
	ErrFamily  = errors.New("wire: records of IPv4 and IPv6 in one datagram, or IPv6 in NetFlow v5; hint: sort the records by family")
)

// Restart makes the exporter start anew: its sequence numbers and its uptime.
func (e *Encoder) Restart(at int64) {
	*e = Encoder{Layout: e.Layout, Agent: e.Agent, Domain: e.Domain, Boot: at}
}

// AppendData adds one datagram with the records, all of one family and at most
// Layout.Cap of them. No records make no datagram. The error is ErrTooMany or
// ErrFamily, and then dst is returned as it was.
func (e *Encoder) AppendData(dst []byte, at int64, records []flow.Record) ([]byte, error) {
	if len(records) == 0 {
		return dst, nil
	}
	ipv6 := records[0].IPv6()
	for i := range records {
		if records[i].IPv6() != ipv6 {
			return dst, ErrFamily
		}
	}
	size := e.Layout.Record(ipv6)
	if size == 0 {
		return dst, ErrFamily
	}
	if len(records) > e.Layout.Cap(ipv6) {
		return dst, fmt.Errorf("%w (%d records)", ErrTooMany, len(records))
	}
	start := len(dst)
	dst = zeros(dst, e.Layout.header()+size*len(records))
	b := dst[start:]
	switch e.Layout.Protocol {
	case flow.NetFlow5:
		e.v5(b, at, records)
	case flow.NetFlow9:
		e.v9(b, at, records, ipv6)
	case flow.IPFIX:
		e.ipfix(b, at, records, ipv6)
	case flow.SFlow:
		e.sflow(b, at, records, ipv6)
	}
	return dst, nil
}

// AppendHousekeeping adds the datagram that carries no flow (see
// Layout.Housekeeping); NetFlow v5 has none and returns dst as it is.
func (e *Encoder) AppendHousekeeping(dst []byte, at int64) []byte {
	switch e.Layout.Protocol {
	case flow.NetFlow9:
		return e.v9Templates(dst, at)
	case flow.IPFIX:
		return e.ipfixTemplates(dst, at)
	case flow.SFlow:
		return e.sflowCounters(dst, at)
	}
	return dst
}

// AppendBad adds a datagram with the defect. It takes no sequence number.
func (e *Encoder) AppendBad(dst []byte, at int64, d Defect) []byte {
	if d == Stump {
		return append(dst, 0, byte(e.version()), 0)
	}
	start, kept := len(dst), *e
	dst = zeros(dst, e.Layout.header()+e.Layout.Record(false))
	b := dst[start:]
	one := []flow.Record{{Packets: 1, Octets: 64, Start: at, End: at, Protocol: 17}}
	switch e.Layout.Protocol {
	case flow.NetFlow5:
		e.v5(b, at, one)
	case flow.NetFlow9:
		e.v9(b, at, one, false)
	case flow.IPFIX:
		e.ipfix(b, at, one, false)
	case flow.SFlow:
		e.sflow(b, at, one, false)
	}
	*e = kept
	if d == CutShort {
		return dst[:start+e.Layout.header()+cutBytes]
	}
	copy(b, "\xde\xad\xbe\xef")
	return dst
}

func (e *Encoder) version() uint16 {
	switch e.Layout.Protocol {
	case flow.NetFlow9:
		return 9
	case flow.IPFIX:
		return 10
	}
	return 5
}

func (e *Encoder) uptime(at int64) uint32 { return uint32(max(at-e.Boot, 0)) }

func (e *Encoder) v5(b []byte, at int64, records []flow.Record) {
	binary.BigEndian.PutUint16(b, 5)
	binary.BigEndian.PutUint16(b[2:], uint16(len(records)))
	binary.BigEndian.PutUint32(b[4:], e.uptime(at))
	binary.BigEndian.PutUint32(b[8:], uint32(at/1000))
	binary.BigEndian.PutUint32(b[12:], uint32(at%1000)*1_000_000)
	binary.BigEndian.PutUint32(b[16:], e.Sequence)
	b[21] = byte(e.Domain)
	e.Sequence += uint32(len(records))
	b = b[v5HeaderBytes:]
	boot := e.Boot
	for i := range records {
		r := &records[i]
		f := (*[v5RecordBytes]byte)(b)
		b = b[v5RecordBytes:]
		if usual(r) { // as in putAddrs, but a call is a fifth of the time
			*(*[4]byte)(f[:]) = r.Src.As4()
			*(*[4]byte)(f[4:]) = r.Dst.As4()
			*(*[4]byte)(f[8:]) = r.NextHop.As4()
		} else {
			putAddrs(f[:], r, false)
		}
		// in words rather than fields: a store is the dearest step here
		binary.BigEndian.PutUint32(f[12:], r.Input<<16|r.Output&0xFFFF)
		binary.BigEndian.PutUint64(f[16:], min(r.Packets, math.MaxUint32)<<32|min(r.Octets, math.MaxUint32))
		binary.BigEndian.PutUint64(f[24:], uint64(max(r.Start-boot, 0))<<32|uint64(uint32(max(r.End-boot, 0))))
		binary.BigEndian.PutUint64(f[32:], uint64(r.SrcPort)<<48|uint64(r.DstPort)<<32|
			uint64(r.TCPFlags)<<16|uint64(r.Protocol)<<8|uint64(r.TOS))
		binary.BigEndian.PutUint64(f[40:], uint64(as16(r.SrcAS))<<48|uint64(as16(r.DstAS))<<32|
			uint64(r.SrcMask)<<24|uint64(r.DstMask)<<16)
	}
}

// zeros adds n bytes of zero, in place if there is room.
func zeros(dst []byte, n int) []byte {
	start := len(dst)
	dst = slices.Grow(dst, n)[:start+n]
	clear(dst[start:])
	return dst
}

// narrow fits a counter into 32 bits: a counter that is too large stays full
// rather than starting over.
func narrow(v uint64) uint32 { return uint32(min(v, math.MaxUint32)) }

// asTrans stands for an AS number of more than 16 bits (RFC 6793).
const asTrans = 23456

func as16(as uint32) uint16 {
	if as > math.MaxUint16 {
		return asTrans
	}
	return uint16(as)
}

// put4 writes an IPv4 address; one of IPv6, or none, leaves the bytes as they
// are.
func put4(b []byte, a *netip.Addr) {
	if a.BitLen() == 32 || a.Is4In6() {
		v := a.As4()
		copy(b[:4], v[:])
	}
}

func put16(b []byte, a netip.Addr) {
	if a.IsValid() {
		v := a.As16()
		copy(b[:16], v[:])
	}
}

// usual reports that all addresses are there, and plain IPv4.
func usual(r *flow.Record) bool { return r.Src.Is4() && r.Dst.Is4() && r.NextHop.Is4() }

// putAddrs writes source, destination and next hop, and says how many bytes
// they took.
func putAddrs(b []byte, r *flow.Record, ipv6 bool) int {
	if ipv6 {
		put16(b, r.Src)
		put16(b[16:], r.Dst)
		put16(b[32:], r.NextHop)
		return 48
	}
	f := (*[12]byte)(b)
	if usual(r) { // without a call for each
		*(*[4]byte)(f[:]) = r.Src.As4()
		*(*[4]byte)(f[4:]) = r.Dst.As4()
		*(*[4]byte)(f[8:]) = r.NextHop.As4()
		return 12
	}
	put4(f[:], &r.Src)
	put4(f[4:], &r.Dst)
	put4(f[8:], &r.NextHop)
	return 12
}
