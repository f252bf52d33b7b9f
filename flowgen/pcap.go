package flowgen

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"
)

// PcapWriter writes UDP datagrams as a classic pcap file of raw IP packets
// (link type 101, microseconds), which tshark and tcpdump read. The zero value
// is of no use; NewPcapWriter makes one. It is not safe for concurrent use.
type PcapWriter struct {
	w      io.Writer
	packet []byte
	id     uint16
}

const (
	pcapMagic   = 0xa1b2c3d4
	linkTypeRaw = 101
	pcapRecord  = 16
	snapLength  = 65535 + 40
	protocolUDP = udp
	hopLimit    = 64
	ipv4Header  = 20
	ipv6Header  = 40
	udpHeader   = 8
)

// NewPcapWriter writes the file's header.
func NewPcapWriter(w io.Writer) (*PcapWriter, error) {
	var h [24]byte
	binary.BigEndian.PutUint32(h[:], pcapMagic)
	binary.BigEndian.PutUint16(h[4:], 2)
	binary.BigEndian.PutUint16(h[6:], 4)
	binary.BigEndian.PutUint32(h[16:], snapLength)
	binary.BigEndian.PutUint32(h[20:], linkTypeRaw)
	if _, err := w.Write(h[:]); err != nil {
		return nil, fmt.Errorf("flowgen: writing the pcap file: %w", err)
	}
	return &PcapWriter{w: w}, nil
}

// Write adds one UDP datagram, with its IP and UDP headers and checksums made
// up as a sender would. Both addresses have to be of one family.
func (p *PcapWriter) Write(at time.Time, from, to netip.AddrPort, payload []byte) error {
	src, dst := from.Addr().Unmap(), to.Addr().Unmap()
	if src.Is4() != dst.Is4() || !src.IsValid() || !dst.IsValid() {
		return errors.New("flowgen: a datagram between address families cannot be captured; hint: give IPv6 sources an IPv6 collector")
	}
	headers := ipv4Header
	if src.Is6() {
		headers = ipv6Header
	}
	length := headers + udpHeader + len(payload)
	p.packet = append(p.packet[:0], make([]byte, pcapRecord+headers+udpHeader)...)
	p.packet = append(p.packet, payload...)
	b := p.packet
	binary.BigEndian.PutUint32(b, uint32(at.Unix()))
	binary.BigEndian.PutUint32(b[4:], uint32(at.Nanosecond()/1000))
	binary.BigEndian.PutUint32(b[8:], uint32(length))
	binary.BigEndian.PutUint32(b[12:], uint32(length))
	b = b[pcapRecord:]
	u := b[headers:]
	binary.BigEndian.PutUint16(u, from.Port())
	binary.BigEndian.PutUint16(u[2:], to.Port())
	binary.BigEndian.PutUint16(u[4:], uint16(udpHeader+len(payload)))
	if src.Is4() {
		p.ipv4(b, src, dst, length)
	} else {
		ipv6(b, src, dst, udpHeader+len(payload))
	}
	binary.BigEndian.PutUint16(u[6:], udpChecksum(src, dst, u))
	if _, err := p.w.Write(p.packet); err != nil {
		return fmt.Errorf("flowgen: writing the pcap file: %w", err)
	}
	return nil
}

func (p *PcapWriter) ipv4(b []byte, src, dst netip.Addr, length int) {
	p.id++
	b[0] = 4<<4 | ipv4Header/4
	binary.BigEndian.PutUint16(b[2:], uint16(length))
	binary.BigEndian.PutUint16(b[4:], p.id)
	b[8], b[9] = hopLimit, protocolUDP
	copy(b[12:], src.AsSlice())
	copy(b[16:], dst.AsSlice())
	binary.BigEndian.PutUint16(b[10:], ^fold(sum16(0, b[:ipv4Header])))
}

func ipv6(b []byte, src, dst netip.Addr, length int) {
	b[0] = 6 << 4
	binary.BigEndian.PutUint16(b[4:], uint16(length))
	b[6], b[7] = protocolUDP, hopLimit
	copy(b[8:], src.AsSlice())
	copy(b[24:], dst.AsSlice())
}

// udpChecksum covers the pseudo header (RFC 768, RFC 8200 section 8.1); the
// checksum field of the segment is zero.
func udpChecksum(src, dst netip.Addr, segment []byte) uint16 {
	sum := sum16(0, src.AsSlice())
	sum = sum16(sum, dst.AsSlice())
	sum += uint32(len(segment)) + protocolUDP
	if c := ^fold(sum16(sum, segment)); c != 0 {
		return c
	}
	return 0xFFFF
}

func sum16(sum uint32, b []byte) uint32 {
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	return sum
}

func fold(sum uint32) uint16 {
	for sum > 0xFFFF {
		sum = sum>>16 + sum&0xFFFF
	}
	return uint16(sum)
}
