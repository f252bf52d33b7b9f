package fools

import (
	"net/http"
	"time"
)

// oddKeeping keep and label rows in ways that no document speaks of.
func oddKeeping() []Fool {
	return []Fool{
		odd("rows-labelled-by-their-end", "labels rows with the end of their interval", editRows("", func(c *call, rows []any) []any {
			for _, r := range rows {
				if row, ok := r.(*object); ok {
					later(interval(c.request()))(row)
				}
			}
			return rows
		})),
		odd("seconds-kept-for-four-minutes", "forgets rows of seconds after four minutes by its own clock", keptFor(time.Second, 4*time.Minute)),
		odd("minutes-kept-for-three-hours", "forgets rows of minutes after three hours by its own clock", keptFor(time.Minute, 3*time.Hour)),
	}
}

// keptFor leaves out the rows of an interval that are older than that, by the device's Date.
func keptFor(step, age time.Duration) behaviour {
	return editAnswers(statistics, func(c *call, a *answer) {
		o := c.request()
		now, err := http.ParseTime(a.header.Get("Date"))
		if o == nil || err != nil || !a.ok() || interval(o) != step {
			return
		}
		a.edit(func(v any) any {
			if rows, ok := v.([]any); ok {
				return dropTimes(rows, func(t time.Time) bool { return t.Before(now.Add(-age)) })
			}
			return v
		})
	})
}
