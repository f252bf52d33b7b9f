package probes

import (
	"fmt"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// The probes of windows whose length is unusual for their rows.
const (
	SameLength  = "stats/type-a/same-length"
	ShortWindow = "stats/%s/short-window" // of a template
)

// SameLengths are windows of template A that can be said in several units. Limits and retention are the same for them
// all, so that a device which answers one answers the others.
var SameLengths = []struct {
	Name, Stats string
	Said        []Span
}{
	{"an-hour-of-seconds", "flows_per_second", []Span{{"minutes", 60}, {"hours", 1}}},
	{"six-hours-of-minutes", "flows_per_minute", []Span{{"seconds", 21600}, {"minutes", 360}, {"hours", 6}}},
	{"six-hours-of-hours", "flows_per_hour", []Span{{"seconds", 21600}, {"minutes", 360}, {"hours", 6}}},
	{"three-days-of-hours", "flows_per_hour", []Span{{"minutes", 4320}, {"hours", 72}, {"days", 3}}},
	{"two-weeks-of-hours", "flows_per_hour", []Span{{"hours", 336}, {"days", 14}, {"weeks", 2}}},
}

// Span is a length of time as template A says it.
type Span struct {
	Unit string
	N    int
}

// lengths are the probes of such windows, of one source each.
func (s *set) lengths() []check.Probe {
	out := []check.Probe{{Name: SameLength, Profile: check.Standard, After: []string{ScoutSources}, Send: send(func(sn check.Session) []exchange.Request {
		f := sn.Facts()
		var out []exchange.Request
		for _, l := range SameLengths {
			for _, w := range l.Said {
				out = append(out, s.query(f, l.Name+" "+w.Unit, "A", corpus.Last(l.Stats, w.Unit, w.N, one(f))))
			}
		}
		return out
	})}}
	for _, t := range []struct{ name, slug string }{{"B", "type-b"}, {"C", "type-c"}} {
		out = append(out, check.Probe{Name: fmt.Sprintf(ShortWindow, t.slug), Profile: check.Standard, After: []string{ScoutZone}, Send: send(func(sn check.Session) []exchange.Request {
			f := sn.Facts()
			end := closed(sn, time.Hour).Add(-time.Hour)
			ask := func(step, stats string, from, to time.Duration) exchange.Request {
				return s.query(f, step, t.name, s.window(sn, t.name, stats, end.Add(-from), end.Add(-to), one(f)))
			}
			return []exchange.Request{
				// Neither edge is a whole minute, as in the documents' example of template B.
				ask("uneven minutes", "flows_per_minute", 50*time.Minute+19*time.Second, 20*time.Minute+43*time.Second),
				ask("within an hour", "flows_per_hour", 50*time.Minute, 20*time.Minute),
				ask("within a minute", "flows_per_minute", 50*time.Second, 20*time.Second),
				ask("no length", "flows_per_minute", time.Minute, time.Minute),
			}
		})})
	}
	return out
}
