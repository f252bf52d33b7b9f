package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// differs tells of a counter in which two answers disagree about the same interval and source; "" where none does.
func differs(e *check.Evidence, a, b *Answer) string {
	if a.Query.Step != b.Query.Step || summed(a) != summed(b) || a.garbled || b.garbled {
		return ""
	}
	closed := earlier(now(e, a), now(e, b)).Add(-lag(a.Query.Step) - a.Query.Step)
	for i := range b.Rows {
		r := &b.Rows[i]
		mine := a.index[r.key()]
		if mine == nil || r.Time.After(closed) {
			continue
		}
		for k, x := range mine.counters {
			if y := r.counters[k]; x.ok && y.ok && x.n != y.n {
				return fmt.Sprintf("%s of %s at %s is %d here and %d in %s",
					rowKeys[2+k], show(r.Source), r.Time.Format(time.DateTime), x.n, y.n, b.X.ID)
			}
		}
	}
	return ""
}

// Repeatable judges that answers of one template tell the same of the same closed interval.
func Repeatable(variant string) check.Rule {
	const want = "a closed interval is told the same each time"
	return func(e *check.Evidence) check.Judgement {
		var t tally
		answers := of(e, variant)
		for i, a := range answers {
			for _, b := range answers[:i] {
				if len(a.Rows) == 0 || len(b.Rows) == 0 {
					continue
				}
				if got := differs(e, a, b); got != "" {
					t.fail(a.X, want, got)
				} else {
					t.pass(a.X, want, "as promised")
				}
			}
		}
		slug := "type-" + strings.ToLower(variant)
		if x, y := step(e, "agree/repeat/"+slug, "first"), step(e, "agree/repeat/"+slug, "again"); x != nil && y != nil {
			for _, pair := range [][2]*Answer{{x, y}, {y, x}} {
				if got := lacks(pair[0], pair[1], inner(e, x)); got != "" {
					t.fail(pair[0].X, "the same request is answered with the same rows", got)
				}
			}
		}
		return t.judgement("no two answers of this template could be compared")
	}
}

// WithC judges that a template agrees with template C: the pair of the probe has the same rows, and no two answers
// disagree about an interval.
func WithC(variant string) check.Rule {
	probe, stepName := "agree/"+strings.ToLower(variant)+"-with-c", strings.ToLower(variant)
	return func(e *check.Evidence) check.Judgement {
		var t tally
		want := "templates " + variant + " and C tell the same"
		for _, suffix := range []string{"", "-seconds"} {
			a, c := step(e, probe, stepName+suffix), step(e, probe, "c"+suffix)
			if a == nil || c == nil || len(a.Rows)+len(c.Rows) == 0 {
				continue
			}
			in := both(inner(e, a), inner(e, c))
			if variant == "B" {
				in = edges(e, a, c)
			}
			for _, pair := range [][2]*Answer{{a, c}, {c, a}} {
				if got := lacks(pair[0], pair[1], in); got != "" {
					t.fail(pair[0].X, want, got)
				} else {
					t.pass(pair[0].X, want, "as promised")
				}
			}
		}
		for _, a := range of(e, variant) {
			for _, c := range of(e, "C") {
				if got := differs(e, a, c); got != "" {
					t.fail(a.X, want, got)
					return t.judgement("")
				}
			}
		}
		return t.judgement("neither template had rows")
	}
}

// edges is one and the same window of two answers with the intervals at its edges: whether these belong to it is the
// device's to say, but in one way. What may not have been rolled up yet is left out.
func edges(e *check.Evidence, a, c *Answer) span {
	q := &c.Query
	closed := earlier(now(e, a), now(e, c)).Add(-lag(q.Step) - q.Step)
	return span{q.Start.Add(-q.Step), earlier(q.End.Add(q.Step), closed)}
}

// SubWindows judges that the rows of two adjoining windows of a probe are those of both together.
func SubWindows(probe string) check.Rule {
	return func(e *check.Evidence) check.Judgement { return subWindows(e, probe) }
}

func subWindows(e *check.Evidence, probe string) check.Judgement {
	var t tally
	const want = "two adjoining windows have the rows of both together"
	whole, first, second := step(e, probe, "whole"), step(e, probe, "first"), step(e, probe, "second")
	if whole == nil || first == nil || second == nil {
		return t.judgement("not all of the three windows were answered")
	}
	// An interval at the seam belongs to one of the two, whatever a device thinks of edges.
	union := &Answer{X: second.X, Query: whole.Query, index: map[key]*Row{}, garbled: first.garbled || second.garbled}
	for _, part := range []*Answer{first, second} {
		maps.Copy(union.index, part.index)
	}
	if got := lacks(union, whole, inner(e, whole)); got != "" {
		t.fail(second.X, want, got)
	}
	for _, part := range []*Answer{first, second} {
		in := inner(e, part)
		for _, got := range []string{lacks(whole, part, in), lacks(part, whole, in), differs(e, whole, part)} {
			if got != "" {
				t.fail(part.X, want, got)
			}
		}
		if len(part.Rows) > 0 && len(t.bad) == 0 {
			t.pass(part.X, want, "as promised")
		}
	}
	return t.judgement(noRows)
}

// SourcesWithAll judges that a source's rows are the same whether it is asked for alone or with all.
func SourcesWithAll(e *check.Evidence) check.Judgement {
	var t tally
	const probe, want = "agree/sources-with-all", "a source has the same rows alone and among all"
	all := step(e, probe, "all")
	if all == nil {
		return t.judgement("the request for all sources was not answered")
	}
	for _, a := range answersOf(e) {
		if a.X.Probe != probe || a == all || summed(all) {
			continue
		}
		in := inner(e, a)
		alone := all.only(a.Query.Source)
		for _, got := range []string{lacks(a, alone, in), lacks(alone, a, in), differs(e, a, alone)} {
			if got != "" {
				t.fail(a.X, want, got)
			}
		}
		if len(a.Rows) > 0 && len(t.bad) == 0 {
			t.pass(a.X, want, "as promised")
		}
	}
	return t.judgement("no source is known that could be asked for alone")
}

// only is the part of an answer that is of one source.
func (a *Answer) only(source string) *Answer {
	out := &Answer{X: a.X, Query: a.Query, index: map[key]*Row{}}
	for i := range a.Rows {
		if r := &a.Rows[i]; r.id.source == canonical(source) {
			out.Rows = append(out.Rows, *r)
			out.index[r.id] = r
		}
	}
	return out
}

// Spelling judges that an IPv6 source is found however it is spelled.
func Spelling(e *check.Evidence) check.Judgement {
	var t tally
	const probe, want = "agree/ipv6-spelling", "the same rows for every spelling of the address"
	shown := step(e, probe, "as-shown")
	if shown == nil || len(shown.Rows) == 0 {
		return t.judgement("no IPv6 source with rows is known")
	}
	for _, x := range e.Of(probe) {
		if x.Step == "as-shown" {
			continue
		}
		if !x.OK() {
			t.fail(&x, want, fmt.Sprintf("status %d to the spelling %s", x.Response.Status, query(&x).Source))
			continue
		}
		a := step(e, probe, x.Step)
		got := departs(e, a, shown, inner(e, a))
		if got != "" {
			t.fail(a.X, want, got)
		} else {
			t.pass(a.X, want, "as promised")
		}
	}
	return t.judgement("no spelling was answered")
}

// PerUnit judges that a stats_type yields rows of its own interval: whole intervals apart, and not the rows of a
// coarser stats_type under another name.
func PerUnit(variant, word string) check.Rule {
	steps := map[string]time.Duration{"second": time.Second, "minute": time.Minute, "hour": time.Hour}
	return func(e *check.Evidence) check.Judgement {
		var t tally
		want := "rows of one " + word + " each"
		for _, x := range e.Of("stats/type-" + strings.ToLower(variant) + "/per-" + word) {
			if x.Answered() && !x.OK() {
				t.fail(&x, "flows_per_"+word+" is answered", fmt.Sprintf("status %d", x.Response.Status))
			}
		}
		for _, a := range of(e, variant) {
			if a.Query.Step != steps[word] || len(a.Rows) == 0 || a.garbled {
				continue
			}
			if got := wrongStep(e, a, variant); got != "" {
				t.fail(a.X, want, got)
			} else {
				t.pass(a.X, want, "as promised")
			}
		}
		return t.judgement(noRows)
	}
}

// wrongStep tells why rows are not of the interval that was asked for; "" where they may be.
func wrongStep(e *check.Evidence, a *Answer, variant string) string {
	times := a.times()
	for _, at := range times {
		if at.Sub(times[0])%a.Query.Step != 0 {
			return fmt.Sprintf("times %s and %s", times[0].Format(time.DateTime), at.Format(time.DateTime))
		}
	}
	from := allowed(e, a).From
	for _, coarse := range []time.Duration{time.Minute, time.Hour} {
		for _, at := range times {
			// A row from before the window that starts a longer interval is of that interval.
			if coarse > a.Query.Step && at.Before(from) && at.Truncate(coarse).Equal(at) && a.Query.Variant != "A" {
				return "a row of " + at.Format(time.DateTime) + ", the start of a longer interval before the window"
			}
		}
	}
	for _, b := range of(e, variant) {
		if b.Query.Step > a.Query.Step && sameRows(a, b) {
			return "the rows of " + b.Query.Stats + " (" + b.X.ID + ")"
		}
	}
	return ""
}

// sameRows reports that all intervals which both answers have are told the same, although their peaks show that
// something happened at more than one moment.
func sameRows(a, b *Answer) bool {
	shared, spread := 0, false
	for i := range a.Rows {
		r := &a.Rows[i]
		other := b.index[r.key()]
		if other == nil {
			continue
		}
		if r.counters != other.counters {
			return false
		}
		shared++
		if p, n := r.value("peak_n_flows"), r.value("n_flows"); p.ok && n.ok && p.n < n.n {
			spread = true
		}
	}
	return shared >= 2 && spread
}

// BodyRead judges that answers depend on the body: windows of different granularity and length are not answered with
// the very same rows.
func BodyRead(variant string) check.Rule {
	const want = "different requests are answered differently"
	return func(e *check.Evidence) check.Judgement {
		var t tally
		var seen []*Answer
		for _, a := range of(e, variant) {
			if len(a.Rows) == 0 {
				continue
			}
			for _, b := range seen {
				if a.Query.Step != b.Query.Step && string(a.X.Response.Body) == string(b.X.Response.Body) {
					t.fail(a.X, want, "the body of "+b.X.ID+", which asked for "+b.Query.Stats)
				}
			}
			seen = append(seen, a)
			t.pass(a.X, want, "they are")
		}
		return t.judgement(noRows)
	}
}

// Habits records how the device answers what the documents leave open: the order of rows, silent intervals, edges.
func Habits(e *check.Evidence) map[dialect.Key]string {
	out := map[dialect.Key]string{}
	for _, a := range answersOf(e) {
		if len(a.Rows) == 0 || !a.Query.OK {
			continue
		}
		if slices.ContainsFunc(a.Rows, func(r Row) bool { return silent(&r) }) {
			out[dialect.SilentBuckets] = "zero"
		} else if _, ok := out[dialect.SilentBuckets]; !ok {
			out[dialect.SilentBuckets] = "omit"
		}
		if order := orderOf(a); order != "" {
			out[dialect.RowOrder] = order
		}
	}
	return out
}

// orderOf names the order of an answer's rows; "" where it cannot be told.
func orderOf(a *Answer) string {
	sources := map[string]bool{}
	times := map[int64]bool{}
	for i := range a.Rows {
		sources[a.Rows[i].Source], times[a.Rows[i].Time.Unix()] = true, true
	}
	if len(times) < 2 {
		return ""
	}
	rising := slices.IsSortedFunc(a.Rows, func(x, y Row) int { return x.Time.Compare(y.Time) })
	falling := slices.IsSortedFunc(a.Rows, func(x, y Row) int { return y.Time.Compare(x.Time) })
	grouped := slices.IsSortedFunc(a.Rows, func(x, y Row) int { return strings.Compare(x.Source, y.Source) })
	switch {
	case falling:
		return "newest"
	case len(sources) < 2:
		return ""
	case rising:
		return "time"
	case grouped:
		return "source"
	}
	return ""
}
