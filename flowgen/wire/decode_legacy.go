package wire

import (
	"encoding/binary"
	"math"
	"net/netip"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// legacy reads NetFlow v1, v5 and v7: a header and so many records of fixed
// length, to the last byte.
func (w *walk) legacy() error {
	header, record, most := v5HeaderBytes, v5RecordBytes, V5MaxRecords
	switch w.Version {
	case 1:
		header, record, most = v1HeaderBytes, v1RecordBytes, 30
	case 7:
		header, record, most = v7HeaderBytes, v7RecordBytes, 28
	}
	b := w.payload
	if w.Version == 5 {
		w.Protocol = flow.NetFlow5
	}
	if len(b) < header {
		return w.fault(ErrShort, 0, header, len(b))
	}
	count := int(binary.BigEndian.Uint16(b[2:]))
	if count < 1 || count > most {
		return w.fault(ErrCount, 2, most, count)
	}
	if w.Version == 1 && len(b) == header+count*v1ShortBytes {
		record = v1ShortBytes
	}
	if want := header + count*record; len(b) != want {
		return w.fault(pickFault(len(b) < want, ErrShort, ErrLength), header, want, len(b))
	}
	w.Uptime = binary.BigEndian.Uint32(b[4:])
	w.Export = int64(binary.BigEndian.Uint32(b[8:]))*1000 + int64(binary.BigEndian.Uint32(b[12:]))/1_000_000
	if w.Version != 1 {
		w.Sequence = binary.BigEndian.Uint32(b[16:])
	}
	if w.Version == 5 {
		w.Domain = uint32(b[21])
	}
	w.Count, w.Flows = count, count
	b = b[header:]
	var packets, octets uint64
	for i := 16; i+8 <= len(b); i += record {
		both := binary.BigEndian.Uint64(b[i:])
		packets += both >> 32
		octets += both & math.MaxUint32
	}
	w.Packets, w.Octets = packets, octets
	if w.keep {
		for ; len(b) >= record; b = b[record:] {
			w.records = append(w.records, w.legacyRecord(b[:record]))
		}
	}
	return nil
}

func pickFault(cond bool, yes, no Fault) Fault {
	if cond {
		return yes
	}
	return no
}

// legacyRecord reads the fields; the three versions share the first 36 bytes.
func (w *walk) legacyRecord(b []byte) flow.Record {
	boot := w.Export - int64(w.Uptime)
	r := flow.Record{
		Src: addr4(b), Dst: addr4(b[4:]), NextHop: addr4(b[8:]),
		Input: uint32(binary.BigEndian.Uint16(b[12:])), Output: uint32(binary.BigEndian.Uint16(b[14:])),
		Packets: uint64(binary.BigEndian.Uint32(b[16:])), Octets: uint64(binary.BigEndian.Uint32(b[20:])),
		Start: boot + int64(binary.BigEndian.Uint32(b[24:])), End: boot + int64(binary.BigEndian.Uint32(b[28:])),
		SrcPort: binary.BigEndian.Uint16(b[32:]), DstPort: binary.BigEndian.Uint16(b[34:]),
		Protocol: b[38], TOS: b[39],
	}
	if w.Version == 1 {
		r.TCPFlags = b[40]
		return r
	}
	r.TCPFlags = b[37]
	r.SrcAS, r.DstAS = uint32(binary.BigEndian.Uint16(b[40:])), uint32(binary.BigEndian.Uint16(b[42:]))
	r.SrcMask, r.DstMask = b[44], b[45]
	return r
}

func addr4(b []byte) netip.Addr { return netip.AddrFrom4([4]byte(b)) }

func addr16(b []byte) netip.Addr { return netip.AddrFrom16([16]byte(b)) }
