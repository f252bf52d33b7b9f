package conformance

import (
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/rules"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// herald judges checks as soon as their probes have run, so that a person sees failures as they come. What it says is
// told once and decides nothing: the report is judged anew from all the exchanges.
type herald struct {
	run  *run
	told []bool // of each check
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

// failures judges the ripe checks by the exchanges of their own probes, and returns those that failed unwaived.
func (h *herald) failures() []verdict.Check {
	if !h.run.welcome {
		return nil
	}
	ripe := h.ripe()
	if len(ripe) == 0 {
		return nil
	}
	theirs := map[string]bool{}
	for _, i := range ripe {
		for _, p := range h.run.suite.checks[i].Probes {
			theirs[p] = true
		}
	}
	seen := h.run.recorder.Select(func(x *exchange.Exchange) bool {
		return theirs[x.Probe] || strings.HasPrefix(x.Probe, "scout/")
	})
	return h.judge(ripe, rules.Prepare(seen), h.run.identity())
}

func (h *herald) judge(ripe []int, e *check.Evidence, target verdict.Target) []verdict.Check {
	rep := &verdict.Report{Target: target}
	absent := h.run.absent(e)
	for _, i := range ripe {
		c, _ := h.run.check(e, i, absent[h.run.suite.checks[i].Requirement.Source.Document], map[string]string{})
		if c.Verdict == verdict.Failed {
			rep.Checks = append(rep.Checks, c)
		}
	}
	verdict.Apply(rep, h.run.o.Waivers, h.run.o.Now())
	var out []verdict.Check
	for i := range rep.Checks {
		if !rep.Checks[i].Waived {
			out = append(out, rep.Checks[i])
		}
	}
	return out
}
