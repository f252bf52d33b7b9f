package flowstore

import (
	"math"
	"time"
)

// Granularity is the length of the interval that one row tells of, in seconds.
type Granularity int64

// The three documented lengths (analytics, stats_type).
const (
	Second Granularity = 1
	Minute Granularity = 60
	Hour   Granularity = 3600
)

// Window is a stretch of time in whole intervals: Unix seconds, From included, To not. It is empty unless From < To.
type Window struct{ From, To int64 }

// Empty reports whether the window holds no interval.
func (w Window) Empty() bool { return w.From >= w.To }

// within cuts w down to what lies in o.
func (w Window) within(o Window) Window { return Window{max(w.From, o.From), min(w.To, o.To)} }

// Floor is the begin of the interval that t lies in.
func (g Granularity) Floor(t int64) int64 {
	rest := t % int64(g)
	if rest < 0 {
		rest += int64(g)
	}
	if t < math.MinInt64+rest {
		return t + int64(g) - rest
	}
	return t - rest
}

// Ceil is the begin of the first interval that starts at t or later.
func (g Granularity) Ceil(t int64) int64 {
	f := g.Floor(t)
	if f >= t || f > math.MaxInt64-int64(g) {
		return f
	}
	return f + int64(g)
}

// Edges says which intervals belong to a window whose edges lie inside one.
type Edges uint8

// The lawful readings (dialect window-edges).
const (
	Cover  Edges = iota // every interval that the window touches
	Start               // those that start inside the window
	Inside              // those wholly inside
	Closed              // those that start inside, one that starts at its very end included
)

// Between is the window of templates B and C: from start up to end, both in Unix seconds. A window without length is
// empty, but for Closed, where an interval may start at that very second; so is one that ends before it starts.
func Between(start, end int64, g Granularity, edges Edges) Window {
	if start > end || start == end && edges != Closed {
		return Window{start, start}
	}
	switch edges {
	case Start:
		return Window{g.Ceil(start), g.Ceil(end)}
	case Inside:
		return Window{g.Ceil(start), g.Floor(end)}
	case Closed:
		return Window{g.Ceil(start), add(g.Floor(end), int64(g))}
	default:
		return Window{g.Floor(start), g.Ceil(end)}
	}
}

// Unit is what the n of template A counts.
type Unit uint8

// The documented units (analytics, interval_type).
const (
	Seconds Unit = iota
	Minutes
	Hours
	Days
	Weeks
	Months
)

// seconds is the length of each unit but Months.
func (u Unit) seconds() int64 { return [...]int64{1, 60, 3600, 86400, 7 * 86400, 30 * 86400}[u] }

// Last describes the window of template A.
type Last struct {
	N        int64
	Unit     Unit
	Thirty   bool // a month is 30 days; otherwise back to the same day of an earlier month, or that month's last
	Running  bool // the interval that has not ended yet counts too
	Interval Granularity
}

// Window is the last n units before now. It ends with the last interval that has ended, so that a whole number of
// intervals comes out, and starts with the interval that lies n units back.
func (l Last) Window(now time.Time) Window {
	end := l.Interval.Floor(now.Unix())
	w := Window{l.Interval.Floor(l.back(end)), end}
	if l.Running && l.N > 0 {
		w.To = add(end, int64(l.Interval))
	}
	return w
}

func (l Last) back(from int64) int64 {
	if l.Unit == Months && !l.Thirty {
		return monthsBack(from, l.N)
	}
	length := l.Unit.seconds()
	if l.N > math.MaxInt64/length {
		return math.MinInt64 / 2
	}
	return add(from, -l.N*length)
}

// monthsBack goes back n months to the same day and time, or to the last day of a month that is too short.
func monthsBack(from, n int64) int64 {
	t := time.Unix(from, 0).UTC()
	if n > 12*int64(max(t.Year(), 0)) {
		return math.MinInt64 / 2
	}
	first := time.Date(t.Year(), t.Month()-time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	days := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), days)-1).Unix()
}

// add saturates.
func add(a, b int64) int64 {
	switch {
	case b > 0 && a > math.MaxInt64-b:
		return math.MaxInt64
	case b < 0 && a < math.MinInt64-b:
		return math.MinInt64
	}
	return a + b
}
