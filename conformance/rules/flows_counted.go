package rules

import (
	"fmt"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// FlowsComplete judges that all flows of a protocol are counted, each once. What stands in a wrong minute or under a
// wrong source is not lost: other rules tell of it.
func FlowsComplete(p flow.Protocol) check.Rule {
	return flowRule(p, "what is missing of one source stands in the rows of another", func(c *campaign, t *tally) {
		if c.moved() {
			return
		}
		for _, s := range append(c.plain(p), c.of(p, corpus.MissionBad)...) {
			sent, got := s.sent(), c.total(s)
			if got.garbled {
				continue
			}
			least, most, have := c.balance(&sent, got)
			want := fmt.Sprintf("%s of %s is %d, as sent", c.measure(p), s.name(), least)
			x := s.minutes[0].x
			switch {
			case have < least:
				t.fail(x, want, c.lost(s, have, least))
			case have > most && s.Mission != corpus.MissionBad:
				t.fail(x, want, fmt.Sprintf("counted more than once: %d, in %d packets of %d datagrams (%s)", have, got.packets, sent.Datagrams+sent.Templates, c.shown(s)))
			default:
				t.pass(x, want, c.shown(s))
			}
		}
	})
}

// lost tells of flows that are missing, and whether their datagrams are.
func (c *campaign) lost(s *story, have, least uint64) string {
	sent, got := s.sent(), c.total(s)
	datagrams := got.packets - min(got.badPackets, got.packets)
	if all := sent.Datagrams + sent.Templates; datagrams < all {
		return fmt.Sprintf("lost: %d of %d, with %d of %d datagrams (%s); where the network may have lost them, send from nearer",
			have, least, datagrams, all, c.shown(s))
	}
	return fmt.Sprintf("lost: %d of %d, although all %d datagrams are counted (%s)", have, least, datagrams, c.shown(s))
}

// shown tells the rows of a story's minutes.
func (c *campaign) shown(s *story) string {
	var out []string
	for _, a := range s.minutes {
		got := c.minute(s, a)
		if !got.there {
			out = append(out, "no row of "+clockTime(a.Minute.Add(c.shift)))
			continue
		}
		out = append(out, fmt.Sprintf("the row of %s has n_flows %d, n_packets %d, n_bytes %d, n_bad_packets %d",
			clockTime(a.Minute.Add(c.shift)), got.flows, got.packets, got.bytes, got.badPackets))
	}
	return strings.Join(out, "; ") + " in " + id(s.rows.X)
}

// FlowsMinute judges that what was sent in a minute stands in the row of that minute.
func FlowsMinute(p flow.Protocol) check.Rule {
	return flowRule(p, "no source has all that it sent, so that nothing can be said of its minutes", func(c *campaign, t *tally) {
		for _, s := range c.plain(p) {
			if !c.even(s) {
				continue
			}
			for _, a := range s.minutes {
				least, most, have := c.balance(&a.Sent, c.minute(s, a))
				want := fmt.Sprintf("%s of %s at %s is %d, as sent", c.measure(p), s.name(), clockTime(a.Minute), least)
				if have < least || have > most {
					t.fail(a.x, want, fmt.Sprintf("%d; the rest stands in other minutes (%s)", have, c.shown(s)))
				} else {
					t.pass(a.x, want, c.shown(s))
				}
			}
		}
	})
}

// slack is how far a row by the second may lie from where it was sent: clocks are known to about a second, and labels
// may be ends.
const slack = 2 * time.Second

// FlowsSecond judges that rows by the second have what was sent around them.
func FlowsSecond(p flow.Protocol) check.Rule {
	return flowRule(p, "no source has rows by the second of a minute that is told in full", func(c *campaign, t *tally) {
		for _, s := range c.of(p, corpus.MissionFlows) {
			a := s.minutes[0]
			if s.seconds == nil || len(s.seconds.Rows) == 0 || !c.even(s) {
				continue
			}
			for _, b := range groups(a.Seconds) {
				var got counts
				for i := range s.seconds.Rows {
					if r := &s.seconds.Rows[i]; !r.Time.Before(b.from.Add(-slack)) && !r.Time.After(b.to.Add(slack)) {
						got.add(r)
					}
				}
				least, most, have := c.balance(&b.Sent, got)
				want := fmt.Sprintf("the rows of %s from %s to %s add up to the %s %d that were sent then",
					s.name(), b.from.Add(-slack).Format(time.TimeOnly), b.to.Add(slack).Format(time.TimeOnly), c.measure(p), least)
				if have < least || have > most {
					t.fail(s.seconds.X, want, fmt.Sprintf("they add up to %d", have))
				} else {
					t.pass(s.seconds.X, want, "they do")
				}
			}
		}
	})
}

// burst is what was sent within some adjoining seconds.
type burst struct {
	corpus.Sent

	from, to time.Time
}

// groups cuts the seconds of a minute where nothing was sent for a while.
func groups(rows []flowgen.TruthRow) []burst {
	var out []burst
	for _, r := range rows {
		at := time.Unix(r.Second, 0).UTC()
		if len(out) == 0 || at.Sub(out[len(out)-1].to) > 2*slack {
			out = append(out, burst{Sent: corpus.Sent{Protocol: r.Protocol}, from: at})
		}
		b := &out[len(out)-1]
		b.to = at
		b.Flows += r.Flows
		b.Datagrams += r.Packets - r.BadPackets
	}
	return out
}

// FlowsSource judges that flows stand in the rows of the address that they came from.
func FlowsSource() check.Rule {
	return flowRule(0, "no source has what it sent, and none has more", func(c *campaign, t *tally) {
		moved := c.moved()
		for _, s := range c.plain(0) {
			sent, got := s.sent(), c.total(s)
			least, most, have := c.balance(&sent, got)
			want := fmt.Sprintf("the rows of %s have what it sent: %s %d", s.name(), c.measure(s.Protocol), least)
			switch x := s.minutes[0].x; {
			case moved && have != least:
				t.fail(x, want, fmt.Sprintf("%d, while in sum nothing is missing that another source has not: %s", have, c.shown(s)))
			case !got.there && c.elsewhere(s) != "":
				c.readdressed(t, s, want)
			case have >= least && have <= most:
				t.pass(x, want, c.shown(s))
			}
		}
	})
}

// elsewhere is the address under which all rows have exactly what a story sent; "" where there is none.
func (c *campaign) elsewhere(s *story) string {
	if c.all == nil || summed(c.all) {
		return ""
	}
	for i := range c.all.Rows {
		r, found := &c.all.Rows[i], true
		for _, a := range s.minutes {
			var got counts
			if other := c.all.index[key{a.Minute.Add(c.shift).Unix(), r.id.source}]; other != nil {
				got.add(other)
			}
			found = found && got.flows == a.Flows && a.Flows > 0
		}
		if found {
			return r.id.source
		}
	}
	return ""
}

// readdressed tells of a source that the device knows by another address. On the way to a collector that is no
// loopback address somebody else may have done that.
func (c *campaign) readdressed(t *tally, s *story, want string) {
	got := "they stand under " + c.elsewhere(s)
	if s.Collector.Addr().IsLoopback() {
		t.fail(s.minutes[0].x, want, got)
	} else {
		t.note(s.minutes[0].x, got+": addresses may be translated on the way to "+s.Collector.String())
	}
}

// FlowsAll judges that the rows of all sources include those of each.
func FlowsAll() check.Rule {
	return flowRule(0, "all sources together were not answered", func(c *campaign, t *tally) {
		if c.all == nil || c.all.garbled {
			return
		}
		const want = "the rows of all sources include what each of them has alone"
		perMinute := map[int64]uint64{}
		for _, s := range c.stories {
			for _, a := range s.minutes {
				at := a.Minute.Add(c.shift)
				got := s.at(at)
				if !got.there || got.garbled || got.flows+got.packets == 0 {
					continue
				}
				perMinute[at.Unix()] += got.flows
				row := c.all.index[key{at.Unix(), s.Source.String()}]
				switch {
				case summed(c.all):
				case row == nil:
					t.fail(c.all.X, want, fmt.Sprintf("no row of %s at %s, which has n_flows %d alone (%s)", s.Source, clockTime(at), got.flows, id(s.rows.X)))
				case row.counters[0].n != got.flows:
					t.fail(c.all.X, want, fmt.Sprintf("n_flows of %s at %s is %d, and %d alone (%s)", s.Source, clockTime(at), row.counters[0].n, got.flows, id(s.rows.X)))
				default:
					t.pass(c.all.X, want, "they do")
				}
			}
		}
		if summed(c.all) {
			c.sum(t, want, perMinute)
		}
	})
}

// sum judges rows for all sources together: they are no less than what our sources have.
func (c *campaign) sum(t *tally, want string, perMinute map[int64]uint64) {
	for i := range c.all.Rows {
		r := &c.all.Rows[i]
		ours, there := perMinute[r.Time.Unix()]
		switch {
		case !there || !r.counters[0].ok:
		case r.counters[0].n < ours:
			t.fail(c.all.X, want, fmt.Sprintf("n_flows of all at %s is %d, and our sources alone have %d", clockTime(r.Time), r.counters[0].n, ours))
		default:
			t.pass(c.all.X, want, "they do")
		}
	}
}

// FlowsPackets judges that packets are export datagrams.
func FlowsPackets(p flow.Protocol) check.Rule {
	return flowRule(p, "no source has all the flows that it sent", func(c *campaign, t *tally) {
		for _, s := range c.plain(p) {
			if !c.even(s) {
				continue
			}
			sent, got := s.sent(), c.total(s)
			want := fmt.Sprintf("n_packets of %s is %d, the export datagrams", s.name(), sent.Datagrams)
			if sent.Templates > 0 {
				want += fmt.Sprintf(", or %d with those of templates", sent.Datagrams+sent.Templates)
			}
			switch got.packets {
			case sent.Datagrams, sent.Datagrams + sent.Templates:
				t.pass(s.minutes[0].x, want, c.shown(s))
			case sent.DescribedPackets:
				t.fail(s.minutes[0].x, want, fmt.Sprintf("%d, the packets that the flows tell of (%s)", got.packets, c.shown(s)))
			default:
				t.fail(s.minutes[0].x, want, fmt.Sprintf("%d (%s)", got.packets, c.shown(s)))
			}
		}
	})
}
