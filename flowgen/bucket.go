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
	flows4, flows6, bad uint32
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
	var dithers [60]uint16
	slots := 60 / s.Flush
	total, lanes := uint64(0), uint64(0)
	for j := range running[:slots] {
		if j&3 == 0 {
			lanes = s.slots.at(sp.minute<<4 | int64(j>>2))
		}
		total += uint64(s.weights[lanes&1023])
		running[j], dithers[j] = total, uint16(lanes)&^1023
		lanes >>= 16
	}
	step := (sp.flows<<32 + total - 1) / total // rounded up: the last sum is the whole
	start := s.slots.at(sp.minute<<4|15) >> 32
	before, at := uint64(0), s.phase
	for j := range running[:slots] {
		until := min((running[j]*step+start)>>32, sp.flows)
		f := until - before
		before = until
		f6 := (f*uint64(s.share6) + uint64(dithers[j])) >> 16
		out[at%60] = second{flows4: uint32(f - f6), flows6: uint32(f6), keep: out[at%60].keep}
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
	step := (sp.bad<<32 + total - 1) / total
	before, at := uint64(0), s.phase
	for _, sum := range running {
		until := min((sum*step+start)>>32, sp.bad)
		out[at].bad = uint32(until - before)
		out[at].defect = wire.DefectOf(s.defects.at(sp.minute*60 + at))
		before = until
		at += s.Flush
	}
}

// perCap is the fixed point of the inverse of a datagram's capacity: the
// quotient below is exact for any count up to maxFlows and any capacity that
// 65535 bytes allow, and a multiplication is cheaper than a division.
const perCap = 38

func inverse(capacity int) uint64 {
	return (1<<perCap + uint64(capacity) - 1) / uint64(capacity)
}

// count adds up a second without encoding it.
func (s *source) count(c *second) (flows, packets, bytes uint64) {
	flows4, flows6 := uint64(c.flows4), uint64(c.flows6)
	packets = ((flows4+s.cap4-1)*s.inverse4)>>perCap + ((flows6+s.cap6-1)*s.inverse6)>>perCap
	bytes = packets*s.fixed + flows4*s.record4 + flows6*s.record6
	if c.keep {
		packets++
		bytes += s.keep
	}
	if c.bad > 0 {
		packets += uint64(c.bad)
		bytes += s.badBytes(c)
	}
	return flows4 + flows6, packets, bytes
}

func (s *source) badBytes(c *second) uint64 {
	return uint64(c.bad) * uint64(s.Layout.Bad(c.defect))
}

// sum is the bucket of a cut minute.
func (s *source) sum(cut *seconds) flow.Bucket {
	var b flow.Bucket
	for i := range cut {
		c := &cut[i]
		if c.flows4|c.flows6|c.bad == 0 && !c.keep {
			continue
		}
		flows, packets, bytes := s.count(c)
		b.Flows += flows
		b.Packets += packets
		b.Bytes += bytes
		b.PeakFlows = max(b.PeakFlows, flows)
		b.PeakPackets = max(b.PeakPackets, packets)
		b.PeakBytes = max(b.PeakBytes, bytes)
		if c.bad > 0 {
			b.BadPackets += uint64(c.bad)
			b.BadBytes += s.badBytes(c)
		}
	}
	return b
}

// bucket is the bucket of a single second.
func (s *source) bucket(c *second) flow.Bucket {
	b := flow.Bucket{BadPackets: uint64(c.bad)}
	b.Flows, b.Packets, b.Bytes = s.count(c)
	if c.bad > 0 {
		b.BadBytes = s.badBytes(c)
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
