package wire

import (
	"encoding/binary"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// known reports whether flow.Record has a place for a field.
func known(f Field) bool {
	if f.Enterprise != 0 {
		return f.Enterprise == DocumentationPEN && f.ID == ieOrdinal
	}
	switch f.ID {
	case ieOctets, iePackets, ieProtocol, ieTOS, ieTCPFlags, ieSrcPort, ieSrc4, ieSrcMask4, ieInput, ieDstPort, ieDst4,
		ieDstMask4, ieOutput, ieNextHop4, ieSrcAS, ieDstAS, ieLastUptime, ieFirstUptime, ieSrc6, ieDst6, ieSrcMask6,
		ieDstMask6, ieSampling, ieNextHop6, ieEndReason, ieStartMillis, ieEndMillis:
		return true
	}
	return false
}

// unsigned reads an integer of any length: exporters may shorten integers (RFC
// 7011 section 6.2).
func unsigned(b []byte) uint64 {
	switch len(b) {
	case 0:
		return 0
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(b))
	case 4:
		return uint64(binary.BigEndian.Uint32(b))
	case 8:
		return binary.BigEndian.Uint64(b)
	}
	var v uint64
	for _, c := range b[max(0, len(b)-8):] {
		v = v<<8 | uint64(c)
	}
	return v
}

// field puts a value into a record. A value of a length that its element
// cannot have leaves the record as it is.
func (w *walk) field(r *flow.Record, f Field, b []byte) {
	if f.Enterprise != 0 {
		if f.Enterprise == DocumentationPEN && f.ID == ieOrdinal {
			r.Ordinal = uint32(unsigned(b))
		}
		return
	}
	switch len(b) {
	case 4:
		switch f.ID {
		case ieSrc4:
			r.Src = addr4(b)
			return
		case ieDst4:
			r.Dst = addr4(b)
			return
		case ieNextHop4:
			r.NextHop = addr4(b)
			return
		}
	case 16:
		switch f.ID {
		case ieSrc6:
			r.Src = addr16(b)
		case ieDst6:
			r.Dst = addr16(b)
		case ieNextHop6:
			r.NextHop = addr16(b)
		}
		return
	}
	w.integer(r, f.ID, unsigned(b))
}

func (w *walk) integer(r *flow.Record, id uint16, v uint64) {
	switch id {
	case ieOctets:
		r.Octets = v
	case iePackets:
		r.Packets = v
	case ieProtocol:
		r.Protocol = uint8(v)
	case ieTOS:
		r.TOS = uint8(v)
	case ieTCPFlags:
		r.TCPFlags = uint8(v)
	case ieSrcPort:
		r.SrcPort = uint16(v)
	case ieDstPort:
		r.DstPort = uint16(v)
	case ieSrcMask4, ieSrcMask6:
		r.SrcMask = uint8(v)
	case ieDstMask4, ieDstMask6:
		r.DstMask = uint8(v)
	case ieInput:
		r.Input = uint32(v)
	case ieOutput:
		r.Output = uint32(v)
	case ieSrcAS:
		r.SrcAS = uint32(v)
	case ieDstAS:
		r.DstAS = uint32(v)
	case ieSampling:
		r.Sampling = uint32(v)
	case ieEndReason:
		r.EndReason = uint8(v)
	case ieFirstUptime:
		r.Start = w.uptimeToUnix(v)
	case ieLastUptime:
		r.End = w.uptimeToUnix(v)
	case ieStartMillis:
		r.Start = int64(v)
	case ieEndMillis:
		r.End = int64(v)
	}
}

// uptimeToUnix needs the uptime of the header, which IPFIX does not have.
func (w *walk) uptimeToUnix(uptime uint64) int64 {
	if w.Version != 9 {
		return 0
	}
	return w.Export - int64(w.Uptime) + int64(uint32(uptime))
}
