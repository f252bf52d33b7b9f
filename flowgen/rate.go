package flowgen

const (
	// maxFlows bounds the flow records of a minute, attacks included, so that
	// the arithmetic below stays within 64 bits.
	maxFlows = 1 << 24

	// octaves is how many time scales carry noise: minutes to about 17 hours.
	octaves = 11

	hoursPerWeek   = 168
	minutesPerWeek = hoursPerWeek * 60
	mondayMidnight = 4 * minutesPerDay // of the first Monday of Unix time
)

// curve is the usual week: binary logarithms of the share of the peak rate, by
// hours from Monday 00 h local time, the first hour repeated at the end.
type curve [hoursPerWeek + 1]q16

func (p *Profile) week() *curve {
	c := new(curve)
	for h := range hoursPerWeek {
		day := p.Weekday
		if h >= 5*24 {
			day = p.Weekend
		}
		c[h] = log2(max(day[h%24].q(), 1))
	}
	c[hoursPerWeek] = c[0]
	return c
}

// at interpolates between the hours; minute is local.
func (c *curve) at(minute int64) q16 {
	m := floorMod(minute-mondayMidnight, minutesPerWeek)
	h, part := m/60, q16(m%60)
	return c[h] + (c[h+1]-c[h])*part/60
}

// amplitudes spreads the variation over the octaves so that it has the Hurst
// exponent asked for: the variance of octave k goes with 2^(k(2H-2)).
func (p *Profile) amplitudes() [octaves]q16 {
	var raw [octaves]q16
	var variance q16
	for k := range raw {
		raw[k] = exp2(q16(k) * (p.Hurst.q() - one))
		square := raw[k].times(raw[k])
		if k > 0 {
			square = square * 2 / 3 // of a line between two draws
		}
		variance += square
	}
	scale := (p.Variation.q().times(perLn2) << 16) / sqrt(variance)
	for k := range raw {
		raw[k] = raw[k].times(scale)
	}
	return raw
}

// drift is the long memory of the rate: noise on every octave, each a line
// between draws at multiples of 2^k minutes.
func (s *source) drift(minute int64) q16 {
	sum := s.amps[0].times(normal(s.noise.at(minute << 4)))
	for k := 1; k < octaves; k++ {
		i := minute >> k
		a, b := normal(s.noise.at(i<<4|int64(k))), normal(s.noise.at((i+1)<<4|int64(k)))
		part := q16(minute & (1<<k - 1))
		sum += s.amps[k].times(a + (b-a)*part>>k)
	}
	return sum
}

// span is one minute of a source before it is cut into seconds.
type span struct {
	minute  int64
	flows   uint64
	bad     uint64 // damaged datagrams
	restart bool   // the exporter comes back from an outage
	dark    bool
	attack  EventKind
	share   q16
}

// usualDamage is the share of datagrams damaged on the way, 1 in 100 000, with
// 32 fractional bits.
const usualDamage = 1 << 32 / 100_000

func (s *source) span(minute int64) span {
	h := s.happens(minute)
	if h.dark {
		return span{minute: minute, dark: true}
	}
	level := s.base + s.curve.at(minute+int64(s.Offset)) + s.drift(minute) + h.gain
	level = min(level, 24<<16)
	draw := s.minutes.at(minute)
	flows := exp2(level) + exp2(level/2).times(normal(draw)) + q16(draw&0xFFFF)
	sp := span{minute: minute, attack: h.attack, share: h.share, restart: s.dark(minute - 1)}
	if flows > 0 {
		sp.flows = min(uint64(flows)>>16, maxFlows)
	}
	packets := sp.flows/s.cap4 + 1
	sp.bad = (packets*(usualDamage+uint64(h.damage)<<16) + draw<<20>>32) >> 32
	return sp
}
