package rules

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// What cannot be judged for these reasons leaves a gap in the verdict.
const (
	noRows = "no row was seen in any answer: let the device receive flows, and run again"
	noEnd  = "the job had not ended when the run's patience did: give it more with --job-timeout"
)

// eachRow judges every row of a template's answers; judge returns what was wrong, or "".
func eachRow(variant, want string, judge func(a *Answer, r *Row) string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, a := range of(e, variant) {
			for i := range a.Rows {
				if got := judge(a, &a.Rows[i]); got != "" {
					t.fail(a.X, want, fmt.Sprintf("row %d: %s", i, got))
					break // one finding for each answer says enough
				}
				t.pass(a.X, want, "as promised")
			}
		}
		return t.judgement(noRows)
	}
}

// Count judges a field that is a number, a total: whole and not negative.
func Count(variant, field string) check.Rule {
	return eachRow(variant, field+" is a number, whole and not negative", func(_ *Answer, r *Row) string {
		v, ok := r.Raw[field]
		if !ok {
			return field + " is missing"
		}
		n, ok := v.(json.Number)
		switch {
		case !ok:
			return field + " is " + show(v)
		case !r.value(field).ok && whole(string(n)) == nil:
			return field + " is " + string(n)
		}
		return ""
	})
}

// Peak judges a field that is a string, a peak: digits of a whole number that is not negative.
func Peak(variant, field string) check.Rule {
	return eachRow(variant, field+" is a string that holds a whole number", func(_ *Answer, r *Row) string {
		v, ok := r.Raw[field]
		if !ok {
			return field + " is missing"
		}
		text, ok := v.(string)
		if !ok {
			return field + " is " + show(v)
		}
		if text == "" || strings.Trim(text, "0123456789") != "" {
			return field + " is " + show(text)
		}
		return ""
	})
}

// whole reads a whole number that is not negative, in any notation that JSON has; nil where it is none.
func whole(text string) *big.Int {
	r, ok := new(big.Rat).SetString(text)
	if !ok || len(text) > 40 || strings.ContainsAny(text, "/_xXpP") || !r.IsInt() || r.Sign() < 0 {
		return nil
	}
	return r.Num()
}

// value is a counter of a row by its name.
func (r *Row) value(field string) counter {
	return r.counters[slices.Index(rowKeys, field)-2]
}

// Time judges the field time: a string that tells a time in UTC.
func Time(variant string) check.Rule {
	return eachRow(variant, "time is a string that tells a time in UTC", func(_ *Answer, r *Row) string {
		text, ok := r.Raw["time"].(string)
		if !ok {
			if _, there := r.Raw["time"]; !there {
				return "time is missing"
			}
			return "time is " + show(r.Raw["time"])
		}
		if _, utc := parseTime(text); !utc {
			return "time is " + show(text)
		}
		return ""
	})
}

var exampleTime = regexp.MustCompile(`^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\+00:00$`)

// TimeForm judges whether time is written as in the documents' example.
func TimeForm(variant string) check.Rule {
	return eachRow(variant, `time is written like "2024-01-08 22:11:00+00:00"`, func(_ *Answer, r *Row) string {
		if text, ok := r.Raw["time"].(string); ok && !exampleTime.MatchString(text) {
			return "time is " + show(text)
		}
		return ""
	})
}

// SourceIP judges the field source_ip: a string, an address; in an answer for all sources together it may be a name
// for all of them.
func SourceIP(variant string) check.Rule {
	const want = "source_ip is a string, the source device's address"
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, a := range of(e, variant) {
			bad := ""
			for i := range a.Rows {
				v, there := a.Rows[i].Raw["source_ip"]
				text, ok := v.(string)
				switch {
				case !there:
					bad = fmt.Sprintf("row %d: source_ip is missing", i)
				case !ok || !address(text) && !summed(a):
					bad = fmt.Sprintf("row %d: source_ip is %s", i, show(v))
				}
			}
			if bad != "" {
				t.fail(a.X, want, bad)
			} else if len(a.Rows) > 0 {
				t.pass(a.X, want, "as promised")
			}
		}
		return t.judgement(noRows)
	}
}

// WithinTotal judges a part against the total that it belongs to. A peak must also not be zero where the total is not,
// but for rows of a second: a device may know nothing finer of which one could be the peak.
func WithinTotal(variant, part, total string) check.Rule {
	peak := strings.HasPrefix(part, "peak_")
	return eachRow(variant, part+" is a part of "+total, func(a *Answer, r *Row) string {
		p, all := r.value(part), r.value(total)
		if !p.ok || !all.ok {
			return ""
		}
		if p.n > all.n {
			return fmt.Sprintf("%s is %d and %s is %d", part, p.n, total, all.n)
		}
		if peak && p.n == 0 && all.n > 0 && a.Query.Step != time.Second {
			return fmt.Sprintf("%s is 0 although %s is %d", part, total, all.n)
		}
		return ""
	})
}

// rowKeys are the documented keys of a row.
var rowKeys = []string{
	"time", "source_ip", "n_flows", "n_bytes", "n_bad_bytes", "n_packets", "n_bad_packets",
	"peak_n_flows", "peak_n_bytes", "peak_n_packets",
}

// ExtraRowKeys notes keys of rows that the documents do not list.
func ExtraRowKeys(variant string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, a := range of(e, variant) {
			for i := range a.Rows {
				if extra := unknownKeys(a.Rows[i].Raw, rowKeys); len(extra) > 0 {
					t.note(a.X, "rows also have "+strings.Join(extra, ", "))
					return t.judgement("")
				}
				t.pass(a.X, "no more keys than the documents list", "none")
			}
		}
		return t.judgement(noRows)
	}
}

func unknownKeys(object map[string]any, known []string) []string {
	var out []string
	for k := range object {
		if !slices.Contains(known, k) {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// Unique judges that there is one row for each interval and source device.
func Unique(variant string) check.Rule {
	const want = "one row for each time and source"
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, a := range of(e, variant) {
			if a.garbled {
				continue
			}
			seen := map[key]int{}
			twice := ""
			for i := range a.Rows {
				r := &a.Rows[i]
				if first, dup := seen[r.key()]; dup && twice == "" && !strings.Contains(r.Source, "x") {
					twice = fmt.Sprintf("rows %d and %d are both of %s at %s", first, i, show(r.Source), r.Time.Format(time.DateTime))
				}
				seen[r.key()] = i
			}
			switch {
			case twice != "":
				t.fail(a.X, want, twice)
			case len(a.Rows) > 0:
				t.pass(a.X, want, "as promised")
			}
		}
		return t.judgement(noRows)
	}
}

// SourceFilter judges that rows belong to the source that was asked for.
func SourceFilter(variant string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, a := range of(e, variant) {
			if a.Query.Source == "" {
				continue
			}
			judgeFilter(&t, a)
		}
		return t.judgement("no answer to a request with a source_ip held rows")
	}
}

// judgeFilter judges one answer to a request with a source_ip.
func judgeFilter(t *tally, a *Answer) {
	if a.garbled {
		return
	}
	want := "every row is of source_ip " + a.Query.Source
	for i := range a.Rows {
		r := &a.Rows[i]
		if canonical(r.Source) != canonical(a.Query.Source) {
			t.fail(a.X, want, fmt.Sprintf("row %d is of %s", i, show(r.Source)))
			return
		}
	}
	if len(a.Rows) > 0 {
		t.pass(a.X, want, "as promised")
	}
}

// OneSource judges the requests for a source of one family: there are rows where the rows of all sources have it.
func OneSource(variant, family string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, a := range of(e, variant) {
			addr, err := netip.ParseAddr(a.Query.Source)
			if err != nil || (family == "ipv6") != (addr.Is6() && !addr.Is4In6()) || strings.Contains(a.X.Probe, "negative/") {
				continue
			}
			judgeFilter(&t, a)
			if missing := missingRows(e, a); missing != "" {
				t.fail(a.X, "the rows of "+a.Query.Source, missing)
			} else if len(a.Rows) == 0 {
				t.note(a.X, fmt.Sprintf("an %s address without statistics is answered with no rows", family))
			}
		}
		return judgeRejected(e, &t, variant, family).judgement("no request for an " + family + " source was answered")
	}
}

// judgeRejected fails a well-formed request for a source that the device refuses, unless it has no statistics.
func judgeRejected(e *check.Evidence, t *tally, variant, family string) *tally {
	for _, x := range e.Of("stats/type-" + strings.ToLower(variant) + "/by-source") {
		if x.Step != family || !x.Answered() || x.OK() {
			continue
		}
		if q := query(&x); knownSource(e, q.Source) {
			t.fail(&x, "the rows of "+q.Source, fmt.Sprintf("status %d", x.Response.Status))
		} else {
			t.answer(&x, dialect.UnknownSource, "reject")
		}
	}
	return t
}

// knownSource reports that rows of that source were seen.
func knownSource(e *check.Evidence, source string) bool {
	for _, a := range answersOf(e) {
		for i := range a.Rows {
			if a.Rows[i].Source != "" && canonical(a.Rows[i].Source) == canonical(source) {
				return true
			}
		}
	}
	return false
}

// AllSources judges that an empty source_ip includes every source that is known, in rows of their own or in a sum.
func AllSources(variant string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, a := range of(e, variant) {
			if a.Query.Source != "" || !a.Query.OK {
				continue
			}
			if summed(a) {
				t.answer(a.X, dialect.AllSources, "sum")
				continue
			}
			if missing := missingRows(e, a); missing != "" {
				t.fail(a.X, "the rows of all sources", missing)
			} else if len(a.Rows) > 0 {
				t.pass(a.X, "the rows of all sources", "as promised")
			}
		}
		refusedEmpty(e, &t, variant)
		if t.judged > 0 && t.dialect == nil && len(t.bad) == 0 {
			t.dialect = map[dialect.Key]string{dialect.AllSources: "each"}
		}
		return t.judgement(noRows)
	}
}

// refusedEmpty fails a device that refuses an empty source_ip where it answers an address.
func refusedEmpty(e *check.Evidence, t *tally, variant string) {
	var refused []exchange.Exchange
	answered := false
	for _, x := range asked(e, corpus.ImportStats, variant) {
		q := query(&x)
		switch {
		case !q.OK:
		case q.Source != "":
			answered = answered || x.OK()
		case mayBeEmpty(x.Probe):
		case !x.OK():
			refused = append(refused, x)
		}
	}
	for i := range refused {
		if answered {
			t.fail(&refused[i], "the rows of all sources", brief(&refused[i])+", while requests for an address are answered")
		}
	}
}

// summed reports that an answer holds one row for all sources together: asked for all, every row has one and the same
// source, which is no address of a device.
func summed(a *Answer) bool {
	if len(a.Rows) == 0 || a.Query.Source != "" {
		return false
	}
	first := a.Rows[0].Source
	addr, err := netip.ParseAddr(first)
	if err == nil && !addr.IsUnspecified() || err != nil && masked.MatchString(first) {
		return false
	}
	return !slices.ContainsFunc(a.Rows, func(r Row) bool { return r.Source != first })
}
