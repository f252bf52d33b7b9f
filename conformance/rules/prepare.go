// Package rules holds pure judgements of recorded exchanges: no rule sends, waits, or remembers. The same rules judge a
// live run, a proxy's traffic and last year's recording.
package rules

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// Prepare makes evidence of exchanges: it parses what rules read more than once, measures the device's clock and finds
// the zone of template B.
func Prepare(exchanges []exchange.Exchange) *check.Evidence { return new(Reader).Prepare(exchanges) }

// Reader prepares evidence while a run goes on, again and again: rows that it has read once it does not read anew. The
// zero value is ready; it is for one goroutine.
type Reader struct {
	read map[*byte]*Answer // by the body, which is never changed in place
}

// Prepare is Prepare for what has been recorded so far.
func (r *Reader) Prepare(exchanges []exchange.Exchange) *check.Evidence {
	e := &check.Evidence{Exchanges: exchanges}
	e.Skew, e.SkewKnown = skew(exchanges)
	e.Claims = claims(e.Of("scout/common"))
	p := &parsed{statuses: map[string]any{}}
	for i := range exchanges {
		x := &exchanges[i]
		if x.Operation == corpus.GetBackup || x.Operation == corpus.GetRestore {
			p.status(x.Response.Body)
		}
		if x.Operation == corpus.ImportStats && x.Auth == exchange.Account && x.OK() && complete(x) && positive(x.Probe) {
			p.answers = append(p.answers, r.answer(x))
		}
	}
	if rowsByOurClock(e, p.answers) {
		e.Skew = 0
	}
	for _, a := range p.answers {
		if a.X.Probe == "scout/zone" && a.Query.OK {
			e.Zone = corpus.Zone(a.Query.Start, a.Query.End, a.times())
		}
	}
	for _, a := range p.answers {
		if a.Query.Variant == "B" {
			a.Query.Start, a.Query.End = a.Query.Start.Add(-e.Zone), a.Query.End.Add(-e.Zone)
		}
	}
	p.ledger = ledger(e, p.answers)
	e.Parsed = p
	return e
}

// answer is what answer makes of an exchange, in a copy of the caller's own; the rows are shared and read-only.
func (r *Reader) answer(x *exchange.Exchange) *Answer {
	if len(x.Response.Body) == 0 {
		return answer(x)
	}
	body := &x.Response.Body[0]
	a := r.read[body]
	if a == nil || len(a.X.Response.Body) != len(x.Response.Body) {
		if r.read == nil {
			r.read = map[*byte]*Answer{}
		}
		a = answer(x)
		r.read[body] = a
	}
	own := *a
	own.X, own.Query = x, query(x)
	return &own
}

// complete reports that the whole answer arrived and was kept: what broke off is the network's, or too much for us.
func complete(x *exchange.Exchange) bool { return x.Error == "" && x.Response.Cut == 0 }

// positive reports that an exchange was meant to succeed; exchanges of foreign recordings have no probe and count.
func positive(probe string) bool {
	return !strings.HasPrefix(probe, "negative/") && !strings.HasPrefix(probe, "access/") && !strings.HasPrefix(probe, "method/") && !strings.HasPrefix(probe, "login/") ||
		strings.HasPrefix(probe, "negative/twin/")
}

// parsed is what Prepare made of the exchanges.
type parsed struct {
	statuses map[string]any // the JSON of answers of the status resources, by their text: a job is looked at many times
	answers  []*Answer
	ledger   map[time.Duration][]*witness // by the interval of a row, in the order of time
}

// status reads an answer of a status resource once.
func (p *parsed) status(body []byte) {
	if _, known := p.statuses[string(body)]; known {
		return
	}
	if v, err := decode(body); err == nil {
		p.statuses[string(body)] = v
	}
}

func answersOf(e *check.Evidence) []*Answer { return e.Parsed.(*parsed).answers }

// of lists the answers to one variant, without those of template B that stand apart.
func of(e *check.Evidence, variant string) []*Answer {
	var out []*Answer
	for _, a := range answersOf(e) {
		if a.Query.Variant == variant && (variant != "B" || !apart(a.X.Probe)) {
			out = append(out, a)
		}
	}
	return out
}

// step finds the answer of a probe's step; nil where it was not sent or not answered.
func step(e *check.Evidence, probe, name string) *Answer {
	for _, a := range answersOf(e) {
		if a.X.Probe == probe && a.X.Step == name {
			return a
		}
	}
	return nil
}

// Answer is a success of import_stats with what was asked.
type Answer struct {
	X     *exchange.Exchange
	Query Query
	JSON  bool  // the body is one JSON value
	List  []any // the body, where it is an array
	Rows  []Row // the objects of the array
	index map[key]*Row
	// garbled: some row's time or source cannot be read. The rules of those fields tell; no rule that compares rows
	// looks at the answer, so that one fault is not found for many reasons.
	garbled bool
}

// Query is what a request of import_stats asked for.
type Query struct {
	OK         bool // the request could be read
	Variant    string
	Stats      string
	Step       time.Duration // of one row
	Source     string
	Start, End time.Time // of templates B and C
	N          int       // of template A
	Unit       string
}

// Row is one row, as far as it could be read.
type Row struct {
	Raw      map[string]any // numbers as json.Number
	Time     time.Time      // zero where it could not be read
	Source   string
	id       key
	counters [8]counter // those of rowKeys[2:]
}

// counter is a counter of a row; ok is false where it could not be read, which its own rule tells.
type counter struct {
	n  uint64
	ok bool
}

// key identifies a row.
type key struct {
	at     int64
	source string
}

func (r *Row) key() key { return r.id }

// canonical spells an address in the one way that netip does.
func canonical(source string) string {
	if a, err := netip.ParseAddr(source); err == nil {
		return a.Unmap().String()
	}
	return source
}

func (a *Answer) times() []time.Time {
	var out []time.Time
	for i := range a.Rows {
		if !a.Rows[i].Time.IsZero() {
			out = append(out, a.Rows[i].Time)
		}
	}
	return out
}

// answer parses one exchange.
func answer(x *exchange.Exchange) *Answer {
	a := &Answer{X: x, Query: query(x)}
	value, err := decode(x.Response.Body)
	if err != nil {
		return a
	}
	a.JSON = true
	list, ok := value.([]any)
	if !ok {
		return a
	}
	a.List = list
	for _, item := range list {
		if object, ok := item.(map[string]any); ok {
			r := Row{Raw: object}
			var sourced bool
			r.Source, sourced = object["source_ip"].(string)
			if text, ok := object["time"].(string); ok {
				r.Time, _ = parseTime(text)
			}
			a.garbled = a.garbled || !sourced || r.Time.IsZero() || !address(r.Source)
			r.id = key{r.Time.Unix(), canonical(r.Source)}
			for i, field := range rowKeys[2:] {
				r.counters[i] = count(object[field])
			}
			a.Rows = append(a.Rows, r)
		}
	}
	if summed(a) {
		a.garbled = slices.ContainsFunc(a.Rows, func(r Row) bool { return r.Time.IsZero() || r.Raw["source_ip"] == nil })
	}
	a.index = make(map[key]*Row, len(a.Rows))
	for i := range a.Rows {
		a.index[a.Rows[i].id] = &a.Rows[i]
	}
	return a
}

// address reports a source that is an address, or empty as in a row for all sources together.
func address(source string) bool {
	_, err := netip.ParseAddr(source)
	return err == nil || source == "" || masked.MatchString(source)
}

// masked is an address as the documents' examples print it, with parts that are not told: 10.x.x.x.
var masked = regexp.MustCompile(`^[0-9]+(\.([0-9]+|x)){3}$`)

// count reads a counter, a number or a string of digits.
func count(v any) counter {
	text := ""
	switch n := v.(type) {
	case json.Number:
		text = string(n)
	case string:
		text = n
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return counter{n, true}
	}
	if big := whole(text); big != nil && big.IsUint64() {
		return counter{big.Uint64(), true}
	}
	return counter{}
}

func decode(body []byte) (any, error) {
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, errTrailing
	}
	return v, nil
}

// timeForms are the ways to write a time that leave no doubt that it is UTC, the documented example first.
var timeForms = []string{
	"2006-01-02 15:04:05-07:00", "2006-01-02T15:04:05-07:00", "2006-01-02 15:04:05-0700", "2006-01-02T15:04:05-0700",
	"2006-01-02 15:04:05Z", "2006-01-02T15:04:05Z", "2006-01-02 15:04:05 UTC", "2006-01-02 15:04:05", "2006-01-02T15:04:05",
	"2006-01-02 15:04:05.999999999-07:00", "2006-01-02T15:04:05.999999999Z07:00",
}

// parseTime reads a row's time; whatever its form, it must tell UTC.
func parseTime(text string) (time.Time, bool) {
	for _, form := range timeForms {
		if t, err := time.Parse(form, text); err == nil {
			_, offset := t.Zone()
			return t.UTC(), offset == 0
		}
	}
	return time.Time{}, false
}

// query reads a request's body.
func query(x *exchange.Exchange) Query {
	q := Query{Variant: x.Variant}
	v, err := decode(x.Request.Body)
	if err != nil {
		return q
	}
	if list, ok := v.([]any); ok && len(list) == 1 {
		v = list[0]
	}
	object, ok := v.(map[string]any)
	if !ok {
		return q
	}
	q.Stats, _ = object["stats_type"].(string)
	q.Source, _ = object["source_ip"].(string)
	q.Unit, _ = object["interval_type"].(string)
	q.Step = map[string]time.Duration{"flows_per_second": time.Second, "flows_per_minute": time.Minute, "flows_per_hour": time.Hour}[q.Stats]
	if n, ok := object["time_interval"].(json.Number); ok {
		i, _ := n.Int64()
		q.N = int(i)
	}
	q.Start, q.End = clock(object["start_time"]), clock(object["end_time"])
	if q.Variant == "" {
		q.Variant = variantOf(object)
	}
	q.OK = q.Step > 0 && (q.N > 0 && q.Unit != "" || !q.Start.IsZero() && !q.End.IsZero())
	return q
}

// variantOf tells the template of a request of a foreign recording.
func variantOf(object map[string]any) string {
	if _, ok := object["interval_type"]; ok {
		return "A"
	}
	if _, ok := object["start_time"].(string); ok {
		return "B"
	}
	return "C"
}

func clock(v any) time.Time {
	switch t := v.(type) {
	case json.Number:
		if n, err := t.Int64(); err == nil {
			return time.Unix(n, 0).UTC()
		}
	case string:
		if at, err := time.Parse(corpus.LocalForm, t); err == nil {
			return at
		}
	}
	return time.Time{}
}

// skew is the median of what the Date headers tell, which have whole seconds; small differences are none.
func skew(exchanges []exchange.Exchange) (time.Duration, bool) {
	var all []time.Duration
	for i := range exchanges {
		x := &exchanges[i]
		if date, err := http.ParseTime(x.Response.Header.Get("Date")); err == nil {
			all = append(all, date.Add(500*time.Millisecond).Sub(x.Started.Add(x.Total/2)))
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	slices.Sort(all)
	median := all[len(all)/2]
	if median.Abs() < 2*time.Second {
		median = 0
	}
	return median, true
}

// rowsByOurClock reports that Date tells another clock than the rows do: the newest rows of template A are of now by our
// clock and not by Date. No document promises Date, which may be that of a proxy in front of the device.
func rowsByOurClock(e *check.Evidence, answers []*Answer) bool {
	const near = 10 * time.Minute
	ours, asked := 0, 0
	for _, a := range answers {
		if a.Query.Variant != "A" || a.Query.Step == 0 || a.Query.Step > time.Minute || len(a.Rows) == 0 || a.garbled {
			continue
		}
		times := a.times()
		newest := times[len(times)-1]
		asked++
		if a.X.Started.Sub(newest).Abs() <= near && now(e, a).Sub(newest).Abs() > near {
			ours++
		}
	}
	return ours > 0 && ours == asked
}

// claims are the services that the device lists.
func claims(exchanges []exchange.Exchange) []string {
	for i := range exchanges {
		var list []struct {
			ID       string   `json:"id"`
			Versions []string `json:"versions"`
		}
		if exchanges[i].Step != "getServices" || !exchanges[i].OK() || json.Unmarshal(exchanges[i].Response.Body, &list) != nil {
			continue
		}
		out := []string{}
		for _, s := range list {
			for _, v := range s.Versions {
				out = append(out, s.ID+"/"+v)
			}
		}
		slices.Sort(out)
		return out
	}
	return nil
}
