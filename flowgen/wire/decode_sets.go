package wire

import (
	"encoding/binary"
	"net/netip"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// sets reads NetFlow v9 and IPFIX: a header, then sets to the last byte.
func (d *Decoder) sets(from netip.Addr) error {
	w := &d.walk
	b := w.payload
	header := ipfixHeaderBytes
	w.Protocol = flow.IPFIX
	if w.Version == 9 {
		header, w.Protocol = v9HeaderBytes, flow.NetFlow9
	}
	if len(b) < header {
		return w.fault(ErrShort, 0, header, len(b))
	}
	if w.Version == 9 {
		w.Count = int(binary.BigEndian.Uint16(b[2:]))
		w.Uptime = binary.BigEndian.Uint32(b[4:])
		w.Export = int64(binary.BigEndian.Uint32(b[8:])) * 1000
		w.Sequence = binary.BigEndian.Uint32(b[12:])
		w.Domain = binary.BigEndian.Uint32(b[16:])
	} else {
		if claimed := int(binary.BigEndian.Uint16(b[2:])); claimed != len(b) {
			return w.fault(pickFault(claimed > len(b), ErrShort, ErrLength), 2, claimed, len(b))
		}
		w.Export = int64(binary.BigEndian.Uint32(b[4:])) * 1000
		w.Sequence = binary.BigEndian.Uint32(b[8:])
		w.Domain = binary.BigEndian.Uint32(b[12:])
	}
	s := setWalk{walk: w, decoder: d, limits: d.Limits.withDefaults(), key: domainKey{from, w.Version, w.Domain}}
	s.known = d.store.find(s.key)
	d.staged = d.staged[:0]
	for at := header; at < len(b); {
		n, err := s.set(at)
		if err != nil {
			return err
		}
		at += n
	}
	if len(d.staged) > 0 {
		if !d.store.admits(s.key, d.staged, s.limits) {
			return w.fault(ErrLimit, header, s.limits.Templates, len(d.staged))
		}
		d.store.put(s.key, d.staged, s.limits)
	}
	return nil
}

// setWalk is a datagram with the templates that it may use.
type setWalk struct {
	*walk
	decoder *Decoder
	limits  Limits
	key     domainKey
	known   *templateDomain
}

// set reads the set that starts at a byte and returns its length.
func (s *setWalk) set(at int) (int, error) {
	rest := s.payload[at:]
	if len(rest) < setHeaderBytes {
		return 0, s.fault(ErrShort, at, setHeaderBytes, len(rest))
	}
	id, length := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
	if length > len(rest) {
		return 0, s.fault(ErrShort, at+2, length, len(rest))
	}
	if length <= setHeaderBytes {
		return 0, s.fault(ErrSet, at+2, setHeaderBytes+1, length)
	}
	body := rest[setHeaderBytes:length]
	at += setHeaderBytes
	var err error
	switch {
	case id >= minDataSet:
		err = s.data(id, body, at)
	case s.Version == 9 && id == v9TemplateSet, s.Version == 10 && id == ipfixTemplateSet:
		err = s.templates(body, at, false)
	case s.Version == 9 && id == v9OptionSet, s.Version == 10 && id == ipfixOptionSet:
		err = s.templates(body, at, true)
	default:
		err = s.fault(ErrSet, at-setHeaderBytes, minDataSet, int(id))
	}
	return length, err
}

// find prefers what the datagram itself has defined.
func (s *setWalk) find(id uint16) *templateRecord {
	for i := len(s.decoder.staged) - 1; i >= 0; i-- {
		if t := s.decoder.staged[i]; t.id == id {
			return t
		}
	}
	if s.known == nil {
		return nil
	}
	return s.known.find(id)
}

func (s *setWalk) data(id uint16, body []byte, at int) error {
	t := s.find(id)
	if t == nil {
		s.Unknown++
		return nil
	}
	if len(body) < t.least {
		return s.fault(ErrShort, at, t.least, len(body))
	}
	if t.variable {
		return s.variable(t, body, at)
	}
	n := len(body) / t.least
	if t.option {
		s.OptionRecords += n
		return nil
	}
	s.Flows += n
	body = body[:n*t.least]
	s.Packets += column(body, t.packets, t.least)
	s.Octets += column(body, t.octets, t.least)
	if s.keep {
		for ; len(body) > 0; body = body[t.least:] {
			s.records = append(s.records, s.record(t, body))
		}
	}
	return nil
}

// column sums a field over records of one length.
func column(b []byte, p place, record int) (sum uint64) {
	switch p.Length {
	case 0:
	case 4:
		for i := p.offset; i+4 <= len(b); i += record {
			sum += uint64(binary.BigEndian.Uint32(b[i:]))
		}
	case 8:
		for i := p.offset; i+8 <= len(b); i += record {
			sum += binary.BigEndian.Uint64(b[i:])
		}
	default:
		for i := p.offset; i+int(p.Length) <= len(b); i += record {
			sum += unsigned(b[i : i+int(p.Length)])
		}
	}
	return sum
}

// variable reads records whose lengths stand in them.
func (s *setWalk) variable(t *templateRecord, body []byte, at int) error {
	end := at + len(body)
	for len(body) >= t.least {
		var r flow.Record
		rest := body
		for _, f := range t.fields {
			n, skip, ok := fieldLength(f, rest)
			if !ok {
				return s.fault(ErrShort, end-len(rest), n, len(rest))
			}
			s.field(&r, f, rest[skip:skip+n])
			rest = rest[skip+n:]
		}
		body = rest
		if t.option {
			s.OptionRecords++
			continue
		}
		s.Flows++
		s.Packets += r.Packets
		s.Octets += r.Octets
		if s.keep {
			s.records = append(s.records, r)
		}
	}
	return nil
}

// fieldLength tells how long the field at the start of b is and how many bytes
// say so (RFC 7011 section 7), and whether b holds it.
func fieldLength(f Field, b []byte) (n, skip int, ok bool) {
	if f.Length != VariableLength {
		return int(f.Length), 0, int(f.Length) <= len(b)
	}
	if len(b) < 1 {
		return 1, 0, false
	}
	n, skip = int(b[0]), 1
	if n == 255 {
		if len(b) < 3 {
			return 3, 0, false
		}
		n, skip = int(binary.BigEndian.Uint16(b[1:])), 3
	}
	return n, skip, skip+n <= len(b)
}

func (s *setWalk) record(t *templateRecord, b []byte) flow.Record {
	var r flow.Record
	for _, p := range t.places {
		s.field(&r, p.Field, b[p.offset:p.offset+int(p.Length)])
	}
	return r
}
