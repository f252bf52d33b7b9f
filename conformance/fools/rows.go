package fools

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// rowBug is one wrong way to write a row.
type rowBug struct {
	requirement string // below analytics/response/type-x
	name, about string
	edit        func(row *object)
}

// rowFools spreads the bugs of each requirement over the three templates, so that every requirement of every template
// has a fool of its own and each bug is tried once.
func rowFools() []Fool {
	templates := []struct{ name, slug string }{{"A", "type-a"}, {"B", "type-b"}, {"C", "type-c"}}
	seen := map[string]int{}
	var out []Fool
	for _, b := range rowBugs() {
		t := templates[seen[b.requirement]%len(templates)]
		seen[b.requirement]++
		f := mutant("row/"+b.name, "analytics/response/"+t.slug+"/"+b.requirement, "in answers to template "+t.name+" "+b.about, editEach(t.name, b.edit))
		if b.requirement == "time/form" {
			f = warned(f)
		}
		out = append(out, f)
	}
	return out
}

func rowBugs() []rowBug {
	return append(append(countBugs(), peakBugs()...), labelBugs()...)
}

func countBugs() []rowBug {
	return []rowBug{
		{"n-flows", "n-flows-as-string", "writes n_flows in quotes", quoted("n_flows")},
		{"n-flows", "n-flows-negative", "counts flows downwards", scaled("n_flows", func(n int64) any { return number(-n - 1) })},
		{"n-flows", "n-flows-fractional", "gives n_flows with half a flow", scaled("n_flows", func(n int64) any { return json.Number(fmt.Sprintf("%d.5", n)) })},
		{"n-bytes", "n-bytes-in-kilobytes", "gives n_bytes as a fraction of kilobytes", scaled("n_bytes", func(n int64) any {
			return json.Number(fmt.Sprintf("%d.%03d", n/1024, n%1000|1))
		})},
		{"n-bytes", "n-bytes-missing", "leaves n_bytes out", without("n_bytes")},
		{"n-bytes", "n-bytes-null", "has null for n_bytes", fixed("n_bytes", nil)},
		{"n-bad-bytes", "n-bad-bytes-missing-when-zero", "leaves n_bad_bytes out where there are none", missingWhenZero("n_bad_bytes")},
		{"n-bad-bytes", "n-bad-bytes-minus-one", "has -1 for n_bad_bytes where there are none", scaled("n_bad_bytes", func(n int64) any {
			if n == 0 {
				return number(-1)
			}
			return number(n)
		})},
		{"n-bad-bytes", "n-bad-bytes-as-boolean", "says only whether there were bad bytes", scaled("n_bad_bytes", func(n int64) any { return n > 0 })},
		{"n-packets", "n-packets-named-packets", "calls n_packets packets", func(row *object) { row.rename("n_packets", "packets") }},
		{"n-packets", "n-packets-nested", "puts n_packets into an object", scaled("n_packets", func(n int64) any { return newObject("value", number(n)) })},
		{"n-packets", "n-packets-with-unit", "writes n_packets as text with a unit", scaled("n_packets", func(n int64) any { return fmt.Sprintf("%d pkts", n) })},
		{"n-bad-packets", "n-bad-packets-empty-text", "has an empty text for n_bad_packets where there are none", emptyWhenZero("n_bad_packets")},
		{"n-bad-packets", "n-bad-packets-null-when-zero", "has null for n_bad_packets where there are none", nullWhenZero("n_bad_packets")},
		{"n-bad-packets", "n-bad-packets-as-share", "gives n_bad_packets as a share of all", fixed("n_bad_packets", json.Number("0.015625"))},
		{"within-total/n-bad-bytes", "n-bad-bytes-above-total", "has one bad byte more than bytes", plusOne("n_bad_bytes", "n_bytes")},
		{"within-total/n-bad-bytes", "n-bad-bytes-swapped", "swaps n_bytes and n_bad_bytes", swapped("n_bytes", "n_bad_bytes")},
		{"within-total/n-bad-bytes", "n-bytes-without-bad", "counts a damaged datagram of 1208 bytes as bad and leaves it out of n_bytes", func(row *object) {
			n, _ := row.count("n_bytes")
			row.set("n_bad_bytes", number(n+1208))
		}},
		{"within-total/n-bad-packets", "n-bad-packets-swapped", "swaps n_packets and n_bad_packets", swapped("n_packets", "n_bad_packets")},
		{"within-total/n-bad-packets", "n-bad-packets-above-total", "has one bad packet more than packets", plusOne("n_bad_packets", "n_packets")},
		{"within-total/n-bad-packets", "n-bad-packets-count-flows", "counts bad flow records as bad packets", func(row *object) {
			n, _ := row.count("n_packets")
			row.set("n_bad_packets", number(n+30))
		}},
	}
}

func peakBugs() []rowBug {
	return []rowBug{
		{"peak-n-flows", "peak-n-flows-as-number", "writes peak_n_flows without quotes", unquoted("peak_n_flows")},
		{"peak-n-flows", "peak-n-flows-with-unit", "writes peak_n_flows with a unit", worded("peak_n_flows", "%d flows")},
		{"peak-n-flows", "peak-n-flows-null", "has null for peak_n_flows", fixed("peak_n_flows", nil)},
		{"peak-n-bytes", "peak-n-bytes-in-hexadecimal", "writes peak_n_bytes in hexadecimal", worded("peak_n_bytes", "0x%x")},
		{"peak-n-bytes", "peak-n-bytes-as-number", "writes peak_n_bytes without quotes", unquoted("peak_n_bytes")},
		{"peak-n-bytes", "peak-n-bytes-scientific", "writes peak_n_bytes as a power of ten", scaled("peak_n_bytes", func(n int64) any {
			return strconv.FormatFloat(float64(n), 'e', 3, 64)
		})},
		{"peak-n-packets", "peak-n-packets-missing", "leaves peak_n_packets out", without("peak_n_packets")},
		{"peak-n-packets", "peak-n-packets-negative", "writes peak_n_packets with a minus", worded("peak_n_packets", "-%d")},
		{"peak-n-packets", "peak-n-packets-as-number", "writes peak_n_packets without quotes", unquoted("peak_n_packets")},
		{"within-total/peak-n-flows", "peak-n-flows-above-total", "has a peak of one flow more than the total", peakAbove("n_flows")},
		{"within-total/peak-n-flows", "peak-n-flows-zero", "never sees a peak of flows", fixed("peak_n_flows", "0")},
		{"within-total/peak-n-flows", "peak-n-flows-in-flows-per-hour", "tells the peak of flows as a rate per hour", peakTimes("n_flows", 3600)},
		{"within-total/peak-n-bytes", "peak-n-bytes-in-bits", "tells the total in bits as the peak of bytes", peakTimes("n_bytes", 8)},
		{"within-total/peak-n-bytes", "peak-n-bytes-above-total", "has a peak of one byte more than the total", peakAbove("n_bytes")},
		{"within-total/peak-n-bytes", "peak-n-bytes-zero", "never sees a peak of bytes", fixed("peak_n_bytes", "0")},
		{"within-total/peak-n-packets", "peak-n-packets-zero", "never sees a peak of packets", fixed("peak_n_packets", "0")},
		{"within-total/peak-n-packets", "peak-n-packets-holds-bytes", "tells the peak of bytes as that of packets", func(row *object) {
			row.set("peak_n_packets", row.values["peak_n_bytes"])
		}},
		{"within-total/peak-n-packets", "peak-n-packets-above-total", "has a peak of one packet more than the total", peakAbove("n_packets")},
	}
}

func labelBugs() []rowBug {
	return []rowBug{
		{"source-ip", "source-ip-as-integer", "writes source_ip as an integer", func(row *object) {
			a, err := netip.ParseAddr(source(row))
			if err != nil {
				return
			}
			b := a.As16()
			row.set("source_ip", number(int64(b[12])<<24|int64(b[13])<<16|int64(b[14])<<8|int64(b[15])))
		}},
		{"source-ip", "source-ip-missing", "leaves source_ip out", without("source_ip")},
		{"source-ip", "source-ip-with-port", "writes source_ip with the exporter's port", func(row *object) {
			row.set("source_ip", "["+source(row)+"]:2055")
		}},
		{"time", "time-as-epoch-number", "writes time as epoch seconds", func(row *object) {
			if t, ok := at(row); ok {
				row.set("time", number(t.Unix()))
			}
		}},
		{"time", "time-with-other-offset", "writes time in the zone +01:00", timed(func(t time.Time) string {
			return t.In(time.FixedZone("", 3600)).Format(rowForm)
		})},
		{"time", "time-american", "writes the month of time first", timed(func(t time.Time) string { return t.Format("01/02/2006 03:04:05 PM") })},
		{"time", "time-without-day", "writes time without its day", timed(func(t time.Time) string { return t.Format("15:04:05+00:00") })},
		{"time", "time-as-epoch-text", "writes time as epoch seconds in quotes", timed(func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) })},
		{"time", "time-null", "has null for time", fixed("time", nil)},
		{"time/form", "time-with-t", "writes a T between date and time of day", timed(func(t time.Time) string { return t.Format("2006-01-02T15:04:05-07:00") })},
		{"time/form", "time-with-z", "writes Z for +00:00", timed(func(t time.Time) string { return t.Format("2006-01-02 15:04:05Z07:00") })},
		{"time/form", "time-without-zone", "leaves out +00:00", timed(func(t time.Time) string { return t.Format(time.DateTime) })},
	}
}

func without(key string) func(*object)          { return func(row *object) { row.drop(key) } }
func fixed(key string, value any) func(*object) { return func(row *object) { row.set(key, value) } }

// scaled rewrites a whole number; other values stay.
func scaled(key string, edit func(n int64) any) func(*object) {
	return func(row *object) {
		if n, ok := row.count(key); ok {
			row.set(key, edit(n))
		}
	}
}

func quoted(key string) func(*object) {
	return scaled(key, func(n int64) any { return strconv.FormatInt(n, 10) })
}

func unquoted(key string) func(*object) { return scaled(key, func(n int64) any { return number(n) }) }

func worded(key, form string) func(*object) {
	return scaled(key, func(n int64) any { return fmt.Sprintf(form, n) })
}

func whenZero(key string, edit func(row *object)) func(*object) {
	return func(row *object) {
		if n, ok := row.count(key); ok && n == 0 {
			edit(row)
		}
	}
}

func missingWhenZero(key string) func(*object) { return whenZero(key, without(key)) }
func nullWhenZero(key string) func(*object)    { return whenZero(key, fixed(key, nil)) }
func emptyWhenZero(key string) func(*object)   { return whenZero(key, fixed(key, "")) }

// plusOne makes a part larger than the whole.
func plusOne(part, whole string) func(*object) {
	return func(row *object) {
		n, _ := row.count(whole)
		row.set(part, number(n+1))
	}
}

func swapped(a, b string) func(*object) {
	return func(row *object) {
		x, y := row.values[a], row.values[b]
		row.set(a, y)
		row.set(b, x)
	}
}

func peakAbove(key string) func(*object) {
	return func(row *object) {
		n, _ := row.count(key)
		row.set("peak_"+key, strconv.FormatInt(n+1, 10))
	}
}

func peakTimes(key string, factor int64) func(*object) {
	return func(row *object) {
		n, _ := row.count(key)
		row.set("peak_"+key, strconv.FormatInt(n*factor, 10))
	}
}

// timed rewrites the time of a row.
func timed(write func(time.Time) string) func(*object) {
	return func(row *object) {
		if t, ok := at(row); ok {
			row.set("time", strings.TrimSpace(write(t)))
		}
	}
}
