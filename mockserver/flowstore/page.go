package flowstore

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// perPage is how many intervals of any length stand in one page: a minute of seconds, an hour of minutes.
const perPage = 60

// The counters of one interval, in the order in which they are packed. Seconds have the first five, minutes the peaks of
// their seconds too, hours also those of their minutes.
const (
	nFlows = iota
	nBytes
	nBadBytes
	nPackets
	nBadPackets
	secondWidth

	peakFlows   = secondWidth
	peakBytes   = secondWidth + 1
	peakPackets = secondWidth + 2
	minuteWidth = secondWidth + 3

	minutePeakFlows   = minuteWidth
	minutePeakBytes   = minuteWidth + 1
	minutePeakPackets = minuteWidth + 2
	hourWidth         = minuteWidth + 3
)

// count adds a bucket's counts to an interval's.
func count(cell []uint64, b *flow.Bucket) {
	cell[nFlows] += b.Flows
	cell[nBytes] += b.Bytes
	cell[nBadBytes] += b.BadBytes
	cell[nPackets] += b.Packets
	cell[nBadPackets] += b.BadPackets
}

// raise makes the counts of a shorter interval peaks of a longer one, from the given counter on.
func raise(cell []uint64, at int, part []uint64) {
	cell[at] = max(cell[at], part[nFlows])
	cell[at+1] = max(cell[at+1], part[nBytes])
	cell[at+2] = max(cell[at+2], part[nPackets])
}

// bucketOf is a cell as a row shows it; peaks stand from the given counter on, and a second is its own peak.
func bucketOf(cell []uint64, peaks int) flow.Bucket {
	b := flow.Bucket{
		Flows: cell[nFlows], Bytes: cell[nBytes], BadBytes: cell[nBadBytes], Packets: cell[nPackets], BadPackets: cell[nBadPackets],
	}
	if peaks >= len(cell) {
		return b.Second()
	}
	b.PeakFlows, b.PeakBytes, b.PeakPackets = cell[peaks], cell[peaks+1], cell[peaks+2]
	return b
}

// page is sixty intervals of one source. While it is written to, its counters stand in cells; after that they are
// packed, and packed bytes are never changed again.
type page struct {
	start   int64 // of its first interval, Unix seconds
	touched uint64
	cells   []uint64
	packed  []byte
}

// pack writes which intervals are not empty, a bit each, and their counters as varints.
func pack(cells []uint64, width int) []byte {
	var held uint64
	room := make([]byte, 8, 8+perPage*width*2)
	for i := range perPage {
		cell := cells[i*width : (i+1)*width]
		if !slices.ContainsFunc(cell, func(n uint64) bool { return n != 0 }) {
			continue
		}
		held |= 1 << i
		for _, n := range cell {
			room = binary.AppendUvarint(room, n)
		}
	}
	binary.LittleEndian.PutUint64(room, held)
	return slices.Clone(room)
}

var errPage = errors.New("a page of statistics contradicts itself")

// unpack reads what pack wrote into cells, which has room for a page.
func unpack(packed []byte, cells []uint64, width int) error {
	clear(cells)
	if len(packed) < 8 {
		return errPage
	}
	held := binary.LittleEndian.Uint64(packed)
	if held>>perPage != 0 {
		return errPage
	}
	packed = packed[8:]
	for i := range perPage {
		if held>>i&1 == 0 {
			continue
		}
		for at := i * width; at < (i+1)*width; at++ {
			v, n := binary.Uvarint(packed)
			if n <= 0 {
				return errPage
			}
			cells[at], packed = v, packed[n:]
		}
	}
	if len(packed) > 0 {
		return errPage
	}
	return nil
}

// hotPages is how many pages of a series are open for writing: time that goes back and forth over a page's edge does not
// pack and unpack them all the time.
const hotPages = 2

// series is the intervals of one length of one source. The number of its pages is bounded: the one that was written to
// the longest ago makes room.
type series struct {
	step  int64
	width int
	most  int // pages
	pages []*page
	last  *page
	clock uint64 // counts the pages that were turned to
}

// span is how many seconds a page covers.
func (s *series) span() int64 { return s.step * perPage }

// start is the begin of the page that a time lies in.
func (s *series) start(t int64) int64 { return Granularity(s.span()).Floor(t) }

// cell is the interval that a time lies in, for writing.
func (s *series) cell(t int64) []uint64 {
	if s.last == nil || t < s.last.start || t >= s.last.start+s.span() {
		s.turn(s.start(t))
	}
	i := int((t-s.last.start)/s.step) * s.width
	return s.last.cells[i : i+s.width]
}

// find returns the page that starts at a time, or where it would stand.
func (s *series) find(start int64) (at int, found bool) {
	return slices.BinarySearchFunc(s.pages, start, func(p *page, t int64) int {
		switch {
		case p.start < t:
			return -1
		case p.start > t:
			return 1
		}
		return 0
	})
}

// turn opens a page and closes the one that has been open the longest.
func (s *series) turn(start int64) {
	s.clock++
	at, found := s.find(start)
	if !found {
		if len(s.pages) >= s.most {
			s.evict()
			at, _ = s.find(start)
		}
		s.pages = slices.Insert(s.pages, at, &page{start: start})
	}
	p := s.pages[at]
	p.touched, s.last = s.clock, p
	if p.cells != nil {
		return
	}
	p.cells = make([]uint64, perPage*s.width)
	if p.packed != nil {
		if err := unpack(p.packed, p.cells, s.width); err != nil {
			panic(err) // what was packed here, or checked when it was loaded
		}
		p.packed = nil
	}
	s.close()
}

// close packs the open page that was turned to the longest ago, where there are too many.
func (s *series) close() {
	var open int
	var oldest *page
	for _, p := range s.pages {
		if p.cells == nil {
			continue
		}
		if open++; oldest == nil || p.touched < oldest.touched {
			oldest = p
		}
	}
	if open > hotPages {
		oldest.packed, oldest.cells = pack(oldest.cells, s.width), nil
	}
}

// evict forgets the page that was turned to the longest ago.
func (s *series) evict() {
	oldest := 0
	for i, p := range s.pages {
		if p.touched < s.pages[oldest].touched {
			oldest = i
		}
	}
	s.pages = slices.Delete(s.pages, oldest, oldest+1)
}
