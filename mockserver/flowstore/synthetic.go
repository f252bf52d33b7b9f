package flowstore

import (
	"context"
	"iter"
	"net/netip"
	"slices"
	"time"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// Source is traffic of which any interval can be computed on its own, and gives the same whenever it is. The index
// counts the addresses; time is counted in whole seconds, minutes and hours since 1970. Peaks are those of seconds.
// A Source is safe for concurrent use.
type Source interface {
	Addresses() []netip.Addr
	Second(source int, unixSecond int64) flow.Bucket
	Minute(source int, unixMinute int64) flow.Bucket
	Hour(source int, unixHour int64) flow.Bucket
}

// Synthetic is a Store over computed traffic: it holds no rows.
type Synthetic struct {
	traffic Source
	since   int64
	sources []netip.Addr
	index   []int // of the traffic, by position in sources
}

// NewSynthetic returns a store in which traffic began at since, rounded down to the hour, and never ends.
func NewSynthetic(traffic Source, since time.Time) *Synthetic {
	s := &Synthetic{traffic: traffic, since: Hour.Floor(since.Unix())}
	addrs := traffic.Addresses()
	for i := range addrs {
		s.index = append(s.index, i)
	}
	slices.SortFunc(s.index, func(a, b int) int { return addrs[a].Unmap().Compare(addrs[b].Unmap()) })
	for _, i := range s.index {
		s.sources = append(s.sources, addrs[i].Unmap())
	}
	return s
}

// Sources implements Store.
func (s *Synthetic) Sources() []netip.Addr { return s.sources }

// Rows implements Store. It computes each row when it is asked for it.
func (s *Synthetic) Rows(ctx context.Context, q Query) iter.Seq2[Row, error] {
	return s.view(q).rows(ctx, q)
}

func (s *Synthetic) view(q Query) view {
	return view{reading: computed{s, q}, sources: s.sources, since: s.since}
}

// computed reads computed traffic for one query.
type computed struct {
	*Synthetic
	q Query
}

// bucket implements reading; it cuts off at the end of what has happened.
func (c computed) bucket(source int, t int64) (flow.Bucket, bool) {
	if t < c.since {
		return flow.Bucket{}, false
	}
	i := c.index[source]
	switch {
	case t+int64(c.q.Interval) > c.q.Now:
		return c.partial(i, t), true
	case c.q.Interval == Second:
		return c.traffic.Second(i, t), true
	case c.q.Interval == Minute:
		return c.traffic.Minute(i, t/60), true
	case c.q.PeakMinutes:
		return c.minutes(i, t, t+int64(Hour)), true
	}
	return c.traffic.Hour(i, t/3600), true
}

// partial is what has come in the interval that is still open.
func (c computed) partial(source int, t int64) flow.Bucket {
	if c.q.Interval == Hour && c.q.PeakMinutes {
		return c.minutes(source, t, c.q.Now)
	}
	var b flow.Bucket
	for s := t; s < c.q.Now; s++ {
		b.Add(c.traffic.Second(source, s))
	}
	return b
}

// minutes adds minutes up with the largest minutes as peaks; the last may be cut off at to.
func (c computed) minutes(source int, t, to int64) flow.Bucket {
	var sum flow.Bucket
	for ; t < to; t += int64(Minute) {
		var m flow.Bucket
		if t+int64(Minute) <= to {
			m = c.traffic.Minute(source, t/60)
		} else {
			for s := t; s < to; s++ {
				m.Add(c.traffic.Second(source, s))
			}
		}
		sum.Add(m.Second())
	}
	return sum
}
