package flowgen

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"

	"github.com/brianvoe/gofakeit/v7"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

// Source is one exporter: a router, switch or firewall that reports flows.
type Source struct {
	Index    int           // its place in Generator.Sources
	Addr     netip.Addr    // where it exports from
	Name     string        // for people
	Model    string        // for people
	Profile  string        // how it behaves
	Protocol flow.Protocol // what it exports
	Offset   Offset        // its local time
	Rate     int64         // flows a minute in its busiest weekday hour, about
	Flush    int64         // seconds between two exports of its cache
	Domain   uint32        // observation domain, source id or sub-agent
	Layout   wire.Layout   // its datagram arithmetic
}

// source is a Source with what the model needs of it, made once by New.
type source struct {
	Source
	noise, minutes, slots, defects, events, records draws

	base    q16 // binary logarithm of Rate
	curve   *curve
	amps    [octaves]q16
	weights *weights
	share6  q16
	chances [eventKinds]uint64 // of 2^32
	calm    bool               // no hashed events
	orders  []Event            // by start

	phase, refresh, refreshPhase int64
	fixed, record4, record6      uint64 // bytes
	cap4, cap6                   uint64 // records in a datagram; cap6 is 1 where there are none
	inverse4, inverse6           uint64
	keep                         uint64 // bytes of a housekeeping datagram, if the protocol has one
	habits                       *[eventKinds]habit
}

// addrOf is the address of the i-th source when none are given: 10.0.0.0/8,
// and every eighth one from the IPv6 documentation prefix (RFC 3849). Distinct
// indexes give distinct addresses.
func addrOf(seed uint64, i int) netip.Addr {
	site := uint16(uint64(i)*0x9E37 + mix(seed)) // odd factor: a permutation
	if i%8 == 5 {
		b := [16]byte{0x20, 0x01, 0x0d, 0xb8}
		binary.BigEndian.PutUint16(b[4:], site)
		binary.BigEndian.PutUint16(b[6:], uint16(i>>16))
		b[15] = 1
		return netip.AddrFrom16(b)
	}
	return netip.AddrFrom4([4]byte{10, byte(site >> 8), byte(site), byte(1 + i>>16)})
}

// identity names a source for people. Nothing is computed from it: the words
// may change with the version of the library that makes them up.
func identity(seed, key uint64, i int) (name, model string) {
	fake := gofakeit.NewFaker(rand.NewPCG(seed, key), false)
	role := fake.RandomString([]string{"edge", "core", "wan", "gw", "dist"})
	city := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r == ' ' || r == '-':
			return '-'
		}
		return -1
	}, fake.City())
	return fmt.Sprintf("%s-%s-%d", role, city, i+1),
		strings.ToUpper(fake.LetterN(2)) + fake.DigitN(4) + fake.RandomString([]string{"", "-S", "-X", "-HA"})
}

// character is what a source draws once.
type character struct {
	seed     uint64
	index    int
	addr     netip.Addr
	profile  *Profile
	protocol flow.Protocol
	curve    *curve
	weights  func(q16) *weights
	habits   *[eventKinds]habit
	calm     bool
	mtu      int
}

func newSource(c character) (source, error) {
	key := keyOf(c.seed, c.addr)
	id := drawsOf(key, forIdentity)
	p := c.profile
	s := source{
		noise: drawsOf(key, forNoise), minutes: drawsOf(key, forMinute), slots: drawsOf(key, forSlots),
		defects: drawsOf(key, forDefect), events: drawsOf(key, forEvents), records: drawsOf(key, forRecords),
		curve: c.curve, amps: p.amplitudes(), calm: c.calm, habits: c.habits,
	}
	name, model := identity(c.seed, key, c.index)
	spread := p.Rate.Spread.q().times(perLn2)
	s.base = log2(qInt(p.Rate.Median)) + spread.times(normal(id.at(0)))
	s.base = min(max(s.base, log2(qInt(p.Rate.Min))), log2(qInt(p.Rate.Max)))
	s.Source = Source{
		Index: c.index, Addr: c.addr, Name: name, Model: model, Profile: p.Name, Protocol: c.protocol,
		Offset: p.Offsets[between(id.at(1), 0, int64(len(p.Offsets)-1))],
		Rate:   int64(exp2(s.base) >> 16),
		Flush:  p.Flush[between(id.at(2), 0, int64(len(p.Flush)-1))],
		Domain: uint32(between(id.at(3), 0, 255)),
		Layout: wire.Layout{Protocol: c.protocol, IPv6: c.addr.Is6() && !c.addr.Is4In6(), MTU: c.mtu},
	}
	if c.protocol == flow.NetFlow5 {
		s.Layout.Limit = int(between(id.at(4), wire.V5MaxRecords-1, wire.V5MaxRecords))
	}
	if err := s.Layout.Validate(); err != nil {
		return source{}, fmt.Errorf("flowgen: source %s: %w", c.addr, err)
	}
	lo, hi := p.Burstiness.Min.q(), p.Burstiness.Max.q()
	s.weights = c.weights(q16(between(id.at(5), int64(lo), int64(hi))))
	s.phase = between(id.at(6), 0, s.Flush-1)
	s.refresh = p.Refresh
	s.refreshPhase = between(id.at(7), 0, p.Refresh-1)
	for k, chance := range p.chances() {
		s.chances[k] = uint64(chance) << 32 / 1_000_000
	}
	s.measure(p)
	return s, nil
}

// measure takes the datagram arithmetic out of the layout.
func (s *source) measure(p *Profile) {
	l := s.Layout
	s.fixed, s.keep = uint64(l.Fixed()), uint64(l.Housekeeping())
	s.record4, s.cap4 = uint64(l.Record(false)), uint64(l.Cap(false))
	s.record6, s.cap6 = uint64(l.Record(true)), uint64(l.Cap(true))
	if s.cap6 > 0 {
		s.share6 = p.IPv6.q()
	}
	s.cap6 = max(s.cap6, 1)
	s.inverse4, s.inverse6 = inverse(int(s.cap4)), inverse(int(s.cap6))
}
