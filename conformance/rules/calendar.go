package rules

import (
	"slices"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// apart reports a probe that asks template B for days long past. Whether it was summer time then is not known, so its
// answers are compared with nothing but what its own rule knows how to compare them with.
func apart(probe string) bool {
	return slices.Contains([]string{"agree/long-windows", "stats/type-b/calendar", "stats/type-b/early-day", "stats/type-b/leap-day"}, probe)
}

// LongB judges that templates B and C have the same hours of many days.
func LongB(e *check.Evidence) check.Judgement {
	var t tally
	const probe, want = "agree/long-windows", "templates B and C have the same hours of many days"
	b, c := step(e, probe, "b"), step(e, probe, "c")
	if b == nil || c == nil {
		return t.judgement("windows of many days were not answered")
	}
	// The zone of B may have changed within the window: its edges are told by an hour more or less.
	in := both(inner(e, b), inner(e, c))
	in = span{in.From.Add(time.Hour), in.To.Add(-time.Hour)}
	// What is kept for 45 days or less may have lost its oldest hour from one answer to the next.
	if times := slices.Concat(b.times(), c.times()); len(times) > 0 {
		if kept := slices.MinFunc(times, time.Time.Compare).Add(2 * time.Hour); kept.After(in.From) {
			in.From = kept
		}
	}
	for _, pair := range [][2]*Answer{{b, c}, {c, b}} {
		if got := lacks(pair[0], pair[1], in); got != "" {
			t.fail(pair[0].X, want, got)
		} else if len(pair[1].Rows) > 0 {
			t.pass(pair[0].X, want, "as promised")
		}
	}
	if got := differs(e, b, c); got != "" {
		t.fail(b.X, want, got)
	}
	return t.judgement(noRows)
}

// CalendarDay judges that template B answers a day of the calendar for which template C answers.
func CalendarDay(day string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		const probe, want = "stats/type-b/calendar", "a time of the documented form is answered, as template C answers it"
		asked := stepsOf(e, probe, day+" c")
		var refused []exchange.Exchange
		for i, x := range stepsOf(e, probe, day+" b") {
			switch {
			case i >= len(asked) || !asked[i].OK() || !x.Answered():
			case x.OK():
				t.pass(&x, want, brief(&x))
			default:
				refused = append(refused, x)
			}
		}
		if t.judged == 0 {
			for i := range refused {
				t.fail(&refused[i], want, brief(&refused[i]))
			}
		}
		return t.judgement("template C did not answer windows of such days either")
	}
}
