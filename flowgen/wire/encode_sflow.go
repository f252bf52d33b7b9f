package wire

import (
	"encoding/binary"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

const (
	sflowVersion     = 5
	sflowFlow        = 1 // sample formats
	sflowCounters    = 2
	sflowFlowWide    = 3
	sflowCounterWide = 4
	sflowRawHeader   = 1 // flow record format
	sflowEthernet    = 1 // header protocol; also the record format of an Ethernet frame
	sflowIPv4        = 3
	sflowIPv6        = 4

	etherBytes   = 14
	fcsBytes     = 4
	sampledLink  = 1 // data source: ifIndex 1
	typeIPv4     = 0x0800
	typeIPv6     = 0x86DD
	typeVLAN     = 0x8100
	typeQinQ     = 0x88A8
	sampleHeader = 8 + 32 // to the first flow record
)

// sflowStart writes the datagram header and returns its length.
func (e *Encoder) sflowStart(b []byte, at int64, samples int) int {
	binary.BigEndian.PutUint32(b, sflowVersion)
	n := 12
	if e.Layout.IPv6 {
		binary.BigEndian.PutUint32(b[4:], 2)
		put16(b[8:], e.Agent)
		n = 24
	} else {
		binary.BigEndian.PutUint32(b[4:], 1)
		put4(b[8:], &e.Agent)
	}
	binary.BigEndian.PutUint32(b[n:], e.Domain)
	binary.BigEndian.PutUint32(b[n+4:], e.Sequence)
	binary.BigEndian.PutUint32(b[n+8:], e.uptime(at))
	binary.BigEndian.PutUint32(b[n+12:], uint32(samples))
	e.Sequence++
	return n + 16
}

func (e *Encoder) sflow(b []byte, at int64, records []flow.Record, ipv6 bool) {
	b = b[e.sflowStart(b, at, len(records)):]
	size := e.Layout.Record(ipv6)
	for i := range records {
		r := &records[i]
		s := b[i*size : i*size+size]
		rate := max(r.Sampling, 1)
		e.samples++
		e.pool += rate
		binary.BigEndian.PutUint32(s, sflowFlow)
		binary.BigEndian.PutUint32(s[4:], uint32(size-8))
		binary.BigEndian.PutUint32(s[8:], e.samples)
		binary.BigEndian.PutUint32(s[12:], sampledLink)
		binary.BigEndian.PutUint32(s[16:], rate)
		binary.BigEndian.PutUint32(s[20:], e.pool)
		binary.BigEndian.PutUint32(s[28:], r.Input)
		binary.BigEndian.PutUint32(s[32:], r.Output)
		binary.BigEndian.PutUint32(s[36:], 1) // flow records
		f := s[sampleHeader:]
		length := max(r.Octets/max(r.Packets, 1), uint64(len(f)-24-etherBytes))
		binary.BigEndian.PutUint32(f, sflowRawHeader)
		binary.BigEndian.PutUint32(f[4:], uint32(len(f)-8))
		binary.BigEndian.PutUint32(f[8:], sflowEthernet)
		binary.BigEndian.PutUint32(f[12:], uint32(length)+etherBytes+fcsBytes)
		binary.BigEndian.PutUint32(f[16:], fcsBytes)
		binary.BigEndian.PutUint32(f[20:], uint32(len(f)-24))
		putFrame(f[24:], r, uint16(min(length, 65535)), ipv6)
	}
}

// putFrame writes the first bytes of the packet that a sample shows.
func putFrame(b []byte, r *flow.Record, length uint16, ipv6 bool) {
	b[0], b[5] = 2, 1 // locally administered addresses
	b[6], b[11] = 2, 2
	ip, l4 := b[etherBytes:], b[etherBytes+ipv4Bytes:]
	if ipv6 {
		l4 = b[etherBytes+ipv6Bytes:]
		binary.BigEndian.PutUint16(b[12:], typeIPv6)
		ip[0], ip[1] = 6<<4|r.TOS>>4, r.TOS<<4
		binary.BigEndian.PutUint16(ip[4:], length-ipv6Bytes)
		ip[6], ip[7] = r.Protocol, 64
		put16(ip[8:], r.Src)
		put16(ip[24:], r.Dst)
	} else {
		binary.BigEndian.PutUint16(b[12:], typeIPv4)
		ip[0], ip[1] = 4<<4|5, r.TOS
		binary.BigEndian.PutUint16(ip[2:], length)
		ip[8], ip[9] = 64, r.Protocol
		put4(ip[12:], &r.Src)
		put4(ip[16:], &r.Dst)
		binary.BigEndian.PutUint16(ip[10:], checksum(ip[:ipv4Bytes]))
	}
	switch r.Protocol {
	case protoTCP:
		binary.BigEndian.PutUint16(l4, r.SrcPort)
		binary.BigEndian.PutUint16(l4[2:], r.DstPort)
		l4[12], l4[13] = 5<<4, r.TCPFlags
	case protoUDP:
		binary.BigEndian.PutUint16(l4, r.SrcPort)
		binary.BigEndian.PutUint16(l4[2:], r.DstPort)
		binary.BigEndian.PutUint16(l4[4:], length-uint16(pick(ipv6, ipv6Bytes, ipv4Bytes)))
	default:
		binary.BigEndian.PutUint16(l4, r.DstPort) // ICMP type and code
	}
}

const (
	protoTCP = 6
	protoUDP = 17
)

// checksum is that of an IPv4 header whose checksum field is zero (RFC 1071).
func checksum(header []byte) uint16 {
	var sum uint32
	for i := 0; i < len(header); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(header[i:]))
	}
	for sum > 0xFFFF {
		sum = sum>>16 + sum&0xFFFF
	}
	return ^uint16(sum)
}

// sflowCounters is a datagram of the interface counters of two interfaces.
func (e *Encoder) sflowCounters(dst []byte, at int64) []byte {
	start := len(dst)
	dst = zeros(dst, e.Layout.header()+sflowCounterBytes)
	b := dst[start:]
	b = b[e.sflowStart(b, at, sflowInterfaces):]
	e.polls++
	const size = sflowCounterBytes / sflowInterfaces
	for i := range uint32(sflowInterfaces) {
		s := b[i*size : i*size+size]
		binary.BigEndian.PutUint32(s, sflowCounters)
		binary.BigEndian.PutUint32(s[4:], size-8)
		binary.BigEndian.PutUint32(s[8:], e.polls)
		binary.BigEndian.PutUint32(s[12:], i+1)
		binary.BigEndian.PutUint32(s[16:], 1) // counter records
		c := s[20:]
		binary.BigEndian.PutUint32(c, 1) // generic interface counters
		binary.BigEndian.PutUint32(c[4:], uint32(len(c)-8))
		binary.BigEndian.PutUint32(c[8:], i+1)
		binary.BigEndian.PutUint32(c[12:], 6)              // ethernetCsmacd
		binary.BigEndian.PutUint64(c[16:], 10_000_000_000) // bits a second
		binary.BigEndian.PutUint32(c[24:], 1)              // full duplex
		binary.BigEndian.PutUint32(c[28:], 3)              // administratively and operationally up
		binary.BigEndian.PutUint64(c[32:], uint64(e.pool)*870)
		binary.BigEndian.PutUint32(c[40:], e.pool)
	}
	return dst
}
