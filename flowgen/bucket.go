package flowgen

import (
	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

// weights holds 1024 equally likely shares of a minute, 16 fractional bits.
type weights [1024]uint32

func newWeights(sigma q16) *weights {
	w := new(weights)
	for i := range uint64(len(w)) {
		draw := (i>>1<<2|2)<<53 | (i&1)<<52 // magnitude, then sign
		w[i] = uint32(max(exp2(sigma.times(perLn2).times(normal(draw))), 1))
	}
	return w
}

// second is what one source exports in one second.
type second struct {
	flows4, flows6, bad uint64
	keep                bool // a housekeeping datagram goes first
	defect              wire.Defect
}

// seconds is one minute, cut up.
type seconds [60]second

// cut spreads a span over the seconds in which the exporter flushes. The parts
// add up to the whole: each is the difference of two rounded running sums.
func (s *source) cut(sp span, out *seconds) {
	*out = seconds{}
	if sp.dark {
		return
	}
	s.keepings(sp, out)
	if sp.flows == 0 && sp.bad == 0 {
		return
	}
	var running [60]uint64
	var lanes [15]uint64
	slots := 60 / s.Flush
	total := uint64(0)
	for j := range slots {
		if j&3 == 0 {
			lanes[j>>2] = s.slots.at(sp.minute<<4 | j>>2)
		}
		total += uint64(s.weights[lanes[j>>2]>>(16*(j&3))&1023])
		running[j] = total
	}
	step := sp.flows << 32 / total
	start := s.slots.at(sp.minute<<4|15) >> 32
	before := uint64(0)
	at := s.phase
	for j := range slots {
		until := (running[j]*step + start) >> 32
		if j == slots-1 {
			until = sp.flows
		}
		f := until - before
		before = until
		dither := lanes[j>>2] >> (16*(j&3) + 10) & 63 << 10
		f6 := (f*uint64(s.share6) + dither) >> 16
		out[at].flows4, out[at].flows6 = f-f6, f6
		at += s.Flush
	}
	if sp.bad > 0 {
		s.damage(sp, running[:slots], start, out)
	}
}

// keepings marks the seconds in which templates or counters are due.
func (s *source) keepings(sp span, out *seconds) {
	if s.keep == 0 {
		return
	}
	out[0].keep = sp.restart
	for at := floorMod(s.refreshPhase-sp.minute*60, s.refresh); at < 60; at += s.refresh {
		out[at].keep = true
	}
}

// damage spreads the damaged datagrams like the flows.
func (s *source) damage(sp span, running []uint64, start uint64, out *seconds) {
	total := running[len(running)-1]
	step := sp.bad << 32 / total
	before := uint64(0)
	at := s.phase
	for j := range running {
		until := (running[j]*step + start) >> 32
		if j == len(running)-1 {
			until = sp.bad
		}
		out[at].bad = until - before
		out[at].defect = wire.DefectOf(s.defects.at(sp.minute*60 + at))
		before = until
		at += s.Flush
	}
}

// bucket counts a second without encoding it.
func (s *source) bucket(c *second) flow.Bucket {
	var packets uint64
	if c.flows4 > 0 {
		packets = uint64((uint32(c.flows4) + uint32(s.cap4) - 1) / uint32(s.cap4))
	}
	if c.flows6 > 0 {
		packets += uint64((uint32(c.flows6) + uint32(s.cap6) - 1) / uint32(s.cap6))
	}
	b := flow.Bucket{
		Flows:   c.flows4 + c.flows6,
		Packets: packets,
		Bytes:   packets*s.fixed + c.flows4*s.record4 + c.flows6*s.record6,
	}
	if c.keep {
		b.Packets++
		b.Bytes += s.keep
	}
	if c.bad > 0 {
		b.BadPackets = c.bad
		b.BadBytes = c.bad * uint64(s.Layout.Bad(c.defect))
		b.Packets += b.BadPackets
		b.Bytes += b.BadBytes
	}
	return b.Second()
}

// Second counts one source in one second. Like Minute and Hour it computes
// anything from nothing: any time, in any order, from any goroutine, without
// allocating. An index that is not one of Sources panics.
func (g *Generator) Second(source int, unixSecond int64) flow.Bucket {
	s := &g.sources[source]
	minute := floorDiv(unixSecond, 60)
	var cut seconds
	s.cut(s.span(minute), &cut)
	return s.bucket(&cut[unixSecond-minute*60])
}

// Minute is the sum of its 60 seconds, with the largest as peaks.
func (g *Generator) Minute(source int, unixMinute int64) flow.Bucket {
	s := &g.sources[source]
	var cut seconds
	s.cut(s.span(unixMinute), &cut)
	return s.sum(&cut)
}

// Hour is the sum of its 60 minutes.
func (g *Generator) Hour(source int, unixHour int64) flow.Bucket {
	s := &g.sources[source]
	var b flow.Bucket
	var cut seconds
	for m := unixHour * 60; m < unixHour*60+60; m++ {
		s.cut(s.span(m), &cut)
		b.Add(s.sum(&cut))
	}
	return b
}

func (s *source) sum(cut *seconds) flow.Bucket {
	var b flow.Bucket
	for i := range cut {
		if cut[i] != (second{}) {
			b.Add(s.bucket(&cut[i]))
		}
	}
	return b
}
