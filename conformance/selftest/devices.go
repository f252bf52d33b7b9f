package selftest

import (
	"context"
	"net/http"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/fools"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// device is one device to judge.
type device struct {
	name, kind, about, requirement string
	expect                         verdict.Verdict
	auth                           check.Way
	options                        func(*mockserver.Options)
	wrap                           func(http.Handler) http.Handler
	way                            func(fools.Way) fools.Way // to the device's collectors
	farEnd                         bool                      // what is wrong or odd shows at the other end of its jobs only
}

// devices lists everything that is judged: the plain appliance, one for each lawful answer to each open question, and
// the fools.
func devices() []device {
	out := []device{{name: "appliance", kind: "plain", about: "is the appliance as it is"}}
	for _, q := range dialect.Questions() {
		if q.Observed {
			continue
		}
		answers := make([]string, 0, len(q.Answers))
		for _, a := range q.Answers[1:] {
			answers = append(answers, a.Name)
		}
		if q.Pattern != "" {
			answers = append(answers, "+05:30", "-08:00")
		}
		for _, a := range answers {
			out = append(out, device{
				name: "dialect/" + string(q.Key) + "/" + a, kind: "dialect", about: "answers " + string(q.Key) + " with " + a,
				options: func(o *mockserver.Options) { o.Dialect = dialect.Dialect{q.Key: a} },
			})
		}
	}
	out = append(out, accessDevices()...)
	for _, f := range fools.All() {
		out = append(out, device{name: f.Name, kind: f.Kind.String(), about: f.About, requirement: f.Requirement, expect: f.Expect, wrap: f.Wrap, way: f.Way, farEnd: f.FarEnd})
	}
	return out
}

// judge runs the suite against one device.
func (w *world) judge(ctx context.Context, d *device, focus bool) Outcome {
	out := Outcome{Name: d.name, Kind: d.kind, About: d.about, Requirement: d.requirement, By: []string{}}
	var run []string
	if focus && d.kind == "mutant" {
		run = documentOf(d.requirement)
	}
	report, err := w.examine(ctx, d, run)
	if err != nil {
		out.State, out.Reason = Invalid, err.Error()
		return out
	}
	var by, also []verdict.Check
	for _, c := range report.Checks {
		switch {
		case c.Verdict == verdict.Broken:
			out.State, out.Reason = Invalid, c.ID+": "+c.Reason
			return out
		case c.Requirement == d.requirement && c.Verdict >= verdict.Warned && c.Verdict >= d.expect:
			by = append(by, c)
		case c.Verdict >= verdict.Warned:
			also = append(also, c)
		}
	}
	return classify(out, d, report, by, also)
}

// documentOf selects the checks of the document that a requirement belongs to. Fewer would not do: rules judge whatever
// a run has seen, and what shows a fault may have been sent for another check of the document.
func documentOf(requirement string) []string {
	if strings.HasPrefix(requirement, "analytics/") {
		return []string{"analytics/**"}
	}
	if requirement == "common/door/image" { // there is none before a backup
		return []string{"common/door/**", "backup/**"}
	}
	for _, document := range []string{"common", "gateway", "spec"} {
		if strings.HasPrefix(requirement, document+"/") {
			return []string{document + "/**"}
		}
	}
	return []string{"backup/**", "restore/**"}
}

// classify says what the failed checks mean for a device of its kind.
func classify(out Outcome, d *device, report *verdict.Report, by, also []verdict.Check) Outcome {
	switch d.kind {
	case "mutant", "canary":
		out.State = Survived
		if len(by) > 0 {
			out.State = Killed
		}
		out.By, out.Also = ids(by), ids(also)
	case "unconditional":
		out.State = Survived
		if report.Verdict != verdict.Conformant {
			out.State = Killed
		}
		out.By = ids(also)
	default:
		out.State = Spared
		for _, c := range also {
			if c.Verdict > max(d.expect, verdict.Noted) {
				out.State = Accused
				out.By = append(out.By, c.ID)
			}
		}
		if report.Verdict == verdict.BrokenRun {
			out.State = Accused
		}
		by = also
	}
	if len(by) > 0 {
		out.Reason = by[0].Reason
	} else if out.State != Spared {
		out.Reason = report.Reason
	}
	return out
}

func ids(checks []verdict.Check) []string {
	out := make([]string, 0, len(checks))
	for _, c := range checks {
		out = append(out, c.ID)
	}
	return out
}
