package rules

import (
	"fmt"
	"slices"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
)

// AddUp judges that the fine rows of a probe add up to its coarse ones, and tells what peaks are made of.
func AddUp(probe string) check.Rule { return ofBoth(probe, addUp) }

// ofBoth compares the fine and the coarse rows of a probe, for each of the sources that it asks for.
func ofBoth(probe string, compare func(e *check.Evidence, fine, coarse *Answer, shift time.Duration) *tally) check.Rule {
	of := func(e *check.Evidence, which string) check.Judgement {
		var none tally
		fine, coarse := step(e, probe, "fine"+which), step(e, probe, "coarse"+which)
		if fine == nil || coarse == nil || len(fine.Rows) == 0 || len(coarse.Rows) == 0 || fine.garbled || coarse.garbled {
			return none.judgement("one of the two granularities had no rows")
		}
		// A label may be the start of its interval or the end; whichever fits is the device's.
		best := better(compare(e, fine, coarse, 0), compare(e, fine, coarse, coarse.Query.Step))
		return best.judgement("no coarse interval lay wholly inside the window")
	}
	return func(e *check.Evidence) check.Judgement { return merge(of(e, ""), of(e, " other")) }
}

// better is the reading of the labels by which more rows are as promised; where none is better, the first.
func better(a, b *tally) *tally {
	if b.judged-len(b.bad)-b.more > a.judged-len(a.bad)-a.more {
		return b
	}
	return a
}

// addUp compares each coarse row with the fine rows that belong to it, labels being shift after the interval's start.
func addUp(e *check.Evidence, fine, coarse *Answer, shift time.Duration) *tally {
	var t tally
	want := fmt.Sprintf("rows of %s add up to the row of %s", fine.Query.Step, coarse.Query.Step)
	eachMade(e, fine, coarse, shift, func(r *Row, members []*Row) { judgeSum(&t, coarse, r, members, want) })
	if gap := gapIn(fine, coarse, shift); !gap.IsZero() {
		t.fail(coarse.X, want, fmt.Sprintf("no row of %s at %s, of which there are rows of %s", coarse.Query.Step, gap.Format(time.DateTime), fine.Query.Step))
	}
	return &t
}

// gapIn finds a coarse interval without a row, between two that have one, in which there are fine rows with counts; zero
// where there is none.
func gapIn(fine, coarse *Answer, shift time.Duration) time.Time {
	times := coarse.times()
	first, last := times[0], times[len(times)-1]
	for i := range fine.Rows {
		r := &fine.Rows[i]
		at := r.Time
		if shift > 0 {
			at = at.Add(shift - fine.Query.Step)
		}
		label := first.Add(at.Sub(first).Truncate(coarse.Query.Step))
		if label.After(first) && label.Before(last) && !silent(r) && coarse.index[key{label.Unix(), r.id.source}] == nil {
			return label
		}
	}
	return time.Time{}
}

// eachMade visits each coarse row with the fine rows that it is made of, labels being shift after the interval's start.
func eachMade(e *check.Evidence, fine, coarse *Answer, shift time.Duration, visit func(r *Row, members []*Row)) {
	in := both(inner(e, coarse), span{fine.Query.Start, fine.Query.End})
	oldest := slices.MinFunc(fine.times(), time.Time.Compare)
	if shift > 0 {
		oldest = oldest.Add(-fine.Query.Step)
	}
	for i := range coarse.Rows {
		r := &coarse.Rows[i]
		from := r.Time.Add(-shift)
		// The first and last coarse interval of the window count too: fine and coarse window are the same.
		// A device may keep fine rows for less long than coarse ones: what began before its first fine row may lack parts.
		if from.Before(oldest) || from.Before(fine.Query.Start) || from.Add(coarse.Query.Step).After(fine.Query.End) || r.Time.After(in.To.Add(coarse.Query.Step)) {
			continue
		}
		var members []*Row
		for k := range fine.Rows {
			f := &fine.Rows[k]
			at := f.Time
			if shift > 0 {
				at = at.Add(-fine.Query.Step)
			}
			if f.id.source == r.id.source && !at.Before(from) && at.Before(from.Add(coarse.Query.Step)) {
				members = append(members, f)
			}
		}
		visit(r, members)
	}
}

// Peaks judges that the peaks of a probe's coarse rows are not smaller than those of the fine rows that they are made
// of: whatever interval a device takes the peak of, the larger row saw the smaller one's.
func Peaks(probe string) check.Rule {
	return ofBoth(probe, peaksOf)
}

func peaksOf(e *check.Evidence, fine, coarse *Answer, shift time.Duration) *tally {
	var t tally
	want := fmt.Sprintf("peaks of rows of %s that are not below those of rows of %s", coarse.Query.Step, fine.Query.Step)
	eachMade(e, fine, coarse, shift, func(r *Row, members []*Row) {
		for k, peak := range r.counters[5:] {
			for _, m := range members {
				if p := m.counters[5+k]; peak.ok && p.ok && p.n > peak.n {
					t.fail(coarse.X, want, fmt.Sprintf("%s of %s is %d at %s and %d in the row of %s at %s", rowKeys[7+k], show(r.Source),
						peak.n, r.Time.Format(time.DateTime), p.n, fine.Query.Step, m.Time.Format(time.DateTime)))
					return
				}
			}
		}
		t.pass(coarse.X, want, "they are not")
	})
	return &t
}

func judgeSum(t *tally, coarse *Answer, r *Row, members []*Row, want string) {
	for k, total := range r.counters[:5] {
		sum := uint64(0)
		for _, m := range members {
			sum += m.counters[k].n
		}
		if total.ok && total.n != sum {
			t.fail(coarse.X, want, fmt.Sprintf("%s of %s at %s is %d, its parts add up to %d",
				rowKeys[2+k], show(r.Source), r.Time.Format(time.DateTime), total.n, sum))
			return
		}
	}
	t.pass(coarse.X, want, "they do")
}
