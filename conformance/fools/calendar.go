package fools

import (
	"strings"
	"time"
)

// calendarFools are right on most days and wrong where a day, a month or a year begins.
func calendarFools() []Fool {
	const start, id = "analytics/request/type-b/start-time", "analytics/agreement/"
	refuse := func(name, about, why string, when func(start, end string) bool) Fool {
		return mutant("calendar/"+name, start, about, refuseRequests("B", func(o *object) string {
			from, _ := o.text("start_time")
			to, _ := o.text("end_time")
			if len(from) == len(localForm) && len(to) == len(localForm) && when(from, to) {
				return why
			}
			return ""
		}))
	}
	return []Fool{
		refuse("b-knows-no-midnight", "refuses windows of template B that begin at 00:00:00", "There is no hour 00.", func(start, _ string) bool {
			return strings.HasSuffix(start, " 00:00:00")
		}),
		refuse("b-knows-no-last-second", "refuses windows of template B that end at 23:59:59", "The end is no whole minute.", func(_, end string) bool {
			return strings.HasSuffix(end, "23:59:59")
		}),
		refuse("b-knows-thirty-days", "refuses the 31st in template B", "A month has thirty days.", func(start, _ string) bool {
			return strings.HasPrefix(start, "31/") && !strings.HasPrefix(start, "31/12/")
		}),
		refuse("b-stays-within-a-year", "refuses windows of template B that begin in one year and end in another", "start_time and end_time are of different years.",
			func(start, end string) bool { return start[6:10] != end[6:10] }),
		mutant("calendar/b-loses-midnight", id+"b-with-c", "loses the first hour of each day in template B", keepRows("B", func(c *call, row *object) bool {
			t, ok := at(row)
			return !ok || interval(c.request()) != time.Hour || t.Hour() != 0
		})),
		mutant("calendar/b-rests-on-sundays", id+"b-with-c", "loses the Sundays in template B", keepRows("B", func(_ *call, row *object) bool {
			t, ok := at(row)
			return !ok || t.Weekday() != time.Sunday
		})),
		mutant("calendar/windows-end-with-their-day", id+"sub-windows", "tells nothing of what follows the day after the one on which a window begins", editRows("C", func(c *call, rows []any) []any {
			from, ok := edge(c.request(), "start_time")
			if !ok {
				return rows
			}
			return dropTimes(rows, func(t time.Time) bool { return t.Sub(from.Truncate(24*time.Hour)) >= 48*time.Hour })
		})),
	}
}
