package exchange

import (
	"encoding/binary"
	"math"
	"strings"
)

// secrets are the values that are looked for, with a filter before them: nearly every text of an answer holds none, and
// there may be dozens, each in half a dozen encodings. It is immutable.
type secrets struct {
	needles []needle
	least   int  // no text shorter than this holds one
	spaces  bool // one has a space, which a + may stand for
	all     bool // one has a part too short for the filter: every text has to be searched
	filter  starts
}

func newSecrets(needles []needle) *secrets {
	s := &secrets{needles: needles, least: math.MaxInt}
	for i := range needles {
		n := &needles[i]
		s.least = min(s.least, n.least)
		s.spaces = s.spaces || strings.Contains(n.value, " ")
		s.learn([]byte(n.value))
		s.learn(n.word)
		for _, part := range n.base64 {
			s.learn(part)
		}
		for _, part := range n.exact {
			s.learn(part)
		}
	}
	return s
}

// without are the secrets of which drop does not hold. They share the filter, which then lets more through.
func (s *secrets) without(drop func(*needle) bool) *secrets {
	out := *s
	out.needles = nil
	for i := range s.needles {
		if !drop(&s.needles[i]) {
			out.needles = append(out.needles, s.needles[i])
		}
	}
	return &out
}

// learn lets what begins like a part through the filter.
func (s *secrets) learn(part []byte) {
	if len(part) < 4 {
		s.all = true
		return
	}
	s.filter.add(part)
}

// maybe is false where a text certainly holds no part of a secret as it stands.
func (s *secrets) maybe(text []byte) bool { return s.all || s.filter.next(text, 0) >= 0 }

// starts finds where one of many words may begin, by its first four bytes.
type starts struct {
	fold uint32 // set in what is compared: 0x20202020 makes small letters of capitals
	bits [1 << 10]uint64
}

func (s *starts) place(four uint32) (word, bit uint32) {
	h := (four | s.fold) * 0x9e3779b1 >> 16
	return h >> 6, h & 63
}

func (s *starts) add(part []byte) {
	word, bit := s.place(binary.BigEndian.Uint32(part))
	s.bits[word] |= 1 << bit
}

// next is the first place at or after from where a word may begin, or -1.
func (s *starts) next(text []byte, from int) int {
	if len(text)-from < 4 {
		return -1
	}
	four := binary.BigEndian.Uint32(text[from:]) >> 8
	for i := from + 3; i < len(text); i++ {
		four = four<<8 | uint32(text[i])
		if word, bit := s.place(four); s.bits[word]&(1<<bit) != 0 {
			return i - 3
		}
	}
	return -1
}

// keyStarts finds where the key of a secret may begin, in whatever case.
var keyStarts = func() *starts {
	s := &starts{fold: 0x20202020}
	for key := range secretKeys {
		s.add([]byte(key))
	}
	return s
}()
