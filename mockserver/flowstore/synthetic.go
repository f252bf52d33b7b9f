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
	return func(yield func(Row, error) bool) {
		w := walk{Synthetic: s, q: q, end: q.Now, ctx: ctx, yield: yield}
		w.first, w.last = s.pick(q.Source)
		w.q.Window = q.Window.within(Window{s.since, q.Interval.Ceil(w.end)})
		if w.q.Window.Empty() || w.first == w.last {
			return
		}
		if !w.run() && !w.left {
			yield(Row{}, ctx.Err())
		}
	}
}

// walk is one query under way.
type walk struct {
	*Synthetic
	q           Query
	end         int64 // seconds from here on have not ended yet
	ctx         context.Context
	first, last int // positions in sources, last excluded
	yield       func(Row, error) bool
	left        bool // the consumer has had enough: it must not be called again
}

func (w *walk) send(r Row) bool {
	w.left = !w.yield(r, nil)
	return !w.left
}

// pick returns the positions of the sources that a query asks for.
func (s *Synthetic) pick(want netip.Addr) (first, last int) {
	if !want.IsValid() {
		return 0, len(s.sources)
	}
	at, found := slices.BinarySearchFunc(s.sources, want.Unmap(), netip.Addr.Compare)
	if !found {
		return 0, 0
	}
	return at, at + 1
}

// run reports whether it came to the end of the window with nobody stopping it.
func (w *walk) run() bool {
	switch {
	case w.q.Sum && !w.q.Source.IsValid():
		return w.times(w.sum)
	case w.q.Order == BySource:
		for i := w.first; i < w.last; i++ {
			if !w.times(func(t int64) bool { return w.emit(i, t) }) {
				return false
			}
		}
		return true
	}
	return w.times(func(t int64) bool {
		for i := w.first; i < w.last; i++ {
			if !w.emit(i, t) {
				return false
			}
		}
		return true
	})
}

// times visits the intervals of the window in the query's order.
func (w *walk) times(visit func(t int64) bool) bool {
	step, from, to := int64(w.q.Interval), w.q.Window.From, w.q.Window.To
	if w.q.Order == Newest {
		step, from, to = -step, to-step, from-step
	}
	for t := from; t != to; t += step {
		if w.ctx.Err() != nil {
			return false
		}
		if !visit(t) {
			return false
		}
	}
	return true
}

func (w *walk) emit(i int, t int64) bool {
	b := w.bucket(w.index[i], t)
	if b.IsZero() && !w.q.Silent {
		return true
	}
	return w.send(Row{Time: t, Source: w.sources[i], Bucket: b})
}

// bucket is one interval of one source, cut off at the end of what has happened.
func (w *walk) bucket(source int, t int64) flow.Bucket {
	switch {
	case t+int64(w.q.Interval) > w.end:
		return w.partial(source, t)
	case w.q.Interval == Second:
		return w.traffic.Second(source, t)
	case w.q.Interval == Minute:
		return w.traffic.Minute(source, t/60)
	case w.q.PeakMinutes:
		return w.minutes(source, t, t+int64(Hour))
	}
	return w.traffic.Hour(source, t/3600)
}

// partial is what has come in the interval that is still open.
func (w *walk) partial(source int, t int64) flow.Bucket {
	if w.q.Interval == Hour && w.q.PeakMinutes {
		return w.minutes(source, t, w.end)
	}
	var b flow.Bucket
	for s := t; s < w.end; s++ {
		b.Add(w.traffic.Second(source, s))
	}
	return b
}

// minutes adds minutes up with the largest minutes as peaks; the last may be cut off at to.
func (w *walk) minutes(source int, t, to int64) flow.Bucket {
	var sum flow.Bucket
	for ; t < to; t += int64(Minute) {
		var m flow.Bucket
		if t+int64(Minute) <= to {
			m = w.traffic.Minute(source, t/60)
		} else {
			for s := t; s < to; s++ {
				m.Add(w.traffic.Second(source, s))
			}
		}
		sum.Add(m.Second())
	}
	return sum
}

// sum yields one row for all sources. Its peak is the largest that any one of them had: the true peak of the sum would
// need every second of every source, a thousand times the work.
func (w *walk) sum(t int64) bool {
	if w.ctx.Err() != nil {
		return false
	}
	var total flow.Bucket
	for i := w.first; i < w.last; i++ {
		total.Add(w.bucket(w.index[i], t))
	}
	if total.IsZero() && !w.q.Silent {
		return true
	}
	return w.send(Row{Time: t, Bucket: total})
}
