package flowstore

import (
	"cmp"
	"context"
	"iter"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// Retention is how far back a query can look, by the length of the intervals that it asks for. Each zero is the default
// that stands beside it.
type Retention struct {
	Second time.Duration // an hour
	Minute time.Duration // 31 days
	Hour   time.Duration // 731 days
}

// DefaultSources is how many sources a Collected store takes when no limit is given.
const DefaultSources = 4096

// CollectedOptions make a Collected store. The zero value is one that works.
type CollectedOptions struct {
	Retention Retention
	Sources   int // at most; 0 is DefaultSources. What comes from further ones is not counted
}

// Arrival is one datagram, or several of one source in one second. Peaks are ignored.
type Arrival struct {
	Source netip.Addr // an IPv4-mapped IPv6 address is the IPv4 one
	Second int64      // Unix
	Export Export     // zero where it could not be read
	flow.Bucket
}

// Collected is a Store of what was received. It counts seconds, minutes and hours side by side, so that peaks are exact
// and nothing has to be rolled up later. Memory is bounded: by the retention for each source, and in the number of
// sources.
//
// It may be told of any second at any time. When time is moved about, at least as many intervals as the retention covers
// are kept, those written to last.
type Collected struct {
	retention Retention
	limit     int

	mu      sync.Mutex
	sources map[netip.Addr]*collectedSource
	keep    bool               // an Archive takes what is counted
	fresh   []*collectedSource // of which there is something to take
	cleared bool               // since the last take

	roster atomic.Pointer[roster]
}

// roster is the sources by address. It is never changed, only replaced.
type roster struct {
	addrs   []netip.Addr
	sources []*collectedSource
}

// collectedSource is what one source sent.
type collectedSource struct {
	addr                   netip.Addr
	seconds, minutes, hour series
	fresh                  []Arrival // since the last take, one for each second
	export                 atomic.Pointer[Export]
}

// NewCollected makes an empty store.
func NewCollected(o CollectedOptions) *Collected {
	c := &Collected{retention: o.Retention, limit: cmp.Or(o.Sources, DefaultSources), sources: map[netip.Addr]*collectedSource{}}
	c.retention.Second = cmp.Or(o.Retention.Second, time.Hour)
	c.retention.Minute = cmp.Or(o.Retention.Minute, 31*24*time.Hour)
	c.retention.Hour = cmp.Or(o.Retention.Hour, 731*24*time.Hour)
	c.roster.Store(&roster{})
	return c
}

// Count takes datagrams in. It returns how many of the arrivals were of sources beyond the limit; those are not counted.
func (c *Collected) Count(arrivals []Arrival) (refused int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range arrivals {
		a := &arrivals[i]
		s := c.source(a.Source.Unmap())
		if s == nil {
			refused++
			continue
		}
		if last := s.export.Load(); a.Export != (Export{}) && (last == nil || *last != a.Export) {
			e := a.Export
			s.export.Store(&e)
		}
		s.count(a.Second, &a.Bucket)
		if c.keep {
			c.note(s, a)
		}
	}
	return refused
}

// source finds a source, or makes room for it; nil beyond the limit.
func (c *Collected) source(addr netip.Addr) *collectedSource {
	if s := c.sources[addr]; s != nil {
		return s
	}
	if len(c.sources) >= c.limit {
		return nil
	}
	s := &collectedSource{
		addr:    addr,
		seconds: c.series(Second, secondWidth), minutes: c.series(Minute, minuteWidth), hour: c.series(Hour, hourWidth),
	}
	c.sources[addr] = s
	old := c.roster.Load()
	at, _ := slices.BinarySearchFunc(old.addrs, addr, netip.Addr.Compare)
	c.roster.Store(&roster{
		addrs:   slices.Insert(slices.Clone(old.addrs), at, addr),
		sources: slices.Insert(slices.Clone(old.sources), at, s),
	})
	return s
}

// series is an empty one, with room for the retention, the page that it begins in and the one under way.
func (c *Collected) series(step Granularity, width int) series {
	s := series{step: int64(step), width: width}
	s.most = int(c.kept(step)/s.span()) + 2
	return s
}

// kept is the retention of intervals of a length, in seconds.
func (c *Collected) kept(g Granularity) int64 {
	d := c.retention.Hour
	switch g {
	case Second:
		d = c.retention.Second
	case Minute:
		d = c.retention.Minute
	}
	return int64(d / time.Second)
}

// count adds to all three lengths. A running count only grows, so the largest seen so far is the peak.
func (s *collectedSource) count(second int64, b *flow.Bucket) {
	sec, minute, hour := s.seconds.cell(second), s.minutes.cell(second), s.hour.cell(second)
	count(sec, b)
	count(minute, b)
	count(hour, b)
	raise(minute, peakFlows, sec)
	raise(hour, peakFlows, sec)
	raise(hour, minutePeakFlows, minute)
}

// note gathers what an Archive has not taken yet.
func (c *Collected) note(s *collectedSource, a *Arrival) {
	if len(s.fresh) == 0 {
		c.fresh = append(c.fresh, s)
	}
	at := len(s.fresh) - 1
	for at >= 0 && s.fresh[at].Second != a.Second {
		at--
	}
	if at < 0 {
		s.fresh = append(s.fresh, Arrival{Source: s.addr, Second: a.Second})
		at = len(s.fresh) - 1
	}
	s.fresh[at].Add(a.Bucket)
}

// Clear forgets everything and returns how many sources that was.
func (c *Collected) Clear() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.sources)
	clear(c.sources)
	c.fresh, c.cleared = nil, true
	c.roster.Store(&roster{})
	return n
}

// Sources implements Store.
func (c *Collected) Sources() []netip.Addr { return c.roster.Load().addrs }

// Rows implements Store. Intervals beyond the retention have no rows, not even of zeros.
func (c *Collected) Rows(ctx context.Context, q Query) iter.Seq2[Row, error] {
	return c.view(q).rows(ctx, q)
}

func (c *Collected) view(q Query) view {
	r := c.roster.Load()
	h := &held{store: c, q: q, sources: r.sources, cursors: make([]cursor, len(r.sources)), since: q.Interval.Floor(add(q.Now, -c.kept(q.Interval)))}
	h.peaks = peakFlows
	if q.PeakMinutes && q.Interval == Hour {
		h.peaks = minutePeakFlows
	}
	return view{reading: h, sources: r.addrs, since: h.since}
}

// held reads what a Collected store holds, a page at a time, for one query.
type held struct {
	store   *Collected
	q       Query
	sources []*collectedSource
	cursors []cursor
	since   int64
	peaks   int // where they stand
}

// cursor is a copy of the page that a query stands in.
type cursor struct {
	start int64
	cells []uint64
	state uint8
}

const (
	unread uint8 = iota
	absent
	present
)

// bucket implements reading.
func (h *held) bucket(source int, t int64) (flow.Bucket, bool) {
	if t < h.since {
		return flow.Bucket{}, false
	}
	c, s := &h.cursors[source], h.series(source)
	if start := s.start(t); c.state == unread || start != c.start {
		h.load(c, s, start)
	}
	if c.state == absent {
		return flow.Bucket{}, true
	}
	i := int((t-c.start)/s.step) * s.width
	return bucketOf(c.cells[i:i+s.width], h.peaks), true
}

func (h *held) series(source int) *series {
	s := h.sources[source]
	switch h.q.Interval {
	case Second:
		return &s.seconds
	case Minute:
		return &s.minutes
	}
	return &s.hour
}

// load copies a page. Packed bytes are never changed, so they are read without the lock.
func (h *held) load(c *cursor, s *series, start int64) {
	c.start, c.state = start, absent
	h.store.mu.Lock()
	at, found := s.find(start)
	var packed []byte
	if found {
		c.state = present
		if c.cells == nil {
			c.cells = make([]uint64, perPage*s.width)
		}
		copy(c.cells, s.pages[at].cells)
		packed = s.pages[at].packed
	}
	h.store.mu.Unlock()
	if packed == nil {
		return
	}
	if err := unpack(packed, c.cells, s.width); err != nil {
		panic(err) // what was packed here, or checked when it was loaded
	}
}
