package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// span is a stretch of time, both ends included; empty where To is before From.
type span struct{ From, To time.Time }

func (s span) holds(t time.Time) bool { return !t.Before(s.From) && !t.After(s.To) }

// unitLengths are the units of interval_type, shortest and longest.
var unitLengths = map[string][2]time.Duration{
	"seconds": {time.Second, time.Second},
	"minutes": {time.Minute, time.Minute},
	"hours":   {time.Hour, time.Hour},
	"days":    {24 * time.Hour, 24 * time.Hour},
	"weeks":   {7 * 24 * time.Hour, 7 * 24 * time.Hour},
	"months":  {28 * 24 * time.Hour, 31 * 24 * time.Hour},
}

// lag is how old an interval must be before a device is held to have rolled it up.
func lag(step time.Duration) time.Duration {
	if step >= time.Hour {
		return 10 * time.Minute
	}
	return 2 * time.Minute
}

// now is the device's clock when the answer was asked for.
func now(e *check.Evidence, a *Answer) time.Time { return a.X.Started.Add(e.Skew) }

// allowed is where the rows of an answer may lie. A row may be labelled with the start or the end of its interval, and
// where the window's edges cut an interval, that one may be in or out; template A may be aligned to its unit or not.
func allowed(e *check.Evidence, a *Answer) span {
	q := &a.Query
	if q.Variant == "A" {
		unit := unitLengths[q.Unit]
		slack := min(unit[1], 24*time.Hour) + q.Step + 2*time.Second
		at := now(e, a)
		return span{at.Add(-time.Duration(q.N)*unit[1] - slack), at.Add(a.X.Total + q.Step + 2*time.Second)}
	}
	slack := func(edge time.Time) time.Duration {
		if times := a.times(); len(times) > 0 && times[0].Sub(edge)%q.Step == 0 {
			return 0
		}
		return q.Step
	}
	return span{q.Start.Add(-slack(q.Start)), q.End.Add(slack(q.End))}
}

// inner is where every row of an answer must be, if the device has one: the part of the window that all readings share.
func inner(e *check.Evidence, a *Answer) span {
	q := &a.Query
	closed := now(e, a).Add(-lag(q.Step))
	if q.Variant == "A" {
		unit := unitLengths[q.Unit]
		slack := min(unit[0], 24*time.Hour) + q.Step
		at := now(e, a)
		return span{at.Add(-time.Duration(q.N)*unit[0] + slack), earlier(at.Add(-slack), closed.Add(-q.Step))}
	}
	return span{q.Start.Add(q.Step), earlier(q.End.Add(-q.Step), closed.Add(-q.Step))}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Window judges that rows lie inside the window that was asked for.
func Window(variant string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, a := range of(e, variant) {
			if a.Query.OK && len(a.Rows) > 0 && !a.garbled {
				judgeWindow(&t, e, a)
			}
		}
		return t.judgement(noRows)
	}
}

func judgeWindow(t *tally, e *check.Evidence, a *Answer) {
	may := allowed(e, a)
	want := fmt.Sprintf("rows from %s to %s", may.From.UTC().Format(time.DateTime), may.To.UTC().Format(time.DateTime))
	for i := range a.Rows {
		at := a.Rows[i].Time
		if at.IsZero() || may.holds(at) {
			continue
		}
		// Template A hangs on the device's clock. Where Date and the rows tell different clocks, either may be meant.
		if a.Query.Variant == "A" && (span{may.From.Add(-e.Skew), may.To.Add(-e.Skew)}).holds(at) {
			continue
		}
		if a.Query.Variant == "A" && !e.SkewKnown {
			t.note(a.X, "rows lie outside the window by our clock; the device does not tell its own")
			return
		}
		t.fail(a.X, want, fmt.Sprintf("row %d is of %s", i, at.Format(time.DateTime)))
		return
	}
	t.pass(a.X, want, "as promised")
}

// Alignment judges that the times of an answer are whole intervals apart.
func Alignment(variant string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, a := range of(e, variant) {
			times := a.times()
			if a.Query.Step == 0 || len(times) < 2 || a.garbled {
				continue
			}
			want := "times that are multiples of " + a.Query.Step.String() + " apart"
			bad := false
			for _, at := range times[1:] {
				if d := at.Sub(times[0]); d%a.Query.Step != 0 {
					t.fail(a.X, want, fmt.Sprintf("%s and %s", times[0].Format(time.DateTime), at.Format(time.DateTime)))
					bad = true
					break
				}
			}
			if !bad {
				t.pass(a.X, want, "as promised")
			}
		}
		return t.judgement("no answer to this template held two rows")
	}
}

// missingRows tells of a row that at least two other answers have and that this one should: it is inside the window
// and of the source. "" where there is none.
func missingRows(e *check.Evidence, a *Answer) string {
	if !a.Query.OK || summed(a) || a.garbled {
		return ""
	}
	must := inner(e, a)
	for _, w := range e.Parsed.(*parsed).ledger[a.Query.Step] {
		if w.seen > 1 && must.holds(w.at) && a.index[w.key] == nil && (a.Query.Source == "" || w.key.source == canonical(a.Query.Source)) && !moved(a, w) {
			return fmt.Sprintf("no row of %s at %s, which other answers have (%s)", show(w.key.source), w.at.Format(time.DateTime), w.id)
		}
	}
	return ""
}

// moved reports that a row may have gone from what the device keeps before an answer was given, or may have come to it
// only afterwards: no document says how long rows are kept, nor how soon they are there.
func moved(a *Answer, w *witness) bool {
	const soon = 10 * time.Minute
	times := a.times()
	if len(times) == 0 {
		return false
	}
	gone := w.last.Before(a.X.Started) && w.at.Before(times[0])
	late := w.first.After(a.X.Started) && w.at.After(times[len(times)-1]) && w.at.Sub(times[len(times)-1]) < soon
	return gone || late
}

// witness is a row that answers of one step have, and how many.
type witness struct {
	key  key
	at   time.Time
	seen int
	id   string // of the first exchange that has it

	first, last time.Time // when the answers that have it were asked for
}

// ledger collects the rows that answers have inside their own windows.
func ledger(e *check.Evidence, answers []*Answer) map[time.Duration][]*witness {
	out := map[time.Duration][]*witness{}
	index := map[time.Duration]map[key]*witness{}
	for _, a := range answers {
		if !a.Query.OK || summed(a) || a.garbled || a.Query.Variant == "B" && apart(a.X.Probe) {
			continue
		}
		if index[a.Query.Step] == nil {
			index[a.Query.Step] = map[key]*witness{}
		}
		may := allowed(e, a)
		for _, r := range a.index {
			if !may.holds(r.Time) || silent(r) {
				continue
			}
			w := index[a.Query.Step][r.id]
			if w == nil {
				w = &witness{key: r.id, at: r.Time, id: a.X.ID, first: a.X.Started}
				index[a.Query.Step][r.id] = w
				out[a.Query.Step] = append(out[a.Query.Step], w)
			}
			w.seen, w.last = w.seen+1, a.X.Started
		}
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b *witness) int {
			if c := a.at.Compare(b.at); c != 0 {
				return c
			}
			return strings.Compare(a.key.source, b.key.source)
		})
	}
	return out
}

// silent reports a row of zeros, which a device may leave out.
func silent(r *Row) bool {
	for _, c := range r.counters[:5] {
		if !c.ok || c.n != 0 {
			return false
		}
	}
	return true
}

// Coverage judges that answers of a template do not lack rows which several other answers have.
func Coverage(variant string) check.Rule {
	const want = "every row inside the window that other answers have"
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, a := range of(e, variant) {
			if missing := missingRows(e, a); missing != "" {
				t.fail(a.X, want, missing)
			} else if len(a.Rows) > 0 {
				t.pass(a.X, want, "as promised")
			}
		}
		return t.judgement(noRows)
	}
}

// Unit judges that template A counts its window in the unit that was asked for: it has the rows that template C has of
// the same time, and no older ones.
func Unit(unit string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		probe := "stats/type-a/unit/" + unit
		a, c := step(e, probe, "a"), step(e, probe, "c")
		for _, x := range e.Of(probe) {
			if x.Step == "a" && x.Answered() && !x.OK() {
				t.fail(&x, "interval_type "+unit+" is answered", fmt.Sprintf("status %d", x.Response.Status))
			}
		}
		if a != nil && len(a.Rows) > 0 {
			judgeWindow(&t, e, a)
		}
		if a != nil && c != nil {
			if missing := lacks(a, c, both(inner(e, a), inner(e, c))); missing != "" {
				t.fail(a.X, "the rows of the last "+strconv.Itoa(a.Query.N)+" "+unit+", as template C has them", missing)
			} else if len(a.Rows) > 0 {
				t.pass(a.X, "the rows of the last "+strconv.Itoa(a.Query.N)+" "+unit, "as promised")
			}
		}
		return t.judgement("neither template A nor C had rows of the last " + unit)
	}
}

func both(a, b span) span {
	if b.From.After(a.From) {
		a.From = b.From
	}
	return span{a.From, earlier(a.To, b.To)}
}

// departs says how an answer departs from another within a span: which row of the other it lacks, or what it tells
// otherwise. "" where it does neither.
func departs(e *check.Evidence, a, from *Answer, in span) string {
	return cmp.Or(lacks(a, from, in), differs(e, a, from))
}

// lacks tells of a row inside the span that b has and a does not; "" where there is none.
func lacks(a, b *Answer, in span) string {
	if len(a.Rows) > 0 && summed(a) != summed(b) || a.garbled || b.garbled {
		return ""
	}
	for i := range b.Rows {
		r := &b.Rows[i]
		if in.holds(r.Time) && a.index[r.key()] == nil && !silent(r) {
			return fmt.Sprintf("no row of %s at %s, which %s has", show(r.Source), r.Time.Format(time.DateTime), b.X.ID)
		}
	}
	return ""
}

// Zone notes the zone of template B.
func Zone(e *check.Evidence) check.Judgement {
	var t tally
	if a := step(e, "scout/zone", ""); a != nil && len(a.Rows) > 0 {
		t.answer(a.X, dialect.TemplateBZone, zoneName(e.Zone))
	}
	return t.judgement("no row of template B was seen")
}

func zoneName(z time.Duration) string {
	if z == 0 {
		return "UTC"
	}
	sign := "+"
	if z < 0 {
		sign, z = "-", -z
	}
	return fmt.Sprintf("%s%02d:%02d", sign, int(z.Hours()), int(z.Minutes())%60)
}

// EarlyDay judges that template B reads the day before the month: its rows of a day whose number could be a month are
// those that template C has.
func EarlyDay(e *check.Evidence) check.Judgement {
	var t tally
	b, c := step(e, "stats/type-b/early-day", "b"), step(e, "stats/type-b/early-day", "c")
	for _, x := range e.Of("stats/type-b/early-day") {
		if x.Step == "b" && x.Answered() && !x.OK() && c != nil && len(c.Rows) > 0 {
			t.fail(&x, "a time of the documented form is answered", fmt.Sprintf("status %d", x.Response.Status))
		}
	}
	if b != nil && c != nil {
		want := "the rows of the day that was named, day before month"
		in := both(inner(e, b), inner(e, c))
		// The zone may have changed to or from summer time since that day.
		in = span{in.From.Add(time.Hour), in.To.Add(-time.Hour)}
		if missing := lacks(b, c, in); missing != "" {
			t.fail(b.X, want, missing)
		} else if len(c.Rows) > 0 {
			t.pass(b.X, want, "as promised")
		}
	}
	return t.judgement("template C had no rows of that day")
}

// LeapDay judges that template B knows 29 February: where the day before is answered, it is too.
func LeapDay(e *check.Evidence) check.Judgement {
	var t tally
	before := firstOK(stepsOf(e, "stats/type-b/leap-day", "before"))
	for _, x := range stepsOf(e, "stats/type-b/leap-day", "leap") {
		switch want := "29 February is answered like the day before"; {
		case before == nil || !x.Answered():
		case x.OK():
			t.pass(&x, want, brief(&x))
		default:
			t.fail(&x, want, brief(&x)+", while "+before.ID+" was answered")
		}
	}
	return t.judgement("the device answers no windows as old as the last leap day")
}
