package rules

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// campaign is what a run sent, beside what the device tells of it.
type campaign struct {
	stories []*story
	all     *Answer // of all sources; nil where it was not answered
	// shift is how far the label of a row lies behind the start of its minute: 0, or a minute where labels are ends.
	shift time.Duration
	// sampled is what each flow sample of sFlow adds to n_flows, 0 where that is not known.
	sampled uint64
}

// story is one exporter: a mission from one address over some minutes, and the answers about them.
type story struct {
	corpus.Sent // of the first minute

	minutes []*account
	rows    *Answer // nil where the device did not answer
	seconds *Answer
	header  *Answer
	foreign map[int64]bool // minutes in which other missions used the address
}

// account is what was sent within one minute.
type account struct {
	corpus.Sent

	x *exchange.Exchange
}

// counts are the totals of one or several rows.
type counts struct {
	flows, bytes, badBytes, packets, badPackets uint64
	there                                       bool // at least one row
	garbled                                     bool // a counter cannot be read, which its own rule tells
}

func (c *counts) add(r *Row) {
	c.there = true
	for i, to := range []*uint64{&c.flows, &c.bytes, &c.badBytes, &c.packets, &c.badPackets} {
		*to += r.counters[i].n
		c.garbled = c.garbled || !r.counters[i].ok
	}
}

// flowsOf reads the campaign off the evidence; it is empty where nothing was sent.
func flowsOf(e *check.Evidence) *campaign {
	c := &campaign{}
	byExporter := map[string]*story{}
	for i := range e.Exchanges {
		x := &e.Exchanges[i]
		if x.Probe != corpus.FlowLoop || !x.Noted() {
			continue
		}
		sent, err := corpus.ParseSent(x.Request.Body)
		if err != nil {
			continue
		}
		name := fmt.Sprint(sent.Mission, sent.Protocol, sent.Source)
		s := byExporter[name]
		if s == nil {
			s = &story{Sent: *sent, foreign: map[int64]bool{}}
			byExporter[name] = s
			c.stories = append(c.stories, s)
		}
		s.minutes = append(s.minutes, &account{*sent, x})
	}
	for _, s := range c.stories {
		s.rows = c.answer(e, s, corpus.StepMinutes, s.Minute.Add(-time.Minute))
		s.seconds = c.answer(e, s, corpus.StepSeconds, s.Minute)
		s.header = c.answer(e, s, corpus.StepHeader, s.Header.Add(-time.Minute))
		for _, other := range c.stories {
			for _, a := range other.minutes {
				if other != s && other.Source == s.Source {
					s.foreign[a.Minute.Unix()] = true
				}
			}
		}
	}
	c.all = step(e, corpus.FlowLoop, corpus.StepAll)
	if late, all := c.fits(time.Minute); 2*late > all {
		c.shift = time.Minute
	}
	c.sampled = c.samples()
	return c
}

// answer finds the answer to one of a story's questions by what was asked.
func (c *campaign) answer(e *check.Evidence, s *story, stepName string, start time.Time) *Answer {
	for _, a := range answersOf(e) {
		if a.X.Probe == corpus.FlowLoop && a.X.Step == stepName && a.Query.Start.Equal(start) && canonical(a.Query.Source) == s.Source.String() && !a.garbled {
			return a
		}
	}
	return nil
}

// fits counts the minutes that are told exactly, labels being so far behind, and all minutes.
func (c *campaign) fits(shift time.Duration) (exact, all int) {
	for _, s := range c.plain(0) {
		for _, a := range s.minutes {
			all++
			if got := s.at(a.Minute.Add(shift)); got.there && got.flows == a.Flows {
				exact++
			}
		}
	}
	return exact, all
}

// at are the counts of a story's row with that label.
func (s *story) at(label time.Time) counts {
	var c counts
	if s.rows == nil {
		return c
	}
	if r := s.rows.index[key{label.Unix(), s.Source.String()}]; r != nil {
		c.add(r)
	}
	return c
}

// minute are the counts of the row of an account.
func (c *campaign) minute(s *story, a *account) counts { return s.at(a.Minute.Add(c.shift)) }

// total are the counts of all of a story's minutes and of the two around them, as far as no other mission has them.
func (c *campaign) total(s *story) counts {
	var sum counts
	if s.rows == nil {
		return sum
	}
	last := s.minutes[len(s.minutes)-1].Minute
	for m := s.Minute.Add(-time.Minute); !m.After(last.Add(time.Minute)); m = m.Add(time.Minute) {
		if s.foreign[m.Unix()] {
			continue
		}
		if r := s.rows.index[key{m.Add(c.shift).Unix(), s.Source.String()}]; r != nil {
			sum.add(r)
		}
	}
	return sum
}

// sent sums a story up.
func (s *story) sent() corpus.Sent {
	sum := s.Sent
	for _, a := range s.minutes[1:] {
		sum.Flows += a.Flows
		sum.Datagrams += a.Datagrams
		sum.Payload += a.Payload
		sum.Templates += a.Templates
		sum.TemplatePayload += a.TemplatePayload
		sum.DescribedPackets += a.DescribedPackets
		sum.DescribedOctets += a.DescribedOctets
	}
	return sum
}

// of lists the stories of a protocol (0 for all) that have one of the missions, in the order of the minutes.
func (c *campaign) of(p flow.Protocol, missions ...string) []*story {
	var out []*story
	for _, s := range c.stories {
		if (p == 0 || s.Protocol == p) && slices.Contains(missions, s.Mission) && s.rows != nil {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b *story) int { return cmp.Or(a.Minute.Compare(b.Minute), a.Source.Compare(b.Source)) })
	return out
}

// plain are the missions of which every count is known: nothing in them is malformed or open.
func (c *campaign) plain(p flow.Protocol) []*story {
	return c.of(p, corpus.MissionThin, corpus.MissionFull, corpus.MissionFlows)
}

func (s *story) plain() bool {
	return s.Mission == corpus.MissionThin || s.Mission == corpus.MissionFull || s.Mission == corpus.MissionFlows
}

// measure is what is counted of a protocol for certain: flows, or the packets of sFlow where its flows are open.
func (c *campaign) measure(p flow.Protocol) string {
	if p == flow.SFlow && c.sampled == 0 {
		return "n_packets"
	}
	return "n_flows"
}

// balance is what was sent and what the device has of it, by the protocol's measure. Where packets are the measure,
// datagrams without flows may count or not: whatever lies between is fine.
func (c *campaign) balance(s *corpus.Sent, got counts) (least, most, have uint64) {
	switch {
	case s.Protocol != flow.SFlow:
		return s.Flows, s.Flows, got.flows
	case c.sampled > 0:
		return s.Flows * c.sampled, s.Flows * c.sampled, got.flows
	}
	return s.Datagrams, s.Datagrams + s.Templates, got.packets - min(got.badPackets, got.packets)
}

// samples is what each flow sample of sFlow adds to n_flows: 1, its sampling rate, or 0 where no such number explains
// the flows of a source.
func (c *campaign) samples() uint64 {
	for _, s := range c.of(flow.SFlow, corpus.MissionFlows) {
		for _, n := range []uint64{1, corpus.Sampling} {
			if s.sent().Flows*n == c.total(s).flows {
				return n
			}
		}
	}
	return 0
}

// even reports that all that a story sent is counted, and nothing more.
func (c *campaign) even(s *story) bool {
	sent, got := s.sent(), c.total(s)
	least, most, have := c.balance(&sent, got)
	return !got.garbled && have >= least && have <= most
}

// moved reports that some sources have less than they sent while others have more, and not in sum: that is no loss, but
// a wrong source. Sources whose counts are open may have been moved too.
func (c *campaign) moved() bool {
	var missing, open, surplus uint64
	for _, s := range c.stories {
		if s.rows == nil {
			continue
		}
		sent, got := s.sent(), c.total(s)
		least, most, have := c.balance(&sent, got)
		if s.plain() {
			missing += least - min(have, least)
			surplus += have - min(have, most)
		}
		open += sent.Flows - min(got.flows, sent.Flows)
	}
	return missing > 0 && surplus > 0 && surplus <= missing+open
}

// arrived reports that the device has anything at all of a protocol.
func (c *campaign) arrived(p flow.Protocol) bool {
	return slices.ContainsFunc(c.of(p, corpus.MissionThin, corpus.MissionFull, corpus.MissionFlows, corpus.MissionBad), func(s *story) bool {
		got := c.total(s)
		return got.flows+got.packets > 0
	})
}

// flowRule makes a rule of a protocol's campaign. Without flows, without answers and where nothing at all arrives there
// is nothing to judge, and the reason says what to do.
func flowRule(p flow.Protocol, nothing string, judge func(c *campaign, t *tally)) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		c := flowsOf(e)
		var to netip.AddrPort
		sent, told := false, false
		for _, s := range c.stories {
			if p == 0 || s.Protocol == p {
				sent, told, to = true, told || s.rows != nil, s.Collector
			}
		}
		switch {
		case !sent && p == 0:
			return check.Judgement{Reason: "no flows were sent: name the device's collectors with --flows PROTO=HOST:PORT"}
		case !sent:
			return check.Judgement{Reason: fmt.Sprintf("no flows were sent: name the device's collector with --flows %s=HOST:PORT", p)}
		case !told:
			return check.Judgement{Gap: true, Reason: "the device did not answer for the sources that flows were sent from"}
		case !c.arrived(p):
			return check.Judgement{Gap: true, Reason: fmt.Sprintf("nothing that was sent to %s stands in any row of its sources: "+
				"is the collector there and does it take the protocol, does the way to it lose or readdress datagrams, and is the device's clock what its Date says?", to)}
		}
		var t tally
		judge(c, &t)
		return t.judgement(nothing)
	}
}

// name describes a story for people.
func (s *story) name() string { return fmt.Sprintf("%s (%s, %s)", s.Source, s.Protocol, s.Mission) }

func clockTime(t time.Time) string { return t.UTC().Format("15:04") }
