package conformance

import (
	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/rules"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// flowChecks judge what became of flows that the run sent. Without collectors none of them runs.
func flowChecks() []row {
	loop := []string{corpus.FlowLoop}
	one := func(requirement, name string, rule check.Rule) row {
		return row{"analytics/flows/" + requirement, name, loop, rule}
	}
	rows := []row{
		one("source", "", rules.FlowsSource()),
		one("all-sources", "", rules.FlowsAll()),
		one("bytes/consistent", "", rules.FlowBytesConsistent()),
		one("byte-level", "", rules.ByteLevel()),
		one("old-versions", "", rules.OldVersions()),
		one("sflow-flows", "", rules.SFlowFlows()),
		one("sflow-counters", "", rules.SFlowCounters()),
	}
	for _, p := range flow.Protocols() {
		for _, r := range []struct {
			requirement string
			rule        check.Rule
		}{
			{"complete", rules.FlowsComplete(p)},
			{"minute", rules.FlowsMinute(p)},
			{"second", rules.FlowsSecond(p)},
			{"packets", rules.FlowsPackets(p)},
			{"bytes", rules.FlowBytes(p)},
			{"bad/counted", rules.BadCounted(p)},
			{"bad/kinds", rules.BadKinds(p)},
			{"bad/bytes", rules.BadBytes(p)},
			{"bad/no-flows", rules.BadFlows(p)},
		} {
			rows = append(rows, one(r.requirement, p.String(), r.rule))
		}
		if p != flow.SFlow { // its datagrams tell no time
			rows = append(rows, one("bucket-clock", p.String(), rules.BucketClock(p)))
		}
		if p == flow.NetFlow9 || p == flow.IPFIX {
			rows = append(rows,
				one("template-datagrams", p.String(), rules.TemplateDatagrams(p)),
				one("unknown-template", p.String(), rules.UnknownTemplate(p)))
		}
	}
	return rows
}
