package wire

import (
	"encoding/binary"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// cursor reads XDR: big-endian words. A read past the end sets short and gives
// zero; nothing is ever taken beyond the bytes there are.
type cursor struct {
	b     []byte
	short bool
}

func (c *cursor) word() uint32 {
	if len(c.b) < 4 {
		c.short, c.b = true, nil
		return 0
	}
	v := binary.BigEndian.Uint32(c.b)
	c.b = c.b[4:]
	return v
}

func (c *cursor) take(n uint32) []byte {
	if uint64(n) > uint64(len(c.b)) {
		c.short, c.b = true, nil
		return nil
	}
	v := c.b[:n]
	c.b = c.b[n:]
	return v
}

// sflow reads an sFlow version 5 datagram. Samples and records of formats that
// are not known here are skipped, as the memo asks, and counted as Unknown.
func (w *walk) sflow() error {
	c := cursor{b: w.payload}
	if v := c.word(); v != sflowVersion {
		return w.fault(ErrVersion, 0, sflowVersion, int(v))
	}
	w.Version, w.Protocol = sflowVersion, flow.SFlow
	switch kind := c.word(); kind {
	case 1:
		if b := c.take(4); b != nil {
			w.Agent = addr4(b)
		}
	case 2:
		if b := c.take(16); b != nil {
			w.Agent = addr16(b)
		}
	default:
		if !c.short {
			return w.fault(ErrSample, 4, 1, int(kind))
		}
	}
	w.Domain, w.Sequence, w.Uptime = c.word(), c.word(), c.word()
	samples := c.word()
	if c.short {
		return w.fault(ErrShort, 0, sflowHeader4Bytes, len(w.payload))
	}
	for i := range samples {
		format, body := c.word(), []byte(nil)
		if body = c.take(c.word()); c.short {
			return w.fault(ErrShort, len(w.payload), int(samples), int(i))
		}
		at := len(w.payload) - len(c.b) - len(body)
		if err := w.sample(format, body, at); err != nil {
			return err
		}
	}
	if len(c.b) > 0 {
		return w.fault(ErrLength, len(w.payload)-len(c.b), 0, len(c.b))
	}
	return nil
}

// sample reads one sample, to its last byte.
func (w *walk) sample(format uint32, body []byte, at int) error {
	c := cursor{b: body}
	var r flow.Record
	switch format {
	case sflowFlow:
		c.take(8) // sequence, source
		r.Sampling = c.word()
		c.take(8) // pool, drops
		r.Input, r.Output = c.word(), c.word()
	case sflowFlowWide:
		c.take(12) // sequence, source type, source index
		r.Sampling = c.word()
		c.take(8) // pool, drops
		c.word()  // format of the input, then its value
		r.Input = c.word()
		c.word()
		r.Output = c.word()
	case sflowCounters:
		c.take(8)
	case sflowCounterWide:
		c.take(12)
	default:
		w.Unknown++
		return nil
	}
	records := c.word()
	isFlow := format == sflowFlow || format == sflowFlowWide
	for range records {
		if c.short {
			break // the number may be anything: stop where the bytes do
		}
		kind := c.word()
		data := c.take(c.word())
		if !c.short && isFlow && !w.flowRecord(&r, kind, data) {
			return w.fault(ErrSample, at+len(body)-len(c.b)-len(data), len(data), int(kind))
		}
	}
	if c.short {
		return w.fault(ErrSample, at, int(min(records, 1<<16)), len(body))
	}
	if len(c.b) > 0 {
		return w.fault(ErrLength, at+len(body)-len(c.b), 0, len(c.b))
	}
	if !isFlow {
		w.Counters++
		return nil
	}
	w.Flows++
	w.Packets += r.Packets
	w.Octets += r.Octets
	if w.keep {
		w.records = append(w.records, r)
	}
	return nil
}

// flowRecord takes what a flow record of a known format tells, and reports
// whether it agrees with itself.
func (w *walk) flowRecord(r *flow.Record, kind uint32, data []byte) bool {
	c := cursor{b: data}
	switch kind {
	case sflowRawHeader:
		protocol := c.word()
		length := c.word()
		stripped := c.word()
		n := c.word()
		header := c.take(n)
		c.take(-n & 3) // XDR pads opaque bytes to words
		if c.short || len(c.b) > 0 || uint64(n)+uint64(stripped) > uint64(length)+fcsBytes {
			return false
		}
		r.Packets, r.Octets = 1, uint64(length)
		switch protocol {
		case sflowEthernet:
			readFrame(r, header)
		case 11:
			readIPv4(r, header)
		case 12:
			readIPv6(r, header)
		}
	case sflowIPv4, sflowIPv6:
		return sampledIP(r, &c, kind)
	default:
		w.Unknown++
	}
	return true
}

// sampledIP reads the packet data that a switch gives when it has no header.
func sampledIP(r *flow.Record, c *cursor, kind uint32) bool {
	length, protocol := c.word(), c.word()
	if kind == sflowIPv4 {
		src, dst := c.take(4), c.take(4)
		if c.short {
			return false
		}
		r.Src, r.Dst = addr4(src), addr4(dst)
	} else {
		src, dst := c.take(16), c.take(16)
		if c.short {
			return false
		}
		r.Src, r.Dst = addr16(src), addr16(dst)
	}
	r.SrcPort, r.DstPort, r.TCPFlags, r.TOS = uint16(c.word()), uint16(c.word()), uint8(c.word()), uint8(c.word())
	r.Packets, r.Octets, r.Protocol = 1, uint64(length), uint8(protocol)
	return !c.short && len(c.b) == 0
}

// readFrame reads the start of an Ethernet frame as far as it goes. What it
// holds is traffic, not protocol, so nothing in it is a fault.
func readFrame(r *flow.Record, b []byte) {
	if len(b) < etherBytes {
		return
	}
	kind := binary.BigEndian.Uint16(b[12:])
	b = b[etherBytes:]
	for (kind == typeVLAN || kind == typeQinQ) && len(b) >= 4 {
		kind = binary.BigEndian.Uint16(b[2:])
		b = b[4:]
	}
	switch kind {
	case typeIPv4:
		readIPv4(r, b)
	case typeIPv6:
		readIPv6(r, b)
	}
}

func readIPv4(r *flow.Record, b []byte) {
	if len(b) < ipv4Bytes || b[0]>>4 != 4 || int(b[0]&15)*4 < ipv4Bytes {
		return
	}
	r.TOS, r.Protocol = b[1], b[9]
	r.Octets = uint64(binary.BigEndian.Uint16(b[2:]))
	r.Src, r.Dst = addr4(b[12:]), addr4(b[16:])
	if binary.BigEndian.Uint16(b[6:])&0x1FFF == 0 { // not a later fragment
		readPorts(r, b[min(int(b[0]&15)*4, len(b)):])
	}
}

func readIPv6(r *flow.Record, b []byte) {
	if len(b) < ipv6Bytes || b[0]>>4 != 6 {
		return
	}
	r.TOS, r.Protocol = b[0]<<4|b[1]>>4, b[6]
	r.Octets = uint64(binary.BigEndian.Uint16(b[4:])) + ipv6Bytes
	r.Src, r.Dst = addr16(b[8:]), addr16(b[24:])
	readPorts(r, b[ipv6Bytes:])
}

func readPorts(r *flow.Record, b []byte) {
	switch r.Protocol {
	case protoTCP, protoUDP:
		if len(b) >= 4 {
			r.SrcPort, r.DstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		}
		if r.Protocol == protoTCP && len(b) >= 14 {
			r.TCPFlags = b[13]
		}
	case 1, 58: // ICMP type and code
		if len(b) >= 2 {
			r.DstPort = binary.BigEndian.Uint16(b)
		}
	}
}
