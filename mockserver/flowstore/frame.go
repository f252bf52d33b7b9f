package flowstore

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"net/netip"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// Both kinds of files of an Archive are a few bytes that say what they are, and frames. A frame is the length of its
// payload and its CRC-32C, four bytes each, little-endian, and the payload; the payload's first byte says what it is.
const (
	logMagic   = "fgflows1"
	stateMagic = "fgstate1"
	magicBytes = len(logMagic)
	frameHead  = 8
)

// Kinds of frames.
const (
	frameCounts byte = 1 + iota // arrivals: address, second, counts
	frameClear                  // everything before is forgotten
	frameSource                 // one source with its pages
	frameEnd                    // how many sources there were
)

var errFrame = errors.New("a frame contradicts itself")

// appendFrame appends a frame whose payload is written by fill.
func appendFrame(b []byte, fill func([]byte) []byte) []byte {
	at := len(b)
	b = fill(append(b, make([]byte, frameHead)...))
	payload := b[at+frameHead:]
	binary.LittleEndian.PutUint32(b[at:], uint32(len(payload))) //nolint:gosec // frames hold a second, or a source
	binary.LittleEndian.PutUint32(b[at+4:], crc32.Checksum(payload, crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// nextFrame splits the first whole frame off; ok is false where the bytes end before it does or have changed.
func nextFrame(b []byte) (payload, rest []byte, ok bool) {
	if len(b) < frameHead {
		return nil, b, false
	}
	n := binary.LittleEndian.Uint32(b)
	if n == 0 || int64(n) > int64(len(b)-frameHead) {
		return nil, b, false
	}
	payload = b[frameHead : frameHead+int(n)]
	if crc32.Checksum(payload, crc32.MakeTable(crc32.Castagnoli)) != binary.LittleEndian.Uint32(b[4:]) {
		return nil, b, false
	}
	return payload, b[frameHead+int(n):], true
}

func appendAddr(b []byte, a netip.Addr) []byte {
	raw := a.AsSlice()
	return append(append(b, byte(len(raw))), raw...) //nolint:gosec // 4 or 16
}

// appendArrivals writes what was counted: one frame, so that all of it is read again or none.
func appendArrivals(b []byte, arrivals []Arrival) []byte {
	return appendFrame(b, func(b []byte) []byte {
		b = append(b, frameCounts)
		for i := range arrivals {
			a := &arrivals[i]
			b = binary.AppendVarint(appendAddr(b, a.Source), a.Second)
			for _, n := range [...]uint64{a.Flows, a.Bytes, a.BadBytes, a.Packets, a.BadPackets} {
				b = binary.AppendUvarint(b, n)
			}
		}
		return b
	})
}

// reader takes a payload apart. After a failure everything it reads is zero.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail() {
	r.b, r.err = nil, errFrame
}

func (r *reader) unsigned() uint64 { return number(r, binary.Uvarint) }

func (r *reader) signed() int64 { return number(r, binary.Varint) }

func number[T uint64 | int64](r *reader, read func([]byte) (T, int)) T {
	v, n := read(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) addr() netip.Addr {
	a, ok := netip.AddrFromSlice(r.bytes(uint64(r.bytesOne())))
	if !ok {
		r.fail()
	}
	return a
}

func (r *reader) bytesOne() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// arrivals reads what appendArrivals wrote, without the first byte.
func (r *reader) arrivals() []Arrival {
	var out []Arrival
	for len(r.b) > 0 {
		a := Arrival{Source: r.addr(), Second: r.signed()}
		a.Bucket = flow.Bucket{Flows: r.unsigned(), Bytes: r.unsigned(), BadBytes: r.unsigned(), Packets: r.unsigned(), BadPackets: r.unsigned()}
		out = append(out, a)
	}
	return out
}
