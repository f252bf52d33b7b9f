package rules

import (
	"fmt"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

const noMalformed = "no malformed datagrams were sent, or their source has no rows"

// malformed is how many malformed datagrams a story has.
func (s *story) malformed() (n uint64) {
	for _, m := range s.Malformed {
		n += m.Datagrams
	}
	return n
}

// bad is how many of a story's well-formed or malformed datagrams are bad packets. Those of templates are no fault: on
// some devices they are bad, and where they are, that is told once (see TemplateDatagrams).
func (c *campaign) bad(s *story) uint64 {
	n := c.total(s).badPackets
	for _, t := range c.of(s.Protocol, corpus.MissionTemplates) {
		if c.total(t).badPackets > 0 {
			return n - min(n, s.sent().Templates)
		}
	}
	return n
}

// BadCounted judges that malformed datagrams are bad packets, and that others are not.
func BadCounted(p flow.Protocol) check.Rule {
	return flowRule(p, noMalformed, func(c *campaign, t *tally) {
		if c.moved() {
			return
		}
		for _, s := range c.of(p, corpus.MissionBad) {
			got, n, bad := c.total(s), s.malformed(), c.bad(s)
			want := fmt.Sprintf("n_bad_packets of %s counts some or all of the %d malformed datagrams", s.name(), n)
			switch x := s.minutes[0].x; {
			case !got.there || got.garbled:
			case bad == 0:
				t.fail(x, want, fmt.Sprintf("none is counted (%s)", c.shown(s)))
			case bad > n:
				t.fail(x, want, fmt.Sprintf("%d are counted (%s)", bad, c.shown(s)))
			default:
				t.pass(x, want, c.shown(s))
			}
		}
		for _, s := range c.plain(p) {
			want := fmt.Sprintf("n_bad_packets of %s is 0: all of its datagrams are well formed", s.name())
			if bad := c.bad(s); bad > 0 {
				t.fail(s.minutes[0].x, want, fmt.Sprintf("%d (%s)", bad, c.shown(s)))
			}
		}
	})
}

// kindsOf tells which kinds of malformed datagrams are bad, by their number; ok is false where it fits none.
func (s *story) kindsOf(bad uint64) (kinds []corpus.Malformation, ok bool) {
	for set := range 1 << len(s.Malformed) {
		var some []corpus.Malformation
		sum := uint64(0)
		for i, m := range s.Malformed {
			if set>>i&1 == 1 {
				some = append(some, m)
				sum += m.Datagrams
			}
		}
		if sum == bad {
			return some, true
		}
	}
	return nil, false
}

// BadKinds tells which malformed datagrams are bad packets.
func BadKinds(p flow.Protocol) check.Rule {
	return flowRule(p, noMalformed, func(c *campaign, t *tally) {
		for _, s := range c.of(p, corpus.MissionBad) {
			kinds, ok := s.kindsOf(c.bad(s))
			if !ok || len(kinds) == 0 {
				continue
			}
			if len(kinds) == len(s.Malformed) {
				t.answer(s.minutes[0].x, dialect.BadDatagrams, "all")
				continue
			}
			var names []string
			for _, name := range []string{corpus.BadVersion, corpus.BadStump, corpus.BadCut} {
				for _, k := range kinds {
					if k.Kind == name {
						names = append(names, name)
					}
				}
			}
			t.answer(s.minutes[0].x, dialect.BadDatagrams, strings.Join(names, "+"))
		}
	})
}

// BadBytes judges that bad packets have bad bytes; whether they are those of the datagrams is told.
func BadBytes(p flow.Protocol) check.Rule {
	return flowRule(p, noMalformed, func(c *campaign, t *tally) {
		for _, s := range c.of(p, corpus.MissionBad) {
			got := c.total(s)
			want := fmt.Sprintf("n_bad_bytes of %s counts the bytes of its %d bad packets", s.name(), got.badPackets)
			kinds, ok := s.kindsOf(c.bad(s))
			switch x := s.minutes[0].x; {
			case got.badPackets == 0 || got.garbled:
			case got.badBytes == 0:
				t.fail(x, want, "0 ("+c.shown(s)+")")
			case ok && got.badPackets == c.bad(s) && !fitsAny(s, kinds, got.badBytes):
				t.note(x, fmt.Sprintf("n_bad_bytes is %d, which are not the bytes of those datagrams with any headers", got.badBytes))
			default:
				t.pass(x, want, "as promised")
			}
		}
	})
}

// fitsAny reports that some way of counting explains the bytes of bad datagrams.
func fitsAny(s *story, kinds []corpus.Malformation, bytes uint64) bool {
	sent := corpus.Sent{Source: s.Source}
	for _, k := range kinds {
		sent.Datagrams += k.Datagrams
		sent.Payload += k.Payload
	}
	for _, r := range readings() {
		if r.name != "octets" && r.bytes(&sent) == bytes {
			return true
		}
	}
	return false
}

// BadFlows judges that malformed datagrams add no flows. Where well-formed ones count more than once, that is another
// fault.
func BadFlows(p flow.Protocol) check.Rule {
	return flowRule(p, noMalformed, func(c *campaign, t *tally) {
		for _, s := range c.plain(p) {
			if !c.even(s) {
				return
			}
		}
		for _, s := range c.of(p, corpus.MissionBad) {
			got := c.total(s)
			if !got.there || got.garbled || p == flow.SFlow && got.flows == 0 {
				continue
			}
			want := fmt.Sprintf("n_flows of %s is %d, the flows in its well-formed datagrams", s.name(), s.Flows)
			if got.flows > s.Flows && (p != flow.SFlow || c.sampled == 1) {
				t.fail(s.minutes[0].x, want, fmt.Sprintf("%d (%s)", got.flows, c.shown(s)))
			} else {
				t.pass(s.minutes[0].x, want, c.shown(s))
			}
		}
	})
}

// sflow names what a flow of sFlow is; "" where it cannot be told.
func (c *campaign) sflow() string {
	switch c.sampled {
	case 1:
		return "samples"
	case corpus.Sampling:
		return "scaled"
	}
	for _, s := range c.of(flow.SFlow, corpus.MissionFlows) {
		switch sent := s.sent(); c.total(s).flows {
		case sent.Datagrams:
			return "datagrams"
		case 0:
			return "none"
		}
	}
	return ""
}

// SFlowFlows tells what a flow of sFlow is.
func SFlowFlows() check.Rule {
	return flowRule(flow.SFlow, "not all sFlow datagrams are counted", func(c *campaign, t *tally) {
		for _, s := range c.of(flow.SFlow, corpus.MissionFlows) {
			if word := c.sflow(); word != "" {
				t.answer(s.minutes[0].x, dialect.SFlowFlows, word)
			} else if c.even(s) {
				t.note(s.minutes[0].x, fmt.Sprintf("%d flow samples make n_flows %d", s.sent().Flows, c.total(s).flows))
			}
		}
	})
}

// observed is a rule that tells how one mission of a protocol is counted; judge returns "" where nothing can be said.
func observed(p flow.Protocol, mission string, q dialect.Key, judge func(c *campaign, s *story, got counts) string) check.Rule {
	return flowRule(p, "the device's rows do not tell", func(c *campaign, t *tally) {
		for _, s := range c.of(p, mission) {
			got := c.total(s)
			if got.garbled {
				continue
			}
			if word := judge(c, s, got); word != "" {
				t.answer(s.minutes[0].x, q, word)
			}
		}
	})
}

// BucketClock tells into which minute datagrams go whose own time is long ago.
func BucketClock(p flow.Protocol) check.Rule {
	return observed(p, corpus.MissionLate, dialect.BucketClock, func(c *campaign, s *story, got counts) string {
		var old counts
		if s.header == nil {
			return ""
		}
		for i := range s.header.Rows {
			old.add(&s.header.Rows[i])
		}
		switch {
		case got.flows > 0 && old.flows == 0:
			return "arrival"
		case got.flows == 0 && old.flows > 0:
			return "header"
		case got.flows == 0 && c.arrived(p):
			return "none"
		}
		return ""
	})
}

// TemplateDatagrams tells whether datagrams of templates are packets.
func TemplateDatagrams(p flow.Protocol) check.Rule {
	return observed(p, corpus.MissionTemplates, dialect.TemplateDatagrams, func(_ *campaign, _ *story, got counts) string {
		switch {
		case got.badPackets > 0:
			return "bad"
		case got.packets > 0:
			return "packet"
		}
		return "ignored"
	})
}

// UnknownTemplate tells what a datagram is whose template was never sent.
func UnknownTemplate(p flow.Protocol) check.Rule {
	return observed(p, corpus.MissionOrphans, dialect.UnknownTemplate, func(_ *campaign, _ *story, got counts) string {
		switch {
		case got.badPackets > 0:
			return "bad"
		case got.flows > 0:
			return "flows"
		case got.packets > 0:
			return "packet"
		}
		return "ignored"
	})
}

// SFlowCounters tells what a counter sample is.
func SFlowCounters() check.Rule {
	return observed(flow.SFlow, corpus.MissionCounters, dialect.SFlowCounters, func(_ *campaign, _ *story, got counts) string {
		switch {
		case got.flows > 0:
			return "flows"
		case got.packets > 0:
			return "none"
		}
		return "ignored"
	})
}

// OldVersions tells which old versions of NetFlow are taken on the port of version 5.
func OldVersions() check.Rule {
	return observed(flow.NetFlow5, corpus.MissionVersions, dialect.OldVersions, func(_ *campaign, s *story, got counts) string {
		switch got.flows {
		case s.Flows:
			return "both"
		case corpus.FlowsOfV1:
			return "one"
		case s.Flows - corpus.FlowsOfV1:
			return "seven"
		case 0:
			return "none"
		}
		return ""
	})
}
