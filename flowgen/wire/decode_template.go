package wire

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// templateRecord is a template as received, and what it takes to use it.
type templateRecord struct {
	id       uint16
	option   bool
	variable bool // in IPFIX, some field has no fixed length
	raw      []byte
	fields   []Field
	least    int // the shortest record; the length of every record unless variable

	places          []place // of the fields that flow.Record knows; fixed lengths only
	packets, octets place
}

// place is where in a record of fixed length a field stands.
type place struct {
	Field
	offset int
}

// templates reads the templates of a set. Up to three bytes of padding may
// follow the last one.
func (s *setWalk) templates(body []byte, at int, option bool) error {
	for len(body) > 3 {
		n, err := s.template(body, at, option)
		if err != nil {
			return err
		}
		body, at = body[n:], at+n
	}
	for _, c := range body {
		if c != 0 {
			return s.fault(ErrLength, at, 0, len(body))
		}
	}
	return nil
}

// layoutOf reads the head of a template: its length, its number of fields and
// how many of those are scopes.
func (s *setWalk) layoutOf(b []byte, at int, option bool) (head, fields int, err error) {
	count := int(binary.BigEndian.Uint16(b[2:]))
	if !option {
		return 4, count, nil
	}
	if len(b) < 6 {
		return 0, 0, s.fault(ErrShort, at, 6, len(b))
	}
	second := int(binary.BigEndian.Uint16(b[4:]))
	if s.Version == 10 {
		if second < 1 || second > count {
			return 0, 0, s.fault(ErrTemplate, at+4, count, second)
		}
		return 6, count, nil
	}
	// v9 gives the lengths of its scope and option specifiers in bytes
	if count%4 != 0 || second%4 != 0 {
		return 0, 0, s.fault(ErrTemplate, at+2, 4, count|second)
	}
	return 6, (count + second) / 4, nil
}

func (s *setWalk) template(b []byte, at int, option bool) (int, error) {
	id := binary.BigEndian.Uint16(b)
	if id < minDataSet {
		return 0, s.fault(ErrTemplate, at, minDataSet, int(id))
	}
	head, count, err := s.layoutOf(b, at, option)
	if err != nil {
		return 0, err
	}
	if count < 1 {
		return 0, s.fault(ErrTemplate, at+2, 1, count)
	}
	if count > s.limits.Fields {
		return 0, s.fault(ErrLimit, at+2, s.limits.Fields, count)
	}
	length, least, err := s.measure(b, at, head, count)
	if err != nil {
		return 0, err
	}
	if least < 1 {
		return 0, s.fault(ErrTemplate, at, 1, least)
	}
	s.Templates++
	if known := s.find(id); known != nil && known.option == option && bytes.Equal(known.raw, b[:length]) {
		return length, nil
	}
	if len(s.decoder.staged) >= s.limits.Templates {
		return 0, s.fault(ErrLimit, at, s.limits.Templates, len(s.decoder.staged)+1)
	}
	t := &templateRecord{id: id, option: option, raw: slices.Clone(b[:length]), least: least}
	t.parse(head, count, s.Version == 10)
	s.decoder.staged = append(s.decoder.staged, t)
	return length, nil
}

// measure walks the field specifiers without keeping them: how many bytes they
// take and how long the shortest record is.
func (s *setWalk) measure(b []byte, at, head, count int) (length, least int, err error) {
	length = head
	for range count {
		if len(b) < length+4 {
			return 0, 0, s.fault(ErrShort, at+length, 4, len(b)-length)
		}
		id, size := binary.BigEndian.Uint16(b[length:]), int(binary.BigEndian.Uint16(b[length+2:]))
		length += 4
		if s.Version == 10 {
			if id&enterpriseBit != 0 {
				if length += 4; len(b) < length {
					return 0, 0, s.fault(ErrShort, at+length-4, 4, len(b)-length+4)
				}
			}
			if size == VariableLength {
				size = 1
			}
		}
		least += size
	}
	return length, least, nil
}

// parse keeps the fields of a template whose bytes have been measured.
func (t *templateRecord) parse(head, count int, ipfix bool) {
	t.fields = make([]Field, 0, count)
	b := t.raw[head:]
	for range count {
		f := Field{ID: binary.BigEndian.Uint16(b), Length: binary.BigEndian.Uint16(b[2:])}
		b = b[4:]
		if ipfix && f.ID&enterpriseBit != 0 {
			f.ID &^= enterpriseBit
			f.Enterprise = binary.BigEndian.Uint32(b)
			b = b[4:]
		}
		t.variable = t.variable || ipfix && f.Length == VariableLength
		t.fields = append(t.fields, f)
	}
	if t.option || t.variable {
		return
	}
	offset := 0
	for _, f := range t.fields {
		p := place{f, offset}
		offset += int(f.Length)
		if !known(f) {
			continue
		}
		t.places = append(t.places, p)
		switch {
		case f.Enterprise != 0: // another registry, where 1 and 2 mean other things
		case f.ID == iePackets:
			t.packets = p
		case f.ID == ieOctets:
			t.octets = p
		}
	}
}
