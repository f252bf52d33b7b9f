package probes

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

// agreement are probes whose answers have to fit together.
func (s *set) agreement() []check.Probe {
	after := []string{ScoutZone}
	out := []check.Probe{
		{Name: "agree/minutes-with-hours", After: after, Send: send(func(sn check.Session) []exchange.Request {
			end := closed(sn, time.Hour)
			return s.twice(sn, end.Add(-6*time.Hour), end, "flows_per_minute", "flows_per_hour")
		})},
		{Name: "agree/seconds-with-minutes", After: after, Send: send(func(sn check.Session) []exchange.Request {
			end := closed(sn, time.Minute)
			return s.twice(sn, end.Add(-4*time.Minute), end, "flows_per_second", "flows_per_minute")
		})},
		{Name: "agree/b-with-c", After: after, Send: send(func(sn check.Session) []exchange.Request {
			f := sn.Facts()
			// Everything is closed here, the intervals at the edges too.
			end := closed(sn, time.Minute).Add(-5 * time.Minute)
			ask := func(step, template, stats string, from, to time.Duration) exchange.Request {
				return s.query(f, step, template, s.window(sn, template, stats, end.Add(-from), end.Add(-to), ""))
			}
			return []exchange.Request{
				ask("b", "B", "flows_per_minute", 90*time.Minute, 0), ask("c", "C", "flows_per_minute", 90*time.Minute, 0),
				// Neither edge is a whole minute.
				ask("b-seconds", "B", "flows_per_second", 103*time.Second, 17*time.Second),
				ask("c-seconds", "C", "flows_per_second", 103*time.Second, 17*time.Second),
			}
		})},
		{Name: "agree/a-with-c", After: after, Send: send(func(sn check.Session) []exchange.Request {
			end := deviceNow(sn).Truncate(time.Minute)
			return []exchange.Request{
				s.query(sn.Facts(), "a", "A", corpus.Last("flows_per_minute", "minutes", 90, "")),
				s.query(sn.Facts(), "c", "C", corpus.Epoch("flows_per_minute", end.Add(-90*time.Minute), end, "")),
			}
		})},
		{Name: "agree/sub-windows", After: after, Send: send(func(sn check.Session) []exchange.Request {
			end := closed(sn, time.Minute)
			at := func(step string, from, to time.Duration) exchange.Request {
				return s.query(sn.Facts(), step, "C", corpus.Epoch("flows_per_minute", end.Add(-from), end.Add(-to), one(sn.Facts())))
			}
			return []exchange.Request{at("whole", time.Hour, 0), at("first", time.Hour, 30*time.Minute), at("second", 30*time.Minute, 0)}
		})},
		{Name: "agree/sources-with-all", After: after, Send: send(s.eachSource)},
		{Name: "agree/ipv6-spelling", Profile: check.Standard, After: after, Send: send(s.spellings)},
	}
	for _, t := range catalogue.Templates() {
		if t.Name == "A" {
			continue // its window moves with the clock
		}
		out = append(out, check.Probe{Name: "agree/repeat/" + t.Slug, After: after, Send: send(func(sn check.Session) []exchange.Request {
			end := closed(sn, time.Hour).Add(-time.Hour)
			body := s.window(sn, t.Name, "flows_per_minute", end.Add(-time.Hour), end, "")
			return []exchange.Request{s.query(sn.Facts(), "first", t.Name, body), s.query(sn.Facts(), "again", t.Name, body)}
		})})
	}
	return out
}

// twice asks template C for one window of one source at two granularities, and of a source of the other family of
// addresses.
func (s *set) twice(sn check.Session, start, end time.Time, fine, coarse string) []exchange.Request {
	f := sn.Facts()
	out := []exchange.Request{
		s.query(f, "fine", "C", corpus.Epoch(fine, start, end, one(f))),
		s.query(f, "coarse", "C", corpus.Epoch(coarse, start, end, one(f))),
	}
	for _, other := range map4and6(f.Sources) {
		if other != one(f) && slices.Contains(f.Sources, other) {
			out = append(out, s.query(f, "fine other", "C", corpus.Epoch(fine, start, end, other)), s.query(f, "coarse other", "C", corpus.Epoch(coarse, start, end, other)))
		}
	}
	return out
}

// eachSource asks for all sources and for some of them alone.
func (s *set) eachSource(sn check.Session) []exchange.Request {
	f := sn.Facts()
	end := closed(sn, time.Minute)
	ask := func(step, source string) exchange.Request {
		return s.query(f, step, "C", corpus.Epoch("flows_per_minute", end.Add(-20*time.Minute), end, source))
	}
	out := []exchange.Request{ask("all", "")}
	for _, a := range f.Sources[:min(4, len(f.Sources))] {
		out = append(out, ask("source "+a, a))
	}
	return out
}

// spellings asks for an IPv6 source as the device spells it, expanded, and in upper case, with each template.
func (s *set) spellings(sn check.Session) []exchange.Request {
	f := sn.Facts()
	source := map4and6(f.Sources)[1]
	a, err := netip.ParseAddr(source)
	if err != nil {
		return nil
	}
	end := closed(sn, time.Minute)
	ask := func(step, template, spelled string) exchange.Request {
		body := corpus.Last("flows_per_minute", "minutes", 60, spelled)
		if template != "A" {
			body = s.window(sn, template, "flows_per_minute", end.Add(-time.Hour), end, spelled)
		}
		return s.query(f, step, template, body)
	}
	capitals := strings.ToUpper(a.String())
	return []exchange.Request{
		ask("as-shown", "C", source), ask("short", "C", a.String()), ask("expanded", "C", a.StringExpanded()), ask("upper-case", "C", capitals),
		ask("expanded a", "A", a.StringExpanded()), ask("upper-case a", "A", capitals),
		ask("expanded b", "B", a.StringExpanded()), ask("upper-case b", "B", capitals),
	}
}
