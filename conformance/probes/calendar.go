package probes

import (
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// The probes of windows that cross what calendars have: midnight, the end of a month, of a year, of summer time.
const (
	LongWindows = "agree/long-windows"
	Calendar    = "stats/type-b/calendar"
)

// CalendarDays are what template B is asked for by the calendar, each with several days: one may be what a zone's summer
// time leaves out.
var CalendarDays = []string{"midnight", "new-year", "last-of-month", "last-second"}

// calendar are the probes whose windows have edges that only some days have.
func (s *set) calendar() []check.Probe {
	return []check.Probe{
		{Name: LongWindows, Profile: check.Standard, After: []string{ScoutZone}, Send: send(s.longWindows)},
		{Name: Calendar, Profile: check.Standard, After: []string{ScoutZone}, Send: send(s.byTheCalendar)},
	}
}

// longWindows asks templates B and C for the hours of 45 days, in which a month ends, and template C for three days and
// for both halves of them, in each of which a day begins.
func (s *set) longWindows(sn check.Session) []exchange.Request {
	const day = 24 * time.Hour
	f := sn.Facts()
	end := closed(sn, time.Hour)
	noon := end.Truncate(day).Add(-12 * time.Hour)
	ask := func(step, template string, start, end time.Time) exchange.Request {
		return s.query(f, step, template, s.window(sn, template, "flows_per_hour", start, end, one(f)))
	}
	return []exchange.Request{
		ask("b", "B", end.Add(-45*day), end), ask("c", "C", end.Add(-45*day), end),
		ask("whole", "C", noon.Add(-2*day), noon), ask("first", "C", noon.Add(-2*day), noon.Add(-day)), ask("second", "C", noon.Add(-day), noon),
	}
}

// byTheCalendar asks template B for days by name, and template C for the same windows.
func (s *set) byTheCalendar(sn check.Session) []exchange.Request {
	const day = 24 * time.Hour
	f := sn.Facts()
	now := deviceNow(sn)
	today := now.Truncate(day)
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	year := time.Date(now.Year(), time.January, 1, 0, 0, 0, 0, time.UTC)
	var out []exchange.Request
	ask := func(step string, start, end time.Time) {
		// The text is to name these times, so no zone is added to it.
		out = append(out, s.query(f, step+" b", "B", corpus.Text("flows_per_hour", start, end, 0, one(f))),
			s.query(f, step+" c", "C", corpus.Epoch("flows_per_hour", start.Add(-f.Zone), end.Add(-f.Zone), one(f))))
	}
	for n := range 2 {
		back := time.Duration(n+2) * day // in the past in every zone
		ask("midnight", today.Add(-back), today.Add(time.Hour-back))
		ask("last-second", today.Add(-back-time.Hour), today.Add(-back-time.Second))
		ask("new-year", year.AddDate(-n, 0, 0).Add(-time.Hour), year.AddDate(-n, 0, 0).Add(time.Hour))
	}
	for n, asked := 1, 0; asked < 2; n++ {
		if last := month.AddDate(0, 1-n, -1); last.Day() == 31 && last.Before(today.Add(-day)) {
			ask("last-of-month", last.Add(10*time.Hour), last.Add(14*time.Hour))
			asked++
		}
	}
	return out
}
