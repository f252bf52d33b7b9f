package rules

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

const noGateway = "the device does not list the service gateway 1.5, and is not judged on it"

// sourcesAnswer is what a device answered to the account; nil where it was not asked.
func sourcesAnswer(e *check.Evidence, probe string) *exchange.Exchange {
	return first(e, probe, "sources")
}

// FlowSources judges that a device which lists the service answers with a list.
func FlowSources(probe string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		if x := sourcesAnswer(e, probe); x != nil {
			list, ok := corpus.FlowSources(x.Response.Body)
			if x.OK() && ok {
				t.pass(x, "a list of sources", fmt.Sprintf("%d sources", len(list)))
			} else {
				t.fail(x, "a list of sources, since the device lists the service", brief(x))
			}
		}
		return t.judgement(noGateway)
	}
}

// FlowSourcesFormat notes whether JSON, which was asked for, came back.
func FlowSourcesFormat(probe string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		if x := sourcesAnswer(e, probe); x != nil && x.OK() {
			t.note(x, "Content-Type: "+x.Response.Header.Get("Content-Type")+", when JSON was asked for")
		}
		return t.judgement(noGateway)
	}
}

// FlowSourceFields judges the fields of each source.
func FlowSourceFields(probe string) check.Rule {
	const want = "each source has ipaddr, name, status, versions, flow_type, flows_received_last_min and last_min"
	return func(e *check.Evidence) check.Judgement {
		var t tally
		x := sourcesAnswer(e, probe)
		if x == nil || !x.OK() {
			return t.judgement(noGateway)
		}
		list, _ := corpus.FlowSources(x.Response.Body)
		for _, s := range list {
			var wrong []string
			for _, key := range []string{"ipaddr", "name", "status", "versions", "flow_type", "flows_received_last_min", "last_min"} {
				if _, ok := s[key]; !ok {
					wrong = append(wrong, key+" is missing")
				}
			}
			if _, err := netip.ParseAddr(fmt.Sprint(s["ipaddr"])); err != nil {
				wrong = append(wrong, "ipaddr is "+show(s["ipaddr"]))
			}
			if _, ok := tallied(s["flows_received_last_min"]); !ok {
				wrong = append(wrong, "flows_received_last_min is "+show(s["flows_received_last_min"]))
			}
			if len(wrong) > 0 {
				t.fail(x, want, strings.Join(wrong, ", "))
			} else {
				t.pass(x, want, fmt.Sprint(s["ipaddr"]))
			}
		}
		return t.judgement("the device lists no source")
	}
}

// tallied reads a count, a number or its text.
func tallied(v any) (uint64, bool) {
	var text string
	switch n := v.(type) {
	case json.Number:
		text = string(n)
	case string:
		text = n
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil
}

// FlowSourcesAgree judges that the flows of a source in the last minute are those of a minute that import_stats tells of:
// of the minute last_min where it names one, or of any minute around the moment of the request.
func FlowSourcesAgree(probe string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		x := sourcesAnswer(e, probe)
		if x == nil || !x.OK() {
			return t.judgement(noGateway)
		}
		flows, seen := minutesOf(e, probe)
		if len(seen) == 0 {
			return t.judgement("import_stats tells of no minute around that moment")
		}
		list, _ := corpus.FlowSources(x.Response.Body)
		for _, s := range list {
			told, ok := tallied(s["flows_received_last_min"])
			source := canonical(fmt.Sprint(s["ipaddr"]))
			if !ok {
				continue
			}
			minutes := minutesNamed(s["last_min"], seen)
			var got []string
			agrees := false
			for _, m := range minutes {
				rows := flows[key{m, source}]
				if len(rows) == 0 {
					rows = []uint64{0} // a minute without a row is one without flows
				}
				for _, n := range rows {
					agrees = agrees || n == told
					got = append(got, strconv.FormatUint(n, 10))
				}
			}
			want := "the flows of a minute as import_stats tells them"
			if agrees {
				t.pass(x, want, fmt.Sprintf("%d from %s", told, source))
			} else {
				t.fail(x, want, fmt.Sprintf("%d from %s, where import_stats has %s", told, source, strings.Join(got, ", ")))
			}
		}
		return t.judgement("the device lists no source")
	}
}

// minutesOf are the flows of each minute and source that import_stats told before and after, and the minutes, sorted.
func minutesOf(e *check.Evidence, probe string) (flows map[key][]uint64, seen []int64) {
	flows = map[key][]uint64{}
	for _, name := range []string{"before", "after"} {
		a := step(e, probe, name)
		if a == nil || a.garbled || summed(a) {
			continue
		}
		for i := range a.Rows {
			r := &a.Rows[i]
			if c := count(r.Raw["n_flows"]); c.ok {
				flows[r.key()] = append(flows[r.key()], c.n)
			}
			if !slices.Contains(seen, r.id.at) {
				seen = append(seen, r.id.at)
			}
		}
	}
	slices.Sort(seen)
	return flows, seen
}

// minutesNamed are the labels of the minute that last_min may mean: the one that it begins, ends or lies in, and that a row
// may name by its start or its end; all of them where it names none of those that were seen.
func minutesNamed(v any, seen []int64) []int64 {
	at, ok := tallied(v)
	if !ok {
		return seen
	}
	minute := int64(min(at, 1<<40)) / 60 * 60 //nolint:gosec // bounded
	first, last := seen[0]-60, seen[len(seen)-1]+int64(time.Minute/time.Second)
	if minute < first || minute > last {
		return seen
	}
	return []int64{minute - 60, minute, minute + 60}
}
