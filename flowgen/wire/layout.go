package wire

import (
	"fmt"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// Lengths, in bytes, of what the encoders of this package write. Every record
// of an exporter has a length that is a multiple of four, so that no set needs
// padding and the bytes of a second are a linear form of its counts.
const (
	udpBytes  = 8
	ipv4Bytes = 20
	ipv6Bytes = 40

	setHeaderBytes = 4

	v1HeaderBytes = 16
	v1RecordBytes = 52
	v1ShortBytes  = 48 // softflowd leaves the last four reserved bytes out
	v5HeaderBytes = 24
	v5RecordBytes = 48
	v7HeaderBytes = 24
	v7RecordBytes = 52

	v9HeaderBytes  = 20
	v9Record4Bytes = 52
	v9Record6Bytes = 88

	ipfixHeaderBytes  = 16
	ipfixRecord4Bytes = 76
	ipfixRecord6Bytes = 112

	sflowHeader4Bytes = 28
	sflowHeader6Bytes = 40
	sflowSample4Bytes = 128
	sflowSample6Bytes = 144
)

// V5MaxRecords is the most records that NetFlow v5 allows in a datagram.
const V5MaxRecords = 30

// DefaultMTU is the MTU of a Layout that names none.
const DefaultMTU = 1500

// Layout is the datagram arithmetic of one exporter: how many records go into
// a datagram and how many bytes at the IP level (payload, UDP and IP header)
// come of it. The encoders of this package obey it, so what it says and what
// is sent are the same. The zero Layout has no protocol and sizes of zero.
type Layout struct {
	Protocol flow.Protocol
	IPv6     bool // the exporter sends over IPv6
	MTU      int  // 0 is DefaultMTU
	Limit    int  // most records in a datagram; 0 is what MTU and format allow
}

// Overhead is the length of the IP and UDP headers.
func (l Layout) Overhead() int {
	if l.IPv6 {
		return ipv6Bytes + udpBytes
	}
	return ipv4Bytes + udpBytes
}

// Record is the length of one record of IPv4 or IPv6 traffic; zero where the
// format has none (NetFlow v5 knows no IPv6).
func (l Layout) Record(ipv6 bool) int {
	switch l.Protocol {
	case flow.NetFlow5:
		return pick(ipv6, 0, v5RecordBytes)
	case flow.NetFlow9:
		return pick(ipv6, v9Record6Bytes, v9Record4Bytes)
	case flow.IPFIX:
		return pick(ipv6, ipfixRecord6Bytes, ipfixRecord4Bytes)
	case flow.SFlow:
		return pick(ipv6, sflowSample6Bytes, sflowSample4Bytes)
	}
	return 0
}

// Fixed is what a data datagram costs besides its records, at the IP level.
func (l Layout) Fixed() int { return l.Overhead() + l.header() }

func (l Layout) header() int {
	switch l.Protocol {
	case flow.NetFlow5:
		return v5HeaderBytes
	case flow.NetFlow9:
		return v9HeaderBytes + setHeaderBytes
	case flow.IPFIX:
		return ipfixHeaderBytes + setHeaderBytes
	case flow.SFlow:
		return pick(l.IPv6, sflowHeader6Bytes, sflowHeader4Bytes)
	}
	return 0
}

// Cap is the most records of one family that a data datagram holds; zero where
// the format has no such record.
func (l Layout) Cap(ipv6 bool) int {
	record := l.Record(ipv6)
	if record == 0 {
		return 0
	}
	n := (l.mtu() - l.Fixed()) / record
	if l.Protocol == flow.NetFlow5 {
		n = min(n, V5MaxRecords)
	}
	if l.Limit > 0 {
		n = min(n, l.Limit)
	}
	return max(n, 0)
}

func (l Layout) mtu() int {
	if l.MTU == 0 {
		return DefaultMTU
	}
	return l.MTU
}

// Validate reports a layout that could not carry a single record.
func (l Layout) Validate() error {
	if l.Protocol < flow.NetFlow5 || l.Protocol > flow.SFlow {
		return fmt.Errorf("wire: %s is no protocol to export; hint: use netflow5, netflow9, ipfix or sflow", l.Protocol)
	}
	if l.mtu() > 65535 || l.Limit < 0 || l.Cap(false) < 1 || (l.Record(true) > 0 && l.Cap(true) < 1) || l.Housekeeping() > l.mtu() {
		return fmt.Errorf("wire: an MTU of %d and a limit of %d records leave no room for %s; hint: use an MTU from 576 to 65535 and a limit of at least 1",
			l.mtu(), l.Limit, l.Protocol)
	}
	return nil
}

// Bytes is the length at the IP level of a data datagram of n records.
func (l Layout) Bytes(n int, ipv6 bool) int { return l.Fixed() + n*l.Record(ipv6) }

// Housekeeping is the length at the IP level of the datagram that carries no
// flow: templates and options of NetFlow v9 and IPFIX, interface counters of
// sFlow; zero for NetFlow v5, which has none.
func (l Layout) Housekeeping() int {
	switch l.Protocol {
	case flow.NetFlow9:
		return l.Overhead() + v9HousekeepingBytes
	case flow.IPFIX:
		return l.Overhead() + ipfixHousekeepingBytes
	case flow.SFlow:
		return l.Overhead() + l.header() + sflowCounterBytes
	}
	return 0
}

// Defect is a way in which a datagram can be broken. Every one of them is
// refused by Decoder.
type Defect uint8

// The defects that a broken exporter shows.
const (
	CutShort     Defect = iota // a datagram that ends within its first record
	WrongVersion               // a version that no collector knows
	Stump                      // three bytes
	defects
)

// DefectOf maps any number to a defect, for the hash of a traffic model.
func DefectOf(n uint64) Defect { return Defect(n % uint64(defects)) }

const (
	stumpBytes = 3
	cutBytes   = 12 // of the first record
)

// Bad is the length at the IP level of a datagram with the defect.
func (l Layout) Bad(d Defect) int {
	switch d {
	case CutShort:
		return l.Fixed() + cutBytes
	case WrongVersion:
		return l.Fixed() + l.Record(false)
	default:
		return l.Overhead() + stumpBytes
	}
}

func pick(cond bool, yes, no int) int {
	if cond {
		return yes
	}
	return no
}
