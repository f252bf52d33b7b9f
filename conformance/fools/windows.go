package fools

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

func later(d time.Duration) func(*object) {
	return func(row *object) {
		if t, ok := at(row); ok {
			setTime(row, t.Add(d))
		}
	}
}

// tooLate appends a copy of the last row, one window and three intervals after it.
func tooLate(c *call, rows []any) []any {
	if len(rows) == 0 {
		return rows
	}
	last, ok := rows[len(rows)-1].(*object)
	if !ok {
		return rows
	}
	extra := last.clone()
	later(span(c.request()) + 3*interval(c.request()))(extra)
	return append(rows, extra)
}

// times lists the distinct times of rows, rising.
func times(rows []any) []time.Time {
	var out []time.Time
	for _, r := range rows {
		if o, ok := r.(*object); ok {
			if t, ok := at(o); ok {
				out = append(out, t)
			}
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// dropTimes leaves out the rows at some times.
func dropTimes(rows []any, drop func(time.Time) bool) []any {
	out := []any{}
	for _, r := range rows {
		if o, ok := r.(*object); ok {
			if t, ok := at(o); ok && drop(t) {
				continue
			}
		}
		out = append(out, r)
	}
	return out
}

func losesNewest(t string) behaviour {
	return editRows(t, func(_ *call, rows []any) []any {
		all := times(rows)
		if len(all) <= 3 {
			return rows
		}
		first := all[len(all)-len(all)/3]
		return dropTimes(rows, func(t time.Time) bool { return !t.Before(first) })
	})
}

func pages(_ *call, rows []any) []any {
	out := []any{}
	for i, r := range rows {
		if i == 0 || i%25 != 0 {
			out = append(out, r)
		}
	}
	return out
}

func sampled(c *call, rows []any) []any {
	step := interval(c.request())
	if step == 0 || len(times(rows)) <= 15 {
		return rows
	}
	return dropTimes(rows, func(t time.Time) bool { return t.Unix()/int64(step.Seconds())%2 == 1 })
}

func unaligned(c *call, rows []any) []any {
	step := interval(c.request())
	for _, r := range rows {
		if o, ok := r.(*object); ok {
			if t, ok := at(o); ok && step > time.Second && t.Unix()/int64(step.Seconds())%2 == 1 {
				setTime(o, t.Add(step/3))
			}
		}
	}
	return rows
}

func drifting(c *call, rows []any) []any {
	step := int64(interval(c.request()).Seconds())
	for _, r := range rows {
		if o, ok := r.(*object); ok && step > 1 {
			n, _ := o.count("n_bytes")
			later(time.Duration(n%(step-1)) * time.Second)(o)
		}
	}
	return rows
}

func offsetBySource(c *call, rows []any) []any {
	step := interval(c.request())
	for _, r := range rows {
		if o, ok := r.(*object); ok && step > time.Second {
			sum := 0
			for _, b := range []byte(source(o)) {
				sum += int(b)
			}
			later(time.Duration(7*sum%60) * step / 60)(o)
		}
	}
	return rows
}

// repeated has every row of the first source twice.
func repeated(_ *call, rows []any) []any {
	out := []any{}
	first := ""
	for _, r := range rows {
		out = append(out, r)
		if o, ok := r.(*object); ok {
			if first == "" {
				first = source(o)
			}
			if source(o) == first {
				out = append(out, r)
			}
		}
	}
	return out
}

func halves(_ *call, rows []any) []any {
	out := []any{}
	for _, r := range rows {
		o, ok := r.(*object)
		if !ok {
			out = append(out, r)
			continue
		}
		one, two := o.clone(), o.clone()
		for _, key := range append(counts(), peaks()...) {
			n, ok := o.count(key)
			if !ok {
				continue
			}
			setCount(one, key, n/2)
			setCount(two, key, n-n/2)
		}
		out = append(out, one, two)
	}
	return out
}

// setCount writes a whole number in the type that the key has.
func setCount(o *object, key string, n int64) {
	if _, isText := o.text(key); isText {
		o.set(key, strconv.FormatInt(n, 10))
		return
	}
	o.set(key, number(n))
}

// addTo adds to a whole number, which stays above zero; anything else is left alone.
func addTo(o *object, key string, d int64) {
	if n, ok := o.count(key); ok {
		setCount(o, key, max(0, n+d))
	}
}

// onRepeat changes the rows of template t when the same request has been answered n times before.
func onRepeat(t string, edit func(rows []any, n int) []any) behaviour {
	return func(within step) step {
		seen := map[string]int{}
		return editRows(t, func(c *call, rows []any) []any {
			n := seen[string(c.body)]
			seen[string(c.body)]++
			if n == 0 {
				return rows
			}
			return edit(rows, n)
		})(within)
	}
}

func grow(rows []any, n int) []any {
	for _, r := range rows {
		if o, ok := r.(*object); ok {
			addTo(o, "n_flows", int64(n))
		}
	}
	return rows
}

// growing adds the number of earlier answers of template t to the flows of every row.
func growing(t string) behaviour {
	return func(within step) step {
		n := 0
		return editRows(t, func(_ *call, rows []any) []any {
			n++
			return grow(rows, n-1)
		})(within)
	}
}

// stuck repeats the first good answer to template t, whatever the later requests say.
func stuck(t string) behaviour {
	return func(within step) step {
		var first *answer
		return func(c *call) *answer {
			a := within(c)
			if c.template() != t || a.status != http.StatusOK {
				return a
			}
			if first == nil {
				first = a
			}
			return &answer{status: first.status, header: first.header.Clone(), body: first.body}
		}
	}
}
