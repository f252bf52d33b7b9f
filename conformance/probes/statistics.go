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

// window is the body of a template for a window that ends at end.
func (s *set) window(sn check.Session, template, stats string, start, end time.Time, source string) corpus.Body {
	if template == "B" {
		return corpus.Text(stats, start, end, sn.Facts().Zone, source)
	}
	return corpus.Epoch(stats, start, end, source)
}

// statistics are the positive probes of import_stats.
func (s *set) statistics() []check.Probe {
	var out []check.Probe
	for _, t := range catalogue.Templates() {
		out = append(out, s.grid(t)...)
		out = append(out, s.bySource(t), s.example(t))
	}
	out = append(out, s.units()...)
	return append(append(out, s.earlyDay(), s.leapDay()), slices.Concat(s.calendar(), s.lengths(), s.afterRefusals())...)
}

// grid asks each granularity, of all sources and of one.
func (s *set) grid(t catalogue.Template) []check.Probe {
	var out []check.Probe
	for _, g := range granularities {
		p := check.Probe{Name: "stats/" + t.Slug + "/per-" + g.Word, Profile: check.Quick, After: []string{ScoutZone}}
		p.Send = send(func(sn check.Session) []exchange.Request {
			f := sn.Facts()
			body := func(source string) corpus.Body {
				if t.Name == "A" {
					return corpus.Last(g.Stats, g.Unit, g.N, source)
				}
				end := closed(sn, g.Step)
				return s.window(sn, t.Name, g.Stats, end.Add(-g.Window), end, source)
			}
			out := []exchange.Request{
				s.query(f, "all", t.Name, body("")),
				s.query(f, "one", t.Name, body(one(f))),
			}
			if g.Step == time.Hour {
				out = append(out, s.query(f, "single", t.Name, s.single(sn, t.Name)))
			}
			return out
		})
		out = append(out, p)
	}
	return out
}

// single asks for one hour of one source: an answer of one row.
func (s *set) single(sn check.Session, template string) corpus.Body {
	source := one(sn.Facts())
	if template == "A" {
		return corpus.Last("flows_per_hour", "hours", 1, source)
	}
	end := closed(sn, time.Hour)
	return s.window(sn, template, "flows_per_hour", end.Add(-time.Hour), end, source)
}

// bySource asks for an IPv4 and an IPv6 source; where the device has none of a family, for a documentation address.
func (s *set) bySource(t catalogue.Template) check.Probe {
	return check.Probe{Name: "stats/" + t.Slug + "/by-source", After: []string{ScoutZone}, Send: send(func(sn check.Session) []exchange.Request {
		f := sn.Facts()
		end := closed(sn, time.Minute)
		var out []exchange.Request
		ask := func(step, source string) {
			body := corpus.Last("flows_per_minute", "minutes", 60, source)
			if t.Name != "A" {
				body = s.window(sn, t.Name, "flows_per_minute", end.Add(-time.Hour), end, source)
			}
			out = append(out, s.query(f, step, t.Name, body))
		}
		for i, source := range map4and6(f.Sources) {
			ask(families[i], source)
		}
		for _, like := range alike(f.Sources) {
			ask("like "+like, like)
		}
		ask("none", "192.0.2.252")
		return out
	})}
}

// alike are IPv4 addresses that no known source has and that are like one of them: one with the last digit left out,
// and a neighbour.
func alike(sources []string) []string {
	var cut, neighbour string
	for _, s := range sources {
		a, err := netip.ParseAddr(s)
		if err != nil || !a.Is4() {
			continue
		}
		b := a.As4()
		if near := netip.AddrFrom4([4]byte{b[0], b[1], b[2], b[3] ^ 1}).String(); neighbour == "" && !slices.Contains(sources, near) {
			neighbour = near
		}
		if short := s[:len(s)-1]; cut == "" && b[3] >= 10 && !slices.Contains(sources, short) {
			cut = short
		}
	}
	return slices.DeleteFunc([]string{cut, neighbour}, func(s string) bool { return s == "" })
}

// families are the steps of bySource.
var families = [2]string{"ipv4", "ipv6"}

// map4and6 picks one source of each family.
func map4and6(sources []string) [2]string {
	out := [2]string{"192.0.2.253", "2001:db8::fffe"}
	var found [2]bool
	for _, s := range sources {
		a, err := netip.ParseAddr(s)
		if err != nil {
			continue
		}
		i := 0
		if a.Is6() && !a.Is4In6() {
			i = 1
		}
		if !found[i] {
			out[i], found[i] = s, true
		}
	}
	return out
}

// Examples are the requests that the analytics document prints, value by value; the source of template A's is a
// placeholder there, so it is left empty.
var Examples = map[string]string{
	"A": `{"stats_type": "flows_per_minute", "interval_type": "minutes", "time_interval": 60, "source_ip": ""}`,
	"B": `{"stats_type": "flows_per_minute", "start_time": "23/08/2023 11:36:41", "end_time": "23/08/2023 13:36:41", "source_ip": ""}`,
	"C": `{"stats_type": "flows_per_minute", "start_time": 1702580400, "end_time": 1702584000, "source_ip": ""}`,
}

// dayAfter makes plain windows of two whole hours on the day after of the examples' windows.
var dayAfter = strings.NewReplacer("23/08/2023 11:36:41", "24/08/2023 11:00:00", "23/08/2023 13:36:41", "24/08/2023 13:00:00",
	"1702580400", "1702666800", "1702584000", "1702674000")

func (s *set) example(t catalogue.Template) check.Probe {
	return check.Probe{Name: "stats/" + t.Slug + "/example", Profile: check.Standard, After: []string{ScoutForm}, Send: send(func(sn check.Session) []exchange.Request {
		var out []exchange.Request
		ask := func(step, body string) {
			r := s.request(corpus.ImportStats, step)
			r.Variant, r.Body = t.Name, []byte(body)
			if sn.Facts().Array {
				r.Body = []byte("[" + body + "]")
			}
			out = append(out, r)
		}
		ask("", Examples[t.Name])
		if t.Name != "A" {
			ask("day-after", dayAfter.Replace(Examples[t.Name]))
		}
		return out
	})}
}

// Units are those of interval_type, with the request that is sent for each.
var Units = []struct {
	Name, Stats string
	N           int
	Step        time.Duration
	Length      time.Duration // of one unit; of a month the shortest
}{
	{"seconds", "flows_per_minute", 3600, time.Minute, time.Second},
	{"minutes", "flows_per_minute", 90, time.Minute, time.Minute},
	{"hours", "flows_per_minute", 8, time.Minute, time.Hour},
	{"days", "flows_per_hour", 10, time.Hour, 24 * time.Hour},
	{"weeks", "flows_per_hour", 4, time.Hour, 7 * 24 * time.Hour},
	{"months", "flows_per_hour", 1, time.Hour, 28 * 24 * time.Hour},
}

// units asks template A in each unit, and template C for the same window, of one source.
func (s *set) units() []check.Probe {
	var out []check.Probe
	for _, u := range Units {
		p := check.Probe{Name: "stats/type-a/unit/" + u.Name, Profile: check.Standard, After: []string{ScoutZone}}
		p.Send = send(func(sn check.Session) []exchange.Request {
			f := sn.Facts()
			end := deviceNow(sn).Truncate(u.Step)
			start := end.Add(-time.Duration(u.N) * u.Length)
			return []exchange.Request{
				s.query(f, "a", "A", corpus.Last(u.Stats, u.Name, u.N, one(f))),
				s.query(f, "c", "C", corpus.Epoch(u.Stats, start, end, one(f))),
			}
		})
		out = append(out, p)
	}
	return out
}

// earlyDay asks template B for a day whose number could be a month, and template C for the same window: a device that
// reads the month first answers another day.
func (s *set) earlyDay() check.Probe {
	return check.Probe{Name: "stats/type-b/early-day", Profile: check.Standard, After: []string{ScoutZone}, Send: send(func(sn check.Session) []exchange.Request {
		f := sn.Facts()
		day := deviceNow(sn).Truncate(24 * time.Hour).Add(-24 * time.Hour)
		for day.Day() > 12 || day.Day() == int(day.Month()) {
			day = day.Add(-24 * time.Hour)
		}
		start, end := day.Add(8*time.Hour), day.Add(14*time.Hour)
		return []exchange.Request{
			s.query(f, "b", "B", corpus.Text("flows_per_hour", start, end, f.Zone, one(f))),
			s.query(f, "c", "C", corpus.Epoch("flows_per_hour", start, end, one(f))),
		}
	})}
}

// leapDay asks template B for an hour of 29 February and for the same hour of the day before.
func (s *set) leapDay() check.Probe {
	return check.Probe{Name: "stats/type-b/leap-day", Profile: check.Standard, After: []string{ScoutZone}, Send: send(func(sn check.Session) []exchange.Request {
		f := sn.Facts()
		year := deviceNow(sn).Add(-366 * 24 * time.Hour).Year()
		for time.Date(year, time.February, 29, 0, 0, 0, 0, time.UTC).Day() != 29 {
			year--
		}
		at := func(step string, day int) exchange.Request {
			start := time.Date(year, time.February, day, 10, 0, 0, 0, time.UTC)
			// The text is to name this day, so no zone is added.
			return s.query(f, step, "B", corpus.Text("flows_per_hour", start, start.Add(time.Hour), 0, one(f)))
		}
		return []exchange.Request{at("before", 28), at("leap", 29)}
	})}
}
