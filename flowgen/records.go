package flowgen

import (
	"net/netip"
	"slices"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// IP protocol numbers.
const (
	icmp   = 1
	tcp    = 6
	udp    = 17
	icmpv6 = 58
)

// mixture is one part of a distribution of flow lengths: even over 1..even
// packets, or lognormal when even is 0.
type mixture struct {
	share        uint64 // cumulative, of 65536
	even         int64
	sigma, scale q16 // of the binary logarithm
}

// The lengths of TCP and UDP flows are the mixtures that Jurkiewicz, Rzym and
// Borylo fitted to four thousand million flows of a campus ("Flow length and
// size distributions in campus Internet traffic", Computer Communications 167,
// 2021). Shares are cumulative; scales are logarithms.
var (
	tcpLengths = [...]mixture{
		{share: 3801, even: 1},
		{share: 24150, even: 2},
		{share: 27761, even: 3},
		{share: 30894, even: 4},
		{share: 31280, even: 5},
		{share: 39492, even: 6},
		{share: 53025, sigma: 48428, scale: 196015},
		{share: 61014, sigma: 70987, scale: 291129},
		{share: 64455, sigma: 104807, scale: 449420},
		{share: 65536, sigma: 188454, scale: 637295},
	}
	udpLengths = [...]mixture{
		{share: 38188, even: 1},
		{share: 50456, even: 2},
		{share: 56453, even: 3},
		{share: 60136, even: 4},
		{share: 62063, sigma: 46281, scale: 214533},
		{share: 64697, sigma: 24611, scale: 149873},
		{share: 65005, sigma: 42490, scale: 319668},
		{share: 65372, sigma: 87429, scale: 398250},
		{share: 65490, sigma: 99257, scale: 603870},
		{share: 65511, sigma: 175368, scale: 848453},
		{share: 65536, even: 1},
	}
)

// meanPacket is the mean packet size of flows of up to so many packets, from
// the same measurements.
var meanPacket = [...]struct{ packets, bytes int64 }{
	{1, 150},
	{2, 133},
	{4, 170},
	{8, 225},
	{16, 308},
	{64, 415},
	{512, 588},
	{4096, 749},
	{65536, 851},
	{1 << 62, 1038},
}

// service is a well-known port and its cumulative share of 65536.
type service struct {
	share uint64
	port  uint16
}

var (
	tcpServices = [...]service{{39000, 443}, {49000, 80}, {53000, 445}, {56500, 22}, {59000, 993}, {61000, 3389}, {63000, 5432}, {65536, 8080}}
	udpServices = [...]service{{30000, 53}, {48000, 443}, {54000, 123}, {58000, 3478}, {61000, 161}, {63500, 51820}, {65536, 500}}
)

const (
	firstPort  = 1024
	portSpan   = 65536 - firstPort
	maxActive  = 300_000 // milliseconds: the active timeout
	minPacket4 = 40
	minPacket6 = 60
	maxPacket  = 1500
	maxPackets = 1 << 22
	flagSYN    = 0x02
	flagsWhole = 0x1b // FIN, SYN, PSH, ACK
	endIdle    = 1    // flowEndReason, RFC 5102
	endActive  = 2
	insideASN  = 64512 // private use, RFC 6996
	outsideASN = 64496 // documentation, RFC 5398
	hosts      = 4096  // that take part, inside and outside each
	ports      = 8     // interfaces of an exporter
)

// Records appends the flow records that a source exports in a second: IPv4
// first, then IPv6, as many as Second counts. Within a second no two share
// addresses, ports and protocol up to 64512 records. Inside hosts are in
// 172.16.0.0/12, outside ones in 198.18.0.0/15 (RFC 2544); IPv6 ones in
// 2001:db8::/32.
func (g *Generator) Records(source int, unixSecond int64, dst []flow.Record) []flow.Record {
	s := &g.sources[source]
	minute := floorDiv(unixSecond, 60)
	sp := s.span(minute)
	var cut seconds
	s.cut(sp, &cut)
	c := &cut[unixSecond-minute*60]
	dst = slices.Grow(dst, int(c.flows4+c.flows6))
	key := drawsOf(s.records.at(unixSecond), forRecords)
	for i := range c.flows4 + c.flows6 {
		dst = append(dst, s.record(pen{key: key, second: unixSecond, index: int64(i), ipv6: i >= c.flows4}, &sp))
	}
	return dst
}

// pen is the place of one record.
type pen struct {
	key    draws
	second int64
	index  int64
	ipv6   bool
}

func (s *source) record(p pen, sp *span) flow.Record {
	h := p.key.at(p.index)
	h2 := mix(h + golden)
	client := firstPort + uint16(uint64(p.index+p.second*7919)%portSpan)
	r := flow.Record{
		Sampling: 1, Ordinal: uint32(p.index),
		Input: 1 + uint32(h2&(ports-1)), Output: 1 + uint32(h2>>3&(ports-1)),
		SrcAS: insideASN + s.Domain, DstAS: outsideASN + uint32(h2>>6&15),
		SrcMask: 24, DstMask: 16,
	}
	if p.ipv6 {
		r.SrcMask, r.DstMask = 64, 48
	}
	if sp.share > 0 && below(mix(h2), sp.share) {
		s.attack(&r, p, sp, h)
	} else {
		s.usual(&r, p, h, client)
	}
	r.NextHop = s.host(nextHop, r.Output, p.ipv6)
	s.times(&r, p.second, h2)
	return r
}

// usual fills in a flow between one of the inside hosts and one outside.
func (s *source) usual(r *flow.Record, p pen, h uint64, client uint16) {
	h3 := mix(h ^ golden)
	inHost, outHost := talker(h3), talker(h3<<20)
	r.TOS = uint8(h3>>60) & 4 << 3
	switch kind := h & 0xFFFF; {
	case kind < 35291: // 53.85 %
		r.Protocol, r.DstPort = tcp, portOf(tcpServices[:], h>>16&0xFFFF)
		r.Packets = length(tcpLengths[:], h>>32)
		r.TCPFlags = flagsWhole
		if r.Packets == 1 {
			r.TCPFlags = flagSYN
		}
	case kind < 63530: // 43.09 %
		r.Protocol, r.DstPort = udp, portOf(udpServices[:], h>>16&0xFFFF)
		r.Packets = length(udpLengths[:], h>>32)
	default:
		r.Protocol = uint8(icmp)
		if p.ipv6 {
			r.Protocol = icmpv6
		}
		r.DstPort, client = 8<<8, 0 // echo request; NetFlow puts type and code here
		r.Packets = length(udpLengths[:], h>>32)
		outHost = uint32(uint64(p.index+p.second*7919) % portSpan)
	}
	r.SrcPort = client
	r.Octets = octets(r.Packets, h3, p.ipv6)
	r.Src, r.Dst = s.host(inside, inHost, p.ipv6), s.host(outside, outHost, p.ipv6)
	if h3&(1<<40) != 0 { // the answer, coming in
		r.Src, r.Dst = r.Dst, r.Src
		r.SrcAS, r.DstAS, r.SrcMask, r.DstMask = r.DstAS, r.SrcAS, r.DstMask, r.SrcMask
		if r.Protocol == tcp || r.Protocol == udp {
			r.SrcPort, r.DstPort = r.DstPort, r.SrcPort
		}
	}
}

// attack fills in a one-packet flow of a DDoS (from everywhere to one) or of a
// scan (from one to everywhere).
func (s *source) attack(r *flow.Record, p pen, sp *span, h uint64) {
	one := uint32(s.records.at(floorDiv(sp.minute, minutesPerDay)) % hosts)
	many := uint32(uint64(p.index+p.second*7919) % (1 << 16))
	r.Packets, r.Octets = 1, uint64(between(h<<32, minPacket4, 64))
	if p.ipv6 {
		r.Octets += minPacket6 - minPacket4
	}
	if sp.attack == DDoS {
		r.Src, r.Dst = s.host(outside, many, p.ipv6), s.host(inside, one, p.ipv6)
		r.Protocol, r.SrcPort, r.DstPort = udp, uint16(h>>16)|1024, 80
	} else {
		r.Src, r.Dst = s.host(inside, one, p.ipv6), s.host(outside, many, p.ipv6)
		r.Protocol, r.SrcPort, r.DstPort, r.TCPFlags = tcp, uint16(h>>16)|1024, 445, flagSYN
	}
}

// times places the flow before the flush that exported it.
func (s *source) times(r *flow.Record, second int64, draw uint64) {
	r.End = second*1000 - between(draw, 0, s.Flush*1000)
	duration := int64(0)
	if r.Packets > 1 {
		duration = min(int64(r.Packets)*between(draw<<24, 1, 90), maxActive)
	}
	r.Start = r.End - duration
	r.EndReason = endIdle
	if duration == maxActive {
		r.EndReason = endActive
	}
}

// length draws the packets of a flow; the lower 32 bits of the draw count.
func length(parts []mixture, draw uint64) uint64 {
	share := draw & 0xFFFF
	more := mix(draw)
	for i := range parts {
		p := &parts[i]
		if share >= p.share {
			continue
		}
		if p.even > 0 {
			return uint64(between(more, 1, p.even))
		}
		x := exp2(min(p.scale+p.sigma.times(normal(more)), 22<<16))
		return min(uint64(x>>16)+1, maxPackets)
	}
	return 1
}

// octets gives a flow packets of about the size that flows of its length have.
func octets(packets uint64, draw uint64, ipv6 bool) uint64 {
	low := int64(minPacket4)
	if ipv6 {
		low = minPacket6
	}
	for _, band := range meanPacket {
		if int64(packets) <= band.packets {
			each := band.bytes * between(draw<<8, 50, 150) / 100
			return packets * uint64(min(max(each, low), maxPacket))
		}
	}
	return packets * maxPacket
}

func portOf(services []service, draw uint64) uint16 {
	for _, s := range services {
		if draw < s.share {
			return s.port
		}
	}
	return services[0].port
}

// talker draws a host by its rank: few hosts talk much (a Zipf law of exponent
// 1, flattened by 4 at its head).
func talker(draw uint64) uint32 {
	const flat = 4
	x := between(draw, 0, 10<<16) // log2((hosts+flat)/flat) is just above 10
	return uint32(min((int64(exp2(q16(x)))*flat)>>16-flat, hosts-1))
}

// side is which hosts an address belongs to.
type side uint8

const (
	inside side = iota
	outside
	nextHop
)

func (s *source) host(where side, n uint32, ipv6 bool) netip.Addr {
	site := byte(s.records)
	if ipv6 {
		b := [16]byte{0x20, 0x01, 0x0d, 0xb8, byte(where) + 1, site}
		b[12], b[13], b[14], b[15] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
		return netip.AddrFrom16(b)
	}
	switch where {
	case inside:
		return netip.AddrFrom4([4]byte{172, 16 | site&15, byte(n >> 8), byte(n)})
	case outside:
		return netip.AddrFrom4([4]byte{198, 18, byte(n >> 8), byte(n)})
	default:
		return netip.AddrFrom4([4]byte{192, 0, 2, byte(n)})
	}
}
