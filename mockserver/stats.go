package mockserver

import (
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
	"github.com/flowgate-dev/flowgate/openapi"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
	"github.com/flowgate-dev/flowgate/openapi/schema"
)

// importStats answers GET import_stats (analytics, templates A, B and C).
func (a *Appliance) importStats(c *call) (answer, error) {
	items, err := requested(c)
	if err != nil {
		return answer{}, err
	}
	queries := c.queries[:0]
	for i, item := range items {
		prefix := ""
		if _, array := c.body.JSON.([]any); array {
			prefix = "/" + strconv.Itoa(i)
		}
		q, err := a.query(c, item, prefix)
		if err != nil {
			return answer{}, err
		}
		queries = append(queries, q)
	}
	return answer{status: http.StatusOK, stream: func(p *pieces) error { return a.rows(c, p, queries) }}, nil
}

// requested lists the request objects of a body: the bare one, or those of the array, as the dialect has it.
func requested(c *call) ([]any, error) {
	form := c.dialect.Answer(dialect.RequestForm)
	list, array := c.body.JSON.([]any)
	switch {
	case !array && form == "array":
		return nil, badRequest("The body must be an array (accepted: an array of one request object).")
	case !array:
		c.items[0] = c.body.JSON
		return c.items[:], nil
	case form == "bare":
		return nil, badRequest("The body must be an object (accepted: one request object, not in an array).")
	case len(list) == 0 && c.dialect.Answer(dialect.EmptyArray) == "reject":
		return nil, badRequest("The array is empty (accepted: an array of one request object).")
	case len(list) > 1:
		switch c.dialect.Answer(dialect.ArrayOfTwo) {
		case "reject":
			return nil, badRequest("The array has more than one element (accepted: an array of one request object).")
		case "first":
			return list[:1], nil
		}
	}
	return list, nil
}

// query judges one request object and makes a query of it. Prefix is the JSON pointer of the object.
func (a *Appliance) query(c *call, item any, prefix string) (flowstore.Query, error) {
	object, isObject := item.(map[string]any)
	if !isObject {
		return flowstore.Query{}, badRequest(strings.TrimPrefix(prefix+": ", ": ") + "must be an object (accepted: a request of template A, B or C).")
	}
	if err := a.judge(c, object, prefix); err != nil {
		return flowstore.Query{}, err
	}
	r := statsRequest{call: c, object: object, prefix: prefix, now: c.now.Unix()}
	q := flowstore.Query{
		Now:         r.now,
		Sum:         c.dialect.Answer(dialect.AllSources) == "sum",
		Silent:      c.dialect.Answer(dialect.SilentBuckets) == "zero",
		PeakMinutes: c.dialect.Answer(dialect.PeakInterval) == "minute",
	}
	switch c.dialect.Answer(dialect.RowOrder) {
	case "source":
		q.Order = flowstore.BySource
	case "newest":
		q.Order = flowstore.Newest
	}
	var err error
	if q.Interval, err = r.interval(); err != nil {
		return q, err
	}
	if q.Source, err = r.source(a.store); err != nil {
		return q, err
	}
	q.Window, err = r.window(q.Interval)
	return q, err
}

// judge validates a request object by the template that it was meant for.
func (a *Appliance) judge(c *call, object map[string]any, prefix string) error {
	op := c.route.op
	if len(op.Variants) == 0 {
		return a.validate(c, op.Request, c.route.fields, object, prefix)
	}
	recent := int(c.route.recent.Load())
	for i := range op.Variants {
		at := (recent + i) % len(op.Variants)
		if op.Variants[at].Schema.Fits(object) {
			c.route.recent.Store(int32(at)) //nolint:gosec // a few templates
			return nil
		}
	}
	v := op.Variant(object)
	if v == nil {
		return badRequest(strings.TrimPrefix(prefix+": ", ": ") + "no template of this resource has any of these properties (accepted: " + templates(op, c.route) + ").")
	}
	return a.validate(c, v.Schema, c.route.variants[v], object, prefix)
}

func templates(op *openapi.Operation, rt *route) string {
	var out []string
	for i := range op.Variants {
		v := &op.Variants[i]
		out = append(out, "template "+v.Name+" with "+rt.variants[v].names())
	}
	return strings.Join(out, "; ")
}

// statsRequest is a request object that its schema accepts.
type statsRequest struct {
	*call
	object map[string]any
	prefix string
	now    int64
}

// refuse is a BAD_REQUEST about one field.
func (r *statsRequest) refuse(field, reason, want string) *Problem {
	pointer := r.prefix + "/" + field
	p := badRequest(strings.TrimPrefix(pointer, "/") + ": " + reason + " (accepted: " + want + ").")
	p.Details = []schema.Detail{{Pointer: pointer, Keyword: "semantics", Reason: reason}}
	return p
}

func (r *statsRequest) interval() (flowstore.Granularity, error) {
	switch r.object["stats_type"] {
	case "flows_per_second":
		return flowstore.Second, nil
	case "flows_per_minute":
		return flowstore.Minute, nil
	case "flows_per_hour":
		return flowstore.Hour, nil
	}
	return 0, r.refuse("stats_type", "is not known here", `one of "flows_per_second", "flows_per_minute", "flows_per_hour"`)
}

// source is the address asked for, in the form in which the store knows it; zero for all.
func (r *statsRequest) source(s flowstore.Store) (netip.Addr, error) {
	text, _ := r.object["source_ip"].(string)
	if text == "" {
		return netip.Addr{}, nil
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return addr, r.refuse("source_ip", "is not an IP address", "an IPv4 or IPv6 address without a zone, or an empty string for all sources")
	}
	addr = addr.Unmap()
	if _, known := slices.BinarySearchFunc(s.Sources(), addr, netip.Addr.Compare); !known && r.dialect.Answer(dialect.UnknownSource) == "reject" {
		return addr, r.refuse("source_ip", "is not the address of a source device", "the address of a device that exports flows here, or an empty string for all")
	}
	return addr, nil
}

// window is the stretch of time asked for, by what the object has: template A has an interval_type.
func (r *statsRequest) window(g flowstore.Granularity) (flowstore.Window, error) {
	if _, last := r.object["interval_type"]; last {
		return r.last(g)
	}
	start, err := r.moment("start_time")
	if err != nil {
		return flowstore.Window{}, err
	}
	end, err := r.moment("end_time")
	if err != nil {
		return flowstore.Window{}, err
	}
	if start > end && r.dialect.Answer(dialect.ReversedWindow) == "reject" {
		return flowstore.Window{}, r.refuse("start_time", "is later than end_time", "a time that is not later than end_time")
	}
	if start > r.now && r.dialect.Answer(dialect.FutureWindow) == "reject" {
		return flowstore.Window{}, r.refuse("start_time", "lies in the future", "a time that has passed")
	}
	return flowstore.Between(start, end, g, edges(r.dialect)), nil
}

func edges(d dialect.Dialect) flowstore.Edges {
	switch d.Answer(dialect.WindowEdges) {
	case "start":
		return flowstore.Start
	case "inside":
		return flowstore.Inside
	case "closed":
		return flowstore.Closed
	}
	return flowstore.Cover
}

func (r *statsRequest) last(g flowstore.Granularity) (flowstore.Window, error) {
	n, _ := r.object["time_interval"].(float64)
	l := flowstore.Last{
		N: whole(n), Interval: g, Running: r.dialect.Answer(dialect.CurrentBucket) == "include",
		Thirty: r.dialect.Answer(dialect.MonthLength) == "30d",
	}
	switch r.object["interval_type"] {
	case "seconds":
		l.Unit = flowstore.Seconds
	case "minutes":
		l.Unit = flowstore.Minutes
	case "hours":
		l.Unit = flowstore.Hours
	case "days":
		l.Unit = flowstore.Days
	case "weeks":
		l.Unit = flowstore.Weeks
	case "months":
		l.Unit = flowstore.Months
	default:
		return flowstore.Window{}, r.refuse("interval_type", "is not known here", `one of "seconds", "minutes", "hours", "days", "weeks", "months"`)
	}
	return l.Window(time.Unix(r.now, 0)), nil
}

// moment reads start_time or end_time: text is of template B, a number of template C.
func (r *statsRequest) moment(field string) (int64, error) {
	switch v := r.object[field].(type) {
	case string:
		t, err := localTime(v, zone(r.dialect.Answer(dialect.TemplateBZone)))
		if err != nil {
			return 0, r.refuse(field, "is not a time of the calendar", "day/month/year hour:minute:second, such as 23/08/2023 11:36:41")
		}
		return t.Unix(), nil
	case float64:
		if slices.Contains(r.body.Fractions, r.prefix+"/"+field) && r.dialect.Answer(dialect.EpochForm) == "reject" {
			return 0, r.refuse(field, "is written with a fraction or an exponent", "epoch seconds as digits only")
		}
		return whole(v), nil
	}
	return 0, r.refuse(field, "is missing or of the wrong type", "a time as text or as epoch seconds")
}

// whole is a whole number without overflow; times and counts beyond 2^62 are all the same.
func whole(f float64) int64 { return int64(max(min(f, 1<<62), -(1 << 62))) }

// localTime reads day/month/year hour:minute:second, every part with all its digits.
func localTime(text string, in *time.Location) (time.Time, error) {
	return time.ParseInLocation("02/01/2006 15:04:05", text, in)
}

// zone is a dialect's time zone: UTC or an offset such as +05:30, which the dialect has checked.
func zone(name string) *time.Location {
	if len(name) != len("+05:30") {
		return time.UTC
	}
	two := func(i int) int { return int(name[i]-'0')*10 + int(name[i+1]-'0') }
	offset := two(1)*3600 + two(4)*60
	if name[0] == '-' {
		offset = -offset
	}
	return time.FixedZone(name, offset)
}
