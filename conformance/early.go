package conformance

import (
	"slices"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/rules"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// herald judges checks as soon as their probes have run, so that a person sees failures as they come. What it says is
// told once and decides nothing: the report is judged anew from all the exchanges.
type herald struct {
	run    *run
	told   []bool // of each check
	reader rules.Reader
}

func newHerald(r *run) *herald { return &herald{run: r, told: make([]bool, len(r.suite.checks))} }

// ripe lists the checks whose probes have all run since the last call. A check without probes waits for the report.
func (h *herald) ripe() []int {
	var out []int
	for i := range h.run.suite.checks {
		c := &h.run.suite.checks[i]
		if h.told[i] || h.run.selected[i] != "" || len(c.Probes) == 0 {
			continue
		}
		ready := true
		for _, p := range c.Probes {
			ready = ready && h.run.sent[p]
		}
		if ready {
			h.told[i] = true
			out = append(out, i)
		}
	}
	return out
}

// failures judges the ripe checks and returns those that failed unwaived. Most pass by the exchanges of their own
// probes, which are few; what fails by those is judged again by all that was sent, as the report will.
func (h *herald) failures() []verdict.Check {
	theirs := map[string]bool{}
	ripe := h.ripe()
	for _, i := range ripe {
		for _, p := range h.run.suite.checks[i].Probes {
			theirs[p] = true
		}
	}
	suspects, _ := h.judge(ripe, h.run.recorder.Select(func(x *exchange.Exchange) bool {
		return theirs[x.Probe] || strings.HasPrefix(x.Probe, "scout/")
	}))
	if len(suspects) == 0 {
		return nil
	}
	all := h.run.recorder.Exchanges()
	if h.run.refusedAll(received(all)) {
		return nil
	}
	_, failed := h.judge(suspects, all)
	rep := &verdict.Report{Target: h.run.identity(), Checks: failed}
	verdict.Apply(rep, h.run.o.Waivers, h.run.o.Now())
	return slices.DeleteFunc(rep.Checks, func(c verdict.Check) bool { return c.Waived })
}

// judge returns the checks that fail by some exchanges, by their places in the suite and as the report has them.
func (h *herald) judge(checks []int, seen []exchange.Exchange) (places []int, failed []verdict.Check) {
	if len(checks) == 0 {
		return nil, nil
	}
	e := h.reader.Prepare(seen)
	absent := h.run.absent(e)
	for _, i := range checks {
		c, _ := h.run.check(e, i, absent[h.run.suite.checks[i].Requirement.Source.Document], map[string]string{})
		if c.Verdict == verdict.Failed {
			places, failed = append(places, i), append(failed, c)
		}
	}
	return places, failed
}
