package probes

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

// Names of the scouts, which other probes come after.
const (
	ScoutCommon  = "scout/common"
	ScoutForm    = "scout/form"
	ScoutSources = "scout/sources"
	ScoutZone    = "scout/zone"
)

// scouts learn what later probes need: the clock, the form of requests, the sources, the zone of template B.
func (s *set) scouts() []check.Probe {
	return []check.Probe{
		{Name: ScoutCommon, Send: send(func(check.Session) []exchange.Request {
			var out []exchange.Request
			for _, op := range []string{"getServices", "getAuthInfo", "getInfo", "ping"} {
				r := s.request(op, op)
				if s.doc.Operation(op).Open {
					r.Auth = exchange.None
				}
				out = append(out, r)
			}
			return out
		})},
		{Name: ScoutForm, After: []string{ScoutCommon}, Send: s.scoutForm},
		{Name: ScoutSources, After: []string{ScoutForm}, Send: s.scoutSources},
		{Name: ScoutZone, After: []string{ScoutSources}, Send: s.scoutZone},
	}
}

// scoutForm asks each template bare and inside an array, and keeps to the form that is answered.
func (s *set) scoutForm(ctx context.Context, sn check.Session) error {
	f := sn.Facts()
	bare, array := 0, 0
	for _, t := range catalogue.Templates() {
		body := s.twin(sn, t.Name)
		if t.Name == "B" {
			// Its zone is not known yet: this window is in the past in all of them.
			end := closed(sn, time.Hour).Add(-14 * time.Hour)
			body = s.window(sn, t.Name, "flows_per_hour", end.Add(-6*time.Hour), end, "")
		}
		for _, form := range []bool{false, true} {
			r := s.query(f, t.Slug+"/"+map[bool]string{false: "bare", true: "array"}[form], t.Name, body)
			r.Body = []byte(body.Wrap(form))
			x, err := sn.Do(ctx, r)
			if err != nil {
				return err
			}
			learnClock(sn, &x)
			switch {
			case x.OK() && form:
				array++
			case x.OK():
				bare++
			}
		}
	}
	f.Array = array > bare
	return nil
}

// learnClock measures the device's clock by its Date header, which has whole seconds.
func learnClock(sn check.Session, x *exchange.Exchange) {
	f := sn.Facts()
	date, err := http.ParseTime(x.Response.Header.Get("Date"))
	if err != nil || f.SkewKnown {
		return
	}
	f.Skew, f.SkewKnown = date.Add(500*time.Millisecond).Sub(x.Started.Add(x.Total/2)), true
	if f.Skew.Abs() < 2*time.Second {
		f.Skew = 0
	}
}

// scoutSources finds source devices in recent rows, then in older ones.
func (s *set) scoutSources(ctx context.Context, sn check.Session) error {
	f := sn.Facts()
	for _, look := range []struct {
		step, stats    string
		unit, duration time.Duration
	}{
		{"two-hours", "flows_per_minute", time.Minute, 2 * time.Hour},
		{"two-days", "flows_per_hour", time.Hour, 48 * time.Hour},
		{"sixty-days", "flows_per_hour", time.Hour, 60 * 24 * time.Hour},
	} {
		end := closed(sn, look.unit)
		x, err := sn.Do(ctx, s.query(f, look.step, "C", corpus.Epoch(look.stats, end.Add(-look.duration), end, "")))
		if err != nil {
			return err
		}
		if f.Sources = sources(&x); len(f.Sources) > 0 || sn.Dry() {
			return nil
		}
	}
	return nil
}

// sources lists the addresses in rows, those with the most flows first.
func sources(x *exchange.Exchange) []string {
	flows := map[string]float64{}
	for _, r := range rows(x) {
		if a, err := netip.ParseAddr(r.Source); err == nil && !a.IsUnspecified() {
			flows[r.Source] += r.Flows
		}
	}
	out := make([]string, 0, len(flows))
	for a := range flows {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b string) int {
		if flows[a] != flows[b] {
			return int(flows[b] - flows[a])
		}
		return strings.Compare(a, b)
	})
	return out
}

// scoutZone reads the zone of template B off the rows of a window that is written as if it were UTC.
func (s *set) scoutZone(ctx context.Context, sn check.Session) error {
	f := sn.Facts()
	end := closed(sn, time.Hour).Add(-14 * time.Hour)
	start := end.Add(-time.Hour)
	x, err := sn.Do(ctx, s.query(f, "", "B", corpus.Text("flows_per_minute", start, end, 0, "")))
	if err != nil {
		return err
	}
	f.Zone = corpus.Zone(start, end, times(&x))
	return nil
}

func times(x *exchange.Exchange) []time.Time {
	var out []time.Time
	for _, r := range rows(x) {
		if !r.Time.IsZero() {
			out = append(out, r.Time)
		}
	}
	return out
}

// row is the little that probes read of a row.
type row struct {
	Time   time.Time
	Source string
	Flows  float64
}

// rows reads what it can; anything odd is left to the rules.
func rows(x *exchange.Exchange) []row {
	var raw []struct {
		Time   any `json:"time"`
		Source any `json:"source_ip"`
		Flows  any `json:"n_flows"`
	}
	if !x.OK() || json.Unmarshal(x.Response.Body, &raw) != nil {
		return nil
	}
	out := make([]row, 0, len(raw))
	for _, r := range raw {
		var o row
		o.Source, _ = r.Source.(string)
		o.Flows, _ = r.Flows.(float64)
		if text, ok := r.Time.(string); ok && len(text) >= 19 {
			o.Time, _ = time.Parse("2006-01-02 15:04:05", strings.Replace(text[:19], "T", " ", 1))
		}
		out = append(out, o)
	}
	return out
}
