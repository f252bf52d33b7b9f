package fools

import (
	"slices"
	"time"
)

// agreementFools give answers that are each good in themselves and do not fit together.
func agreementFools() []Fool {
	const id = "analytics/agreement/"
	return []Fool{
		mutant("agreement/b-omits-a-source", id+"b-with-c", "omits one source from template B where all are asked for", editRows("B", omitSource)),
		mutant("agreement/b-counts-bad-flows", id+"b-with-c", "counts one flow more in each row of template B", editEach("B", more("n_flows", 1))),
		mutant("agreement/b-loses-the-last-interval", id+"b-with-c", "leaves the last interval of the window out in template B", editRows("B", func(_ *call, rows []any) []any {
			all := times(rows)
			return dropTimes(rows, func(t time.Time) bool { return t.Equal(all[len(all)-1]) })
		})),
		mutant("agreement/b-ignores-seconds", id+"b-with-c", "reads the times of template B to the minute", editRequests("B", func(o *object) {
			for _, key := range []string{"start_time", "end_time"} {
				if t, ok := edge(o, key); ok {
					setEdge(o, key, t.Truncate(time.Minute))
				}
			}
		})),
		mutant("agreement/hours-have-mean-peaks", id+"peaks", "tells half of the peak in hours", ofInterval(time.Hour, halfPeaks)),
		mutant("agreement/minutes-have-mean-peaks", id+"peaks", "tells half of the peak in minutes", ofInterval(time.Minute, halfPeaks)),
		mutant("agreement/a-counts-twice", id+"a-with-c", "counts bytes twice in template A", editEach("A", double("n_bytes"))),
		mutant("agreement/c-reads-milliseconds", id+"a-with-c", "reads the times of template C as milliseconds", editRequests("C", func(o *object) {
			for _, key := range []string{"start_time", "end_time"} {
				if n, ok := o.count(key); ok && n > 0 {
					setCount(o, key, n/1000)
				}
			}
		})),
		mutant("agreement/hours-are-means", id+"minutes-with-hours", "gives the mean of the minutes as the flows of an hour", ofInterval(time.Hour, divide("n_flows", 60))),
		mutant("agreement/hours-lose-a-packet", id+"minutes-with-hours", "loses one packet in each hour", ofInterval(time.Hour, more("n_packets", -1))),
		mutant("agreement/minutes-of-45-seconds", id+"seconds-with-minutes", "has no rows for the last quarter of a minute", keepRows("", func(c *call, row *object) bool {
			t, ok := at(row)
			return !ok || interval(c.request()) != time.Second || t.Second() < 45
		})),
		mutant("agreement/minutes-count-twice", id+"seconds-with-minutes", "counts the bytes of a minute twice, and those of an hour", ofInterval(time.Minute, double("n_bytes"), time.Hour)),
		mutant("agreement/first-row-lost", id+"sub-windows", "loses the first interval of each window", editRows("", func(_ *call, rows []any) []any {
			all := times(rows)
			return dropTimes(rows, func(t time.Time) bool { return t.Equal(all[0]) })
		})),
		mutant("agreement/last-row-partial", id+"sub-windows", "counts only half of the last interval of each window", editRows("", lastHalf)),
		mutant("agreement/one-source-counts-more", id+"sources-with-all", "counts one flow more in each row where one source is asked for", forOne(more("n_flows", 1))),
		mutant("agreement/ipv6-expanded-counts-more", id+"ipv6-spelling", "counts one flow more in each row where an IPv6 address is asked for with all its zeros", editRows("", func(c *call, rows []any) []any {
			o := c.request()
			a, ok := address(o)
			if s, _ := o.text("source_ip"); !ok || !a.Is6() || s != a.StringExpanded() || s == a.String() {
				return rows
			}
			eachRow(rows, func(row *object) { addTo(row, "n_flows", 1) })
			return rows
		})),
		mutant("agreement/one-source-adds-bytes", id+"sources-with-all", "adds the headers of the link layer to n_bytes where one source is asked for", forOne(more("n_bytes", 14))),
	}
}

// omitSource leaves out the source that sorts last, where there are several.
func omitSource(_ *call, rows []any) []any {
	var all []string
	eachRow(rows, func(row *object) { all = append(all, source(row)) })
	if len(all) == 0 || slices.Min(all) == slices.Max(all) {
		return rows
	}
	last := slices.Max(all)
	return slices.DeleteFunc(rows, func(r any) bool {
		row, ok := r.(*object)
		return ok && source(row) == last
	})
}

func more(key string, d int64) func(*object) { return func(row *object) { addTo(row, key, d) } }

func double(key string) func(*object) {
	return func(row *object) {
		if n, ok := row.count(key); ok {
			setCount(row, key, 2*n)
		}
	}
}

// divide rounds up, so that what was there stays there, and makes peaks fit below.
func divide(key string, by int64) func(*object) {
	return func(row *object) {
		n, ok := row.count(key)
		if !ok {
			return
		}
		mean := (n + by - 1) / by
		setCount(row, key, mean)
		if peak, ok := row.count("peak_" + key); ok {
			setCount(row, "peak_"+key, min(peak, mean))
		}
	}
}

// ofInterval changes the rows of some lengths.
func ofInterval(step time.Duration, edit func(*object), others ...time.Duration) behaviour {
	return editRows("", func(c *call, rows []any) []any {
		o := c.request()
		if o == nil {
			return rows
		}
		if i := interval(o); i == step || slices.Contains(others, i) {
			eachRow(rows, edit)
		}
		return rows
	})
}

// forOne changes the rows where one source is asked for.
func forOne(edit func(*object)) behaviour {
	return editRows("", func(c *call, rows []any) []any {
		o := c.request()
		if o == nil {
			return rows
		}
		if _, one := address(o); one {
			eachRow(rows, edit)
		}
		return rows
	})
}

// halfPeaks rounds up, so that no peak becomes zero.
func halfPeaks(row *object) {
	for _, k := range peaks() {
		if n, ok := row.count(k); ok {
			setCount(row, k, (n+1)/2)
		}
	}
}

// lastHalf halves the counts of the last interval; peaks become as large as what is left.
func lastHalf(_ *call, rows []any) []any {
	all := times(rows)
	for _, r := range rows {
		row, ok := r.(*object)
		if !ok {
			continue
		}
		if t, ok := at(row); !ok || !t.Equal(all[len(all)-1]) {
			continue
		}
		for _, key := range []string{"n_flows", "n_bytes", "n_packets"} {
			divide(key, 2)(row)
		}
	}
	return rows
}
