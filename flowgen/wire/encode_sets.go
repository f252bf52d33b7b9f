package wire

import (
	"encoding/binary"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

func template(ipv6 bool) uint16 { return uint16(pick(ipv6, Template6, Template4)) }

func (e *Encoder) v9Header(b []byte, at int64, count int) {
	binary.BigEndian.PutUint16(b, 9)
	binary.BigEndian.PutUint16(b[2:], uint16(count))
	binary.BigEndian.PutUint32(b[4:], e.uptime(at))
	binary.BigEndian.PutUint32(b[8:], uint32(at/1000))
	binary.BigEndian.PutUint32(b[12:], e.Sequence)
	binary.BigEndian.PutUint32(b[16:], e.Domain)
	e.Sequence++
}

func (e *Encoder) v9(b []byte, at int64, records []flow.Record, ipv6 bool) {
	e.v9Header(b, at, len(records))
	b = b[v9HeaderBytes:]
	binary.BigEndian.PutUint16(b, template(ipv6))
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	b = b[setHeaderBytes:]
	size := e.Layout.Record(ipv6)
	for i := range records {
		r := &records[i]
		f := b[i*size : i*size+size]
		f = f[putAddrs(f, r, ipv6):]
		_ = f[39]
		binary.BigEndian.PutUint16(f, uint16(r.Input))
		binary.BigEndian.PutUint16(f[2:], uint16(r.Output))
		binary.BigEndian.PutUint32(f[4:], narrow(r.Packets))
		binary.BigEndian.PutUint32(f[8:], narrow(r.Octets))
		binary.BigEndian.PutUint32(f[12:], e.uptime(r.Start))
		binary.BigEndian.PutUint32(f[16:], e.uptime(r.End))
		binary.BigEndian.PutUint16(f[20:], r.SrcPort)
		binary.BigEndian.PutUint16(f[22:], r.DstPort)
		binary.BigEndian.PutUint32(f[24:], r.SrcAS)
		binary.BigEndian.PutUint32(f[28:], r.DstAS)
		f[32], f[33], f[34] = r.TCPFlags, r.Protocol, r.TOS
		f[35], f[36] = r.SrcMask, r.DstMask
		f[38] = byte(pick(ipv6, 6, 4)) // after the direction, which is ingress
		f[39] = forwarded
	}
}

// forwarded is the forwarding status "forwarded, unknown" (RFC 7270).
const forwarded = 0x40

func (e *Encoder) ipfixHeader(b []byte, at int64, records int) {
	binary.BigEndian.PutUint16(b, 10)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	binary.BigEndian.PutUint32(b[4:], uint32(at/1000))
	binary.BigEndian.PutUint32(b[8:], e.Sequence)
	binary.BigEndian.PutUint32(b[12:], e.Domain)
	e.Sequence += uint32(records)
}

func (e *Encoder) ipfix(b []byte, at int64, records []flow.Record, ipv6 bool) {
	e.ipfixHeader(b, at, len(records))
	b = b[ipfixHeaderBytes:]
	binary.BigEndian.PutUint16(b, template(ipv6))
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	b = b[setHeaderBytes:]
	size := e.Layout.Record(ipv6)
	for i := range records {
		r := &records[i]
		f := b[i*size : i*size+size]
		f = f[putAddrs(f, r, ipv6):]
		_ = f[63]
		binary.BigEndian.PutUint32(f, r.Input)
		binary.BigEndian.PutUint32(f[4:], r.Output)
		binary.BigEndian.PutUint64(f[8:], r.Packets)
		binary.BigEndian.PutUint64(f[16:], r.Octets)
		binary.BigEndian.PutUint64(f[24:], uint64(r.Start))
		binary.BigEndian.PutUint64(f[32:], uint64(r.End))
		binary.BigEndian.PutUint16(f[40:], r.SrcPort)
		binary.BigEndian.PutUint16(f[42:], r.DstPort)
		binary.BigEndian.PutUint32(f[44:], r.SrcAS)
		binary.BigEndian.PutUint32(f[48:], r.DstAS)
		f[52], f[53], f[54] = r.TCPFlags, r.Protocol, r.TOS
		f[55], f[56], f[57] = r.SrcMask, r.DstMask, r.EndReason
		binary.BigEndian.PutUint32(f[60:], r.Ordinal) // after the VLAN, which is none
	}
}

// v9Templates is a datagram of both templates, an options template and the
// options: that every packet is counted (deterministic sampling, 1 in 1).
func (e *Encoder) v9Templates(dst []byte, at int64) []byte {
	start := len(dst)
	dst = zeros(dst, v9HeaderBytes)
	e.v9Header(dst[start:], at, 4) // four records of all kinds
	four, six := v9Template(false), v9Template(true)
	dst = appendTemplates(dst, v9TemplateSet, four[:], six[:])
	dst = append16(dst, v9OptionSet, setHeaderBytes+6+3*4+2, TemplateOption, 4, 8,
		v9ScopeSystem, 4, ieSampling, 4, ieSamplingAlg, 1, 0)
	return e.appendOption(dst)
}

// ipfixTemplates is the same as an IPFIX message, whose scope is the
// observation domain.
func (e *Encoder) ipfixTemplates(dst []byte, at int64) []byte {
	start := len(dst)
	dst = zeros(dst, ipfixHousekeepingBytes)
	e.ipfixHeader(dst[start:], at, 1) // one data record: the options
	four, six := ipfixTemplate(false), ipfixTemplate(true)
	dst = appendTemplates(dst[:start+ipfixHeaderBytes], ipfixTemplateSet, four[:], six[:])
	dst = append16(dst, ipfixOptionSet, setHeaderBytes+6+3*4+2, TemplateOption, 3, 1,
		ieDomain, 4, ieSampling, 4, ieSamplingAlg, 1, 0)
	return e.appendOption(dst)
}

func (e *Encoder) appendOption(dst []byte) []byte {
	dst = append16(dst, TemplateOption, setHeaderBytes+4+4+1+3)
	dst = binary.BigEndian.AppendUint32(dst, e.Domain)
	dst = binary.BigEndian.AppendUint32(dst, 1) // sampling interval
	return append(dst, 1, 0, 0, 0)              // deterministic; padding
}

func appendTemplates(dst []byte, set uint16, four, six []Field) []byte {
	start := len(dst)
	dst = append16(dst, set, 0)
	for i, fields := range [...][]Field{four, six} {
		dst = append16(dst, Template4+uint16(i), uint16(len(fields)))
		for _, f := range fields {
			if f.Enterprise == 0 {
				dst = append16(dst, f.ID, f.Length)
				continue
			}
			dst = append16(dst, f.ID|enterpriseBit, f.Length)
			dst = binary.BigEndian.AppendUint32(dst, f.Enterprise)
		}
	}
	binary.BigEndian.PutUint16(dst[start+2:], uint16(len(dst)-start))
	return dst
}

func append16(dst []byte, values ...uint16) []byte {
	for _, v := range values {
		dst = binary.BigEndian.AppendUint16(dst, v)
	}
	return dst
}

// enterpriseBit marks a field specifier that an enterprise number follows.
const enterpriseBit = 0x8000
