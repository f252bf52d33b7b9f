package fools

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

// flowFools count flows wrongly. Some take datagrams wrongly, and what they tell of them fits together; only the truth
// of what was sent shows them. The others tell it wrongly.
func flowFools() []Fool {
	const id = "analytics/flows/"
	fools := []Fool{
		onTheWay("flows/one-in-ten-lost", id+"complete", "loses every tenth datagram", drop(each(10))),
		onTheWay("flows/one-in-a-hundred-lost", id+"complete", "loses every hundredth datagram", drop(each(100))),
		onTheWay("flows/large-ones-lost", id+"complete", "loses datagrams of more than 1400 bytes", drop(func() func(*Datagram) bool {
			return func(d *Datagram) bool { return len(d.Payload) > 1400 }
		})),
		onTheWay("flows/one-in-ten-twice", id+"complete", "counts every tenth datagram twice", twice(10)),
		onTheWay("flows/all-sflow-twice", id+"complete", "counts sFlow datagrams twice", sflowTwice),
		onTheWay("flows/sources-in-pairs", id+"source", "looks at all but the last bit of a source's address", readdressed(func() func(netip.Addr) netip.Addr { return even })),
		onTheWay("flows/one-source-for-all", id+"source", "takes every datagram for one of its first source", readdressed(firstOnly)),
		mutant("flows/minutes-swapped", id+"minute", "swaps even and odd minutes", shifted(time.Minute, func(t time.Time) time.Time {
			return t.Add(time.Minute - 2*time.Minute*time.Duration(t.Minute()%2))
		})),
		mutant("flows/minutes-early", id+"minute", "tells minutes one minute early", shifted(time.Minute, func(t time.Time) time.Time { return t.Add(-time.Minute) })),
		mutant("flows/seconds-turned", id+"second", "tells the seconds of a minute twenty seconds late, the last ones first", shifted(time.Second, func(t time.Time) time.Time {
			return t.Truncate(time.Minute).Add(time.Duration((t.Second()+20)%60) * time.Second)
		})),
		mutant("flows/seconds-in-tens", id+"second", "keeps every tenth second and tells the others' flows nowhere", keepRows("", func(c *call, row *object) bool {
			t, ok := at(row)
			return !ok || interval(c.request()) != time.Second || t.Second()%10 == 0
		})),
		mutant("flows/all-lack-a-flow", id+"all-sources", "counts one flow less in each row where all sources are asked for", forAll(func(row *object) { less(row, "n_flows", 1) })),
		warned(mutant("flows/packets-of-flows", id+"packets", "counts the packets of flows as n_packets", editEach("", perFlow("n_packets", 5)))),
		warned(mutant("flows/packets-are-flows", id+"packets", "counts flows as n_packets", editEach("", perFlow("n_packets", 1)))),
		warned(mutant("flows/octets-of-flows", id+"bytes", "counts the octets of flows as n_bytes", editEach("", perFlow("n_bytes", 780)))),
		mutant("flows/bytes-in-kilobytes", id+"bytes/consistent", "counts n_bytes in whole kilobytes", editEach("", func(row *object) {
			if n, ok := row.count("n_bytes"); ok {
				setCount(row, "n_bytes", (n+1023)/1024*1024)
			}
		})),
		mutant("flows/link-layer-at-times", id+"bytes/consistent", "adds the headers of the link layer to n_bytes in odd minutes", editEach("", func(row *object) {
			if t, ok := at(row); ok && t.Minute()%2 == 1 {
				headers("n_bytes", "n_packets", 14)(row)
			}
		})),
		mutant("flows/bad-forgotten", id+"bad/counted", "tells of no bad packets", editEach("", both(fixed("n_bad_packets", number(0)), fixed("n_bad_bytes", number(0))))),
		mutant("flows/bad-always", id+"bad/counted", "has a bad packet in each row", editEach("", both(raised("n_bad_packets", 1), raised("n_bad_bytes", 40)))),
		onTheWay("flows/bad-dropped", id+"bad/counted", "drops what it cannot decode and counts it nowhere", drop(reading(func(_ wire.Message, err error) bool { return err != nil }))),
		mutant("flows/bad-without-bytes", id+"bad/bytes", "tells of no bad bytes", editEach("", fixed("n_bad_bytes", number(0)))),
		onTheWay("flows/bad-as-the-last", id+"bad/no-flows", "counts the flows of the datagram before again where it cannot decode one", stale),
	}
	return slices.Concat(fools, oddFlows())
}

// oddFlows count flows in other lawful ways.
func oddFlows() []Fool {
	kinds := func(of func(m wire.Message, err error) bool) func(Way) Way { return drop(reading(of)) }
	return []Fool{
		odd("flows-bytes-of-payload", "counts the payload of datagrams as bytes", editEach("", eachHeader(-28, -48))),
		odd("flows-bytes-of-ethernet", "counts Ethernet headers among bytes", editEach("", eachHeader(14, 14))),
		oddOnTheWay("flows-late-refused", "does not count datagrams whose own time is long ago", drop(outdated)),
		oddOnTheWay("flows-templates-awaited", "does not count datagrams whose template it does not know", kinds(func(m wire.Message, err error) bool {
			return err == nil && m.Unknown > 0 && m.Flows == 0
		})),
		oddOnTheWay("flows-counters-ignored", "does not count sFlow counters", kinds(func(m wire.Message, err error) bool {
			return err == nil && m.Protocol == flow.SFlow && m.Flows == 0
		})),
		oddOnTheWay("flows-old-versions-refused", "does not take NetFlow 1 and 7", kinds(func(m wire.Message, err error) bool {
			return err == nil && (m.Version == 1 || m.Version == 7)
		})),
		oddOnTheWay("flows-bad-is-unknown", "counts only datagrams of an unknown version as bad", kinds(func(_ wire.Message, err error) bool {
			return err != nil && !errors.Is(err, wire.ErrVersion)
		})),
	}
}

// sflowTwice takes sFlow datagrams twice.
func sflowTwice(next Way) Way {
	var decoder wire.Decoder
	return func(d Datagram) error {
		if m, err := decoder.Decode(d.From, d.Payload); err == nil && m.Protocol == flow.SFlow {
			if err := next(d); err != nil {
				return err
			}
		}
		return next(d)
	}
}

// shifted gives rows of one length other times.
func shifted(step time.Duration, to func(time.Time) time.Time) behaviour {
	return ofInterval(step, func(row *object) {
		if t, ok := at(row); ok {
			setTime(row, to(t))
		}
	})
}

// forAll changes the rows where all sources are asked for.
func forAll(edit func(*object)) behaviour {
	return editRows("", func(c *call, rows []any) []any {
		if s, ok := c.request().text("source_ip"); !ok || s != "" {
			return rows
		}
		eachRow(rows, edit)
		return rows
	})
}

// less takes some off a count, and off its peak where that would be above it.
func less(row *object, key string, d int64) {
	n, ok := row.count(key)
	if !ok || n < d {
		return
	}
	setCount(row, key, n-d)
	if peak, ok := row.count("peak_" + key); ok {
		setCount(row, "peak_"+key, min(peak, n-d))
	}
}

// perFlow makes a count, and its peak, so many for each flow, and bad ones no more than that.
func perFlow(key string, each int64) func(*object) {
	return func(row *object) {
		flows, ok := row.count("n_flows")
		peak, okToo := row.count("peak_n_flows")
		if !ok || !okToo {
			return
		}
		setCount(row, key, flows*each)
		setCount(row, "peak_"+key, peak*each)
		bad := "n_bad_" + key[len("n_"):]
		if n, ok := row.count(bad); ok {
			setCount(row, bad, min(n, flows*each))
		}
	}
}

// headers adds so many bytes for each packet.
func headers(bytes, packets string, each int64) func(*object) {
	return func(row *object) {
		if n, ok := row.count(packets); ok {
			addTo(row, bytes, each*n)
		}
	}
}

// eachHeader adds bytes for each packet, bad and peak ones too, of sources of either family.
func eachHeader(v4, v6 int64) func(*object) {
	return func(row *object) {
		each := v4
		if a, err := netip.ParseAddr(source(row)); err == nil && a.Is6() && !a.Is4In6() {
			each = v6
		}
		headers("n_bytes", "n_packets", each)(row)
		headers("n_bad_bytes", "n_bad_packets", each)(row)
		headers("peak_n_bytes", "peak_n_packets", each)(row)
	}
}

// raised adds to a count where there is traffic.
func raised(key string, d int64) func(*object) {
	return func(row *object) {
		if n, ok := row.count("n_packets"); ok && n > 0 {
			addTo(row, key, d)
		}
	}
}

func both(edits ...func(*object)) func(*object) {
	return func(row *object) {
		for _, e := range edits {
			e(row)
		}
	}
}
