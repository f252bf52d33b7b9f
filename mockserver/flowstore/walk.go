package flowstore

import (
	"context"
	"iter"
	"net/netip"
	"slices"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// reading is what one query reads: the buckets of its interval, by position in the view's sources. It serves one
// goroutine.
type reading interface {
	// bucket is what came in the interval that begins at t, as far as that has happened. Nothing is known of an interval
	// that lies before the traffic's begin or beyond what is kept; that is not the same as silence.
	bucket(source int, t int64) (b flow.Bucket, known bool)
}

// view is the sources of a store, sorted, and a reading of them.
type view struct {
	reading
	sources []netip.Addr
	since   int64 // nothing is known before
}

// rows walks a view in the order of a query.
func (v view) rows(ctx context.Context, q Query) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		w := walk{view: v, q: q, ctx: ctx, yield: yield}
		w.first, w.last = pick(v.sources, q.Source)
		w.q.Window = q.Window.within(Window{v.since, q.Interval.Ceil(q.Now)})
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
	view
	q           Query
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
func pick(sources []netip.Addr, want netip.Addr) (first, last int) {
	if !want.IsValid() {
		return 0, len(sources)
	}
	at, found := slices.BinarySearchFunc(sources, want.Unmap(), netip.Addr.Compare)
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
	b, known := w.bucket(i, t)
	if !known || b.IsZero() && !w.q.Silent {
		return true
	}
	return w.send(Row{Time: t, Source: w.sources[i], Bucket: b})
}

// sum yields one row for all sources. Its peak is the largest that any one of them had: the true peak of the sum would
// need every second of every source, a thousand times the work.
func (w *walk) sum(t int64) bool {
	var total flow.Bucket
	any := false
	for i := w.first; i < w.last; i++ {
		b, known := w.bucket(i, t)
		any = any || known
		total.Add(b)
	}
	if !any || total.IsZero() && !w.q.Silent {
		return true
	}
	return w.send(Row{Time: t, Bucket: total})
}
