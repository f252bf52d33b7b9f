package fools

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// requestFools read the requests of import_stats wrongly.
func requestFools() []Fool {
	const req = "analytics/request/type-"
	out := []Fool{
		mutant("request/a-not-known", req+"a/resource", "does not find template A", instead(inTemplate("A"), func(*call) *answer {
			return refusal(http.StatusNotFound, "RESOURCE_NOT_FOUND", "There is no such template.")
		})),
		mutant("request/b-forbidden", req+"b/resource", "forbids template B", instead(inTemplate("B"), func(*call) *answer {
			return refusal(http.StatusForbidden, "AUTH_FORBIDDEN", "This account may not ask for a range of time.")
		})),
		mutant("request/c-refused", req+"c/resource", "refuses every request of template C", refuseRequests("C", func(*object) string {
			return "interval_type is missing."
		})),
		mutant("request/a-body-ignored", req+"a/body-is-read", "gives the first answer to template A again, whatever is asked", stuck("A")),
		mutant("request/b-body-ignored", req+"b/body-is-read", "gives the first answer to template B again, whatever is asked", stuck("B")),
		mutant("request/c-body-ignored", req+"c/body-is-read", "gives the first answer to template C again, whatever is asked", stuck("C")),
		mutant("request/a-mixture-taken", req+"a/mixed-templates", "fills in what a request of template A leaves out", editRequests("A", completeA)),
		mutant("request/b-window-guessed", req+"b/mixed-templates", "takes the last hour where no window is named", editRequests("A", guessWindow("hours"))),
		mutant("request/c-window-guessed", req+"c/mixed-templates", "takes the last day where no window is named", editRequests("A", guessWindow("days"))),
	}
	for _, slug := range []string{"a", "b", "c"} {
		t := strings.ToUpper(slug)
		out = append(out,
			mutant("request/"+slug+"-needs-envelope", req+slug+"/body-form", "takes template "+t+" only inside an object under RequestedStats",
				refuseRequests(t, func(*object) string { return "RequestedStats is missing." })),
		)
	}
	out = append(out, structureFools(req)...)
	out = append(out, exampleFools(req)...)
	out = append(out, typeFools(req)...)
	out = append(out, unitFools(req)...)
	return append(out, timeFools(req)...)
}

// junk tells what a body is that is no object of a request: "" for one that is.
func junk(c *call) string {
	v, err := decode(c.body)
	if err != nil {
		return "text"
	}
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
	}
	switch v := v.(type) {
	case *object:
		if len(v.keys) == 0 {
			return "empty"
		}
		return ""
	case []any:
		return ""
	}
	return "scalar"
}

// structureFools take bodies that are no requests. Which template such a body was to be cannot be told, unless its
// text holds a key of one: a body that holds none counts as each template's.
func structureFools(req string) []Fool {
	taken := func(t, kind string) behaviour {
		return func(within step) step {
			return func(c *call) *answer {
				a := within(c)
				if a.status == http.StatusBadRequest && c.is(http.MethodGet, statsPath) && junk(c) == kind && hints(string(c.body), t) {
					return asJSON(http.StatusOK, []any{})
				}
				return a
			}
		}
	}
	return []Fool{
		mutant("request/a-malformed-taken", req+"a/structure", "answers bodies of template A that are no JSON with an empty array", taken("A", "text")),
		mutant("request/b-scalar-taken", req+"b/structure", "answers a bare string or number as template B with an empty array", taken("B", "scalar")),
		mutant("request/c-empty-object-taken", req+"c/structure", "answers an object without keys as template C with an empty array", taken("C", "empty")),
	}
}

// hints reports that a body could have been meant as template t.
func hints(body, t string) bool {
	switch {
	case strings.Contains(body, "interval"):
		return t == "A"
	case strings.Contains(body, "start_time") && strings.Contains(body, "/"):
		return t == "B"
	case strings.Contains(body, "start_time"):
		return t == "C"
	}
	return true
}

// exampleFools refuse what the documents print as examples, for a reason of their own.
func exampleFools(req string) []Fool {
	return []Fool{
		warned(mutant("request/a-sixty-refused", req+"a/example", "refuses a time_interval of 60 minutes, as that would be an hour", refuseRequests("A", func(o *object) string {
			unit, _ := o.text("interval_type")
			if n, ok := o.count("time_interval"); ok && n == 60 && unit == "minutes" {
				return "time_interval must be less than 60; use hours."
			}
			return ""
		}))),
		warned(mutant("request/b-seconds-refused", req+"b/example", "refuses times in template B that are no whole minutes", refuseRequests("B", func(o *object) string {
			if t, ok := edge(o, "start_time"); ok && t.Second() != 0 {
				return "start_time must be a whole minute."
			}
			return ""
		}))),
		warned(mutant("request/c-hour-refused", req+"c/example", "refuses minutes of exactly one hour in template C", refuseRequests("C", func(o *object) string {
			if interval(o) == time.Minute && span(o) == time.Hour {
				return "Use flows_per_hour."
			}
			return ""
		}))),
	}
}

// typeFools read stats_type wrongly.
func typeFools(req string) []Fool {
	known := map[string]bool{"flows_per_second": true, "flows_per_minute": true, "flows_per_hour": true}
	unknown := func(t, instead string, missing bool) behaviour {
		return editRequests(t, func(o *object) {
			s, isText := o.text("stats_type")
			if (o.has("stats_type") || missing) && !known[s] && (isText || missing) {
				o.set("stats_type", instead)
			}
		})
	}
	out := []Fool{
		mutant("request/a-stats-type-guessed", req+"a/stats-type", "takes any other text of stats_type in template A as flows_per_hour", unknown("A", "flows_per_hour", false)),
		mutant("request/b-stats-type-optional", req+"b/stats-type", "takes template B without a known stats_type as flows_per_hour", unknown("B", "flows_per_hour", true)),
		mutant("request/c-stats-type-in-seconds", req+"c/stats-type", "takes a number for stats_type in template C", editRequests("C", func(o *object) {
			if _, isNumber := o.get("stats_type").(json.Number); isNumber {
				o.set("stats_type", "flows_per_hour")
			}
		})),
	}
	swaps := []struct{ template, from, to string }{
		{"a", "second", "minute"},
		{"a", "minute", "hour"},
		{"a", "hour", "minute"},
		{"b", "second", "hour"},
		{"b", "minute", "second"},
		{"b", "hour", "minute"},
		{"c", "second", "minute"},
		{"c", "minute", "hour"},
		{"c", "hour", "second"},
	}
	for _, s := range swaps {
		out = append(out, mutant(
			"request/"+s.template+"-"+s.from+"s-as-"+s.to+"s", req+s.template+"/stats-type/per-"+s.from,
			"answers flows_per_"+s.from+" of template "+strings.ToUpper(s.template)+" with rows of a "+s.to,
			editRequests(strings.ToUpper(s.template), func(o *object) {
				if v, _ := o.text("stats_type"); v == "flows_per_"+s.from {
					o.set("stats_type", "flows_per_"+s.to)
				}
			}),
		))
	}
	return out
}

// unitFools read interval_type and time_interval of template A wrongly.
func unitFools(req string) []Fool {
	as := func(unit, other string, factor int64) behaviour {
		return editRequests("A", func(o *object) {
			n, ok := o.count("time_interval")
			if v, _ := o.text("interval_type"); v == unit && ok {
				o.set("interval_type", other)
				setCount(o, "time_interval", n*factor)
			}
		})
	}
	number := func(read func(any) (json.Number, bool)) behaviour {
		return editRequests("A", func(o *object) {
			if n, ok := read(o.get("time_interval")); ok {
				o.set("time_interval", n)
			}
		})
	}
	unit := req + "a/interval-type/"
	return []Fool{
		mutant("request/seconds-as-minutes", unit+"seconds", "counts seconds as minutes", as("seconds", "minutes", 1)),
		mutant("request/minutes-as-seconds", unit+"minutes", "counts minutes as seconds", as("minutes", "seconds", 1)),
		mutant("request/hours-as-minutes", unit+"hours", "counts hours as minutes", as("hours", "minutes", 1)),
		mutant("request/days-of-twelve-hours", unit+"days", "counts twelve hours for a day", as("days", "hours", 12)),
		mutant("request/weeks-of-five-days", unit+"weeks", "counts five days for a week", as("weeks", "days", 5)),
		mutant("request/months-of-four-days", unit+"months", "counts four days for a month", as("months", "days", 4)),
		mutant("request/interval-type-guessed", req+"a/interval-type", "takes any other text of interval_type as minutes", editRequests("A", func(o *object) {
			if v, ok := o.text("interval_type"); ok && units()[v] == 0 {
				o.set("interval_type", "minutes")
			}
		})),
		mutant("request/interval-type-optional", req+"a/interval-type", "takes template A without interval_type in minutes", editRequests("A", func(o *object) {
			if o.has("time_interval") && !o.has("interval_type") {
				o.set("interval_type", "minutes")
			}
		})),
		mutant("request/time-interval-in-quotes", req+"a/time-interval", "takes time_interval in quotes", number(func(v any) (json.Number, bool) {
			s, ok := v.(string)
			return json.Number(s), ok && digits(s)
		})),
		mutant("request/time-interval-cut", req+"a/time-interval", "takes a time_interval with a fraction and cuts it", number(func(v any) (json.Number, bool) {
			n, ok := v.(json.Number)
			whole, _, point := strings.Cut(n.String(), ".")
			return json.Number(whole), ok && point
		})),
		mutant("request/time-interval-true-is-one", req+"a/time-interval", "takes true for a time_interval of 1", number(func(v any) (json.Number, bool) {
			return "1", v == true
		})),
	}
}

// timeFools read start_time and end_time wrongly.
func timeFools(req string) []Fool {
	return []Fool{
		mutant("request/b-month-first", req+"b/start-time", "reads the month first in template B and refuses days after the twelfth", monthFirst),
		mutant("request/b-start-time-iso-taken", req+"b/start-time", "takes other forms of start_time in template B too", editRequests("B", lenient("start_time"))),
		mutant("request/b-february-rolls-over", req+"b/start-time", "takes 30 February as a day of March in template B", editRequests("B", func(o *object) {
			for _, key := range []string{"start_time", "end_time"} {
				if s, _ := o.text(key); strings.HasPrefix(s, "30/02/") {
					rollOver(key)(o)
				}
			}
		})),
		mutant("request/b-knows-no-leap-day", req+"b/start-time", "refuses 29 February in template B", refuseRequests("B", func(o *object) string {
			if s, _ := o.text("start_time"); strings.HasPrefix(s, "29/02/") {
				return "February has 28 days."
			}
			return ""
		})),
		mutant("request/b-end-time-rolls-over", req+"b/end-time", "takes day 32, hour 25 and minute 61 for end_time in template B", editRequests("B", rollOver("end_time"))),
		mutant("request/b-end-time-is-now", req+"b/end-time", "takes any text for end_time in template B as an hour after the start", editRequests("B", func(o *object) {
			start, ok1 := edge(o, "start_time")
			if _, ok2 := edge(o, "end_time"); ok1 && !ok2 {
				o.set("end_time", start.Add(time.Hour).Format(localForm))
			}
		})),
		mutant("request/c-start-time-in-quotes", req+"c/start-time", "takes start_time of template C in quotes", editRequests("C", func(o *object) {
			if s, ok := o.text("start_time"); ok && digits(s) {
				o.set("start_time", json.Number(s))
			}
		})),
		mutant("request/c-start-time-optional", req+"c/start-time", "takes template C without start_time as one hour", editRequests("C", func(o *object) {
			if end, ok := o.count("end_time"); ok && !o.has("start_time") {
				o.set("start_time", number(end-3600))
			}
		})),
		mutant("request/c-end-time-cut", req+"c/end-time", "takes end_time of template C with a fraction and cuts it", editRequests("C", func(o *object) {
			if n, ok := o.get("end_time").(json.Number); ok {
				whole, _, _ := strings.Cut(n.String(), ".")
				o.set("end_time", json.Number(whole))
			}
		})),
		mutant("request/c-end-time-null-is-now", req+"c/end-time", "takes null for end_time of template C as one hour after the start", editRequests("C", func(o *object) {
			if start, ok := o.count("start_time"); ok && o.has("end_time") && o.get("end_time") == nil {
				o.set("end_time", number(start+3600))
			}
		})),
	}
}

// monthFirst swaps day and month before the device reads them.
func monthFirst(within step) step {
	return func(c *call) *answer {
		o := c.request()
		if o == nil || templateOf(o) != "B" {
			return within(c)
		}
		for _, key := range []string{"start_time", "end_time"} {
			t, ok := edge(o, key)
			if !ok {
				return within(c)
			}
			if t.Day() > 12 {
				return badRequest(key + " has no such month.")
			}
			o.set(key, t.Format("01/02/2006 15:04:05"))
		}
		return within(c.rewritten(o))
	}
}

// lenient rewrites other usual forms of a time into the documented one.
func lenient(key string) func(*object) {
	return func(o *object) {
		s, _ := o.text(key)
		for _, form := range []string{time.RFC3339, time.DateTime, "2006/01/02 15:04:05", "02/01/2006", "01/02/2006 15:04:05"} {
			if t, err := time.Parse(form, s); err == nil {
				if _, good := edge(o, key); !good {
					o.set(key, t.Format(localForm))
				}
				return
			}
		}
	}
}

// rollOver adds up the parts of a time, as mktime does, so that day 32 is a day of the next month.
func rollOver(key string) func(*object) {
	return func(o *object) {
		s, _ := o.text(key)
		parts := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("/ :", r) })
		if len(parts) != 6 || len(s) != len(localForm) || s[2] != '/' {
			return
		}
		var n [6]int
		for i, p := range parts {
			v, err := strconv.Atoi(p)
			if err != nil {
				return
			}
			n[i] = v
		}
		o.set(key, time.Date(n[2], time.Month(n[1]), n[0], n[3], n[4], n[5], 0, time.UTC).Format(localForm))
	}
}

// completeA adds the keys that a request of template A lacks.
func completeA(o *object) {
	for _, f := range []struct {
		key   string
		value any
	}{{"stats_type", "flows_per_minute"}, {"interval_type", "minutes"}, {"time_interval", json.Number("5")}, {"source_ip", ""}} {
		if !o.has(f.key) {
			o.set(f.key, f.value)
		}
	}
}

// guessWindow asks for one unit of time where a request names no window at all.
func guessWindow(unit string) func(*object) {
	return func(o *object) {
		if o.has("stats_type") && !o.has("interval_type") && !o.has("time_interval") {
			o.set("interval_type", unit)
			o.set("time_interval", number(1))
		}
	}
}

// mixedTo writes a number as text where another key's time is text.
func mixedTo(like string) func(*object) {
	return func(o *object) {
		if s, isText := o.text(like); !isText || digits(s) {
			return
		}
		if n, ok := o.get("end_time").(json.Number); ok {
			if sec, err := n.Int64(); err == nil {
				o.set("end_time", time.Unix(sec, 0).UTC().Format(localForm))
			}
		}
	}
}

// mixedToEpoch writes text as a number where start_time is a number.
func mixedToEpoch(o *object) {
	if _, isNumber := o.get("start_time").(json.Number); !isNumber {
		return
	}
	if s, isText := o.text("end_time"); isText && !digits(s) {
		if t, ok := edge(o, "end_time"); ok {
			o.set("end_time", number(t.Unix()))
		}
	}
}
