package fools

import (
	"bytes"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// The forms of times on the wire.
const (
	rowForm   = "2006-01-02 15:04:05-07:00"
	localForm = "02/01/2006 15:04:05"
)

// statsKeys are the keys of import_stats requests.
var statsKeys = map[string]bool{
	"stats_type": true, "interval_type": true, "time_interval": true, "start_time": true, "end_time": true, "source_ip": true,
}

// counts and peaks are the numeric keys of a row.
func counts() []string {
	return []string{"n_flows", "n_bytes", "n_bad_bytes", "n_packets", "n_bad_packets"}
}

func peaks() []string { return []string{"peak_n_flows", "peak_n_bytes", "peak_n_packets"} }

// request is the object of a request to import_stats, bare or alone in an array; nil where there is none.
func (c *call) request() *object {
	if !c.is(http.MethodGet, statsPath) {
		return nil
	}
	v, err := decode(c.body)
	if err != nil {
		return nil
	}
	if list, ok := v.([]any); ok && len(list) == 1 {
		v = list[0]
	}
	o, _ := v.(*object)
	return o
}

// template tells which template a request means: by its keys and the types of its times. It is "" where the request
// has none of the keys.
func (c *call) template() string {
	o := c.request()
	if o == nil {
		return ""
	}
	return templateOf(o)
}

func templateOf(o *object) string {
	for _, key := range []string{"start_time", "end_time"} {
		switch o.get(key).(type) {
		case nil:
		case string:
			if s, _ := o.text(key); digits(s) {
				return "C" // quoted epoch seconds
			}
			return "B"
		default:
			return "C"
		}
	}
	if o.has("interval_type") || o.has("time_interval") || o.has("stats_type") || o.has("source_ip") {
		return "A"
	}
	return ""
}

// inTemplate matches the requests of template t.
func inTemplate(t string) func(*call) bool {
	return func(c *call) bool { return c.template() == t }
}

// statistics matches every GET of import_stats.
func statistics(c *call) bool { return c.is(http.MethodGet, statsPath) }

// rewritten is the call with another request object, in the form that the call has.
func (c *call) rewritten(o *object) *call {
	if v, err := decode(c.body); err == nil {
		if _, ok := v.([]any); ok {
			return c.with(encode([]any{o}))
		}
	}
	return c.with(encode(o))
}

// editRequests changes the requests of template t ("" for every template) before the device sees them.
func editRequests(t string, edit func(*object)) behaviour {
	return func(within step) step {
		return func(c *call) *answer {
			o := c.request()
			if o == nil || t != "" && templateOf(o) != t {
				return within(c)
			}
			before := encode(o)
			if edit(o); bytes.Equal(before, encode(o)) {
				return within(c)
			}
			return within(c.rewritten(o))
		}
	}
}

// refuseRequests answers the requests of template t for which the reason is not empty with BAD_REQUEST.
func refuseRequests(t string, why func(*object) string) behaviour {
	return instead(inTemplate(t), func(c *call) *answer {
		if reason := why(c.request()); reason != "" {
			return badRequest(reason)
		}
		return nil
	})
}

// rows are the items of a successful answer; ok is false where it is not a JSON array.
func (a *answer) rows() (list []any, ok bool) {
	if !a.ok() {
		return nil, false
	}
	v, err := decode(a.body)
	if err != nil {
		return nil, false
	}
	list, ok = v.([]any)
	return list, ok
}

// editRows changes the list of rows in answers to template t ("" for every template).
func editRows(t string, edit func(c *call, rows []any) []any) behaviour {
	of := statistics
	if t != "" {
		of = inTemplate(t)
	}
	return editAnswers(of, func(c *call, a *answer) {
		if !a.ok() {
			return
		}
		a.edit(func(v any) any {
			if rows, ok := v.([]any); ok {
				return edit(c, rows)
			}
			return v
		})
	})
}

// eachRow visits the rows that are objects.
func eachRow(rows []any, visit func(row *object)) {
	for _, r := range rows {
		if row, ok := r.(*object); ok {
			visit(row)
		}
	}
}

// editEach changes every row in answers to template t ("" for every template).
func editEach(t string, edit func(row *object)) behaviour {
	return editRows(t, func(_ *call, rows []any) []any {
		eachRow(rows, edit)
		return rows
	})
}

// keepRows leaves out the rows that keep does not want.
func keepRows(t string, keep func(c *call, row *object) bool) behaviour {
	return editRows(t, func(c *call, rows []any) []any {
		out := []any{}
		for _, r := range rows {
			if o, ok := r.(*object); !ok || keep(c, o) {
				out = append(out, r)
			}
		}
		return out
	})
}

// at is the time of a row; ok is false where it is in no form that fools know.
func at(row *object) (t time.Time, ok bool) {
	s, _ := row.text("time")
	for _, form := range []string{rowForm, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", time.RFC3339} {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// setTime gives a row another time.
func setTime(row *object, t time.Time) { row.set("time", t.UTC().Format(rowForm)) }

// source is the source device of a row.
func source(row *object) string {
	s, _ := row.text("source_ip")
	return s
}

// interval is the length of the rows that a request asks for; 0 where it says none.
func interval(o *object) time.Duration {
	s, _ := o.text("stats_type")
	return map[string]time.Duration{"flows_per_second": time.Second, "flows_per_minute": time.Minute, "flows_per_hour": time.Hour}[s]
}

// units are the lengths of template A's units; a month is taken as 30 days.
func units() map[string]time.Duration {
	const day = 24 * time.Hour
	return map[string]time.Duration{
		"seconds": time.Second, "minutes": time.Minute, "hours": time.Hour, "days": day, "weeks": 7 * day, "months": 30 * day,
	}
}

// span is the length of a request's window; 0 where it is not told.
func span(o *object) time.Duration {
	switch templateOf(o) {
	case "A":
		unit, _ := o.text("interval_type")
		n, _ := o.count("time_interval")
		return time.Duration(n) * units()[unit]
	default:
		start, ok1 := edge(o, "start_time")
		end, ok2 := edge(o, "end_time")
		if ok1 && ok2 {
			return end.Sub(start)
		}
	}
	return 0
}

// edge is a time of template B, read as UTC, or C.
func edge(o *object, key string) (t time.Time, ok bool) {
	if n, ok := o.count(key); ok {
		return time.Unix(n, 0).UTC(), true
	}
	s, _ := o.text(key)
	t, err := time.Parse(localForm, s)
	return t, err == nil
}

// setEdge writes a time in the template's form.
func setEdge(o *object, key string, t time.Time) {
	if _, isText := o.text(key); isText {
		o.set(key, t.UTC().Format(localForm))
		return
	}
	o.set(key, number(t.Unix()))
}

// shift moves a window; requests whose times cannot be read stay as they are.
func shift(o *object, d time.Duration) {
	for _, key := range []string{"start_time", "end_time"} {
		if t, ok := edge(o, key); ok {
			setEdge(o, key, t.Add(d))
		}
	}
}

// address is the source of a request as an address; ok is false for none, for all, and for what is no address.
func address(o *object) (a netip.Addr, ok bool) {
	s, _ := o.text("source_ip")
	a, err := netip.ParseAddr(strings.TrimSpace(s))
	return a, err == nil
}
